/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/options.h"

#include "base/lookup.h"
#include "base/str.h"

#include <getopt.h>

enum { OPTIONS_MAX = 48, FIRST_VALUE = 256 };

/* getopt_long() wants arrays; they are made from the tables, so that no option is written twice. */
typedef struct Parser {
        const Option *rows[OPTIONS_MAX];
        size_t n;
        struct option longs[OPTIONS_MAX + 1];
        char shorts[2 * OPTIONS_MAX + 3];
} Parser;

static void parser_add(Parser *parser, const Option *options) {
        for (const Option *option = options; option && option->name; option++) {
                size_t i = parser->n++;

                assert(i < OPTIONS_MAX);
                parser->rows[i] = option;
                parser->longs[i] = (struct option){
                        .name = option->name,
                        .has_arg = option->kind == OPTION_FLAG ? no_argument : required_argument,
                        .val = FIRST_VALUE + (int) i,
                };
                if (option->letter) {
                        size_t end = strlen(parser->shorts);

                        parser->shorts[end] = option->letter;
                        parser->shorts[end + 1] = option->kind == OPTION_FLAG ? '\0' : ':';
                }
        }
}

static const Option *parser_find(const Parser *parser, int value) {
        for (size_t i = 0; i < parser->n; i++) {
                if (value == FIRST_VALUE + (int) i || (value && value == parser->rows[i]->letter)) {
                        return parser->rows[i];
                }
        }
        return NULL;
}

int option_set(const Option *option, Options *options, const char *value) {
        void *field = (uint8_t *) options + option->offset;

        switch (option->kind) {
        case OPTION_FLAG:
                *(bool *) field = true;
                return 0;
        case OPTION_TEXT:
                *(const char **) field = value;
                return 0;
        case OPTION_LIST:
                return strv_append((char ***) field, value);
        }
        return -EINVAL;
}

static int refuse(const Verb *verb, const Parser *parser, int outcome, const char *word,
                  char **reterr) {
        const Option *option = parser_find(parser, optopt);

        if (outcome == ':') {
                *reterr = strf("%s%s wants %s.", option ? "--" : "", option ? option->name : word,
                               option ? option->argument : "a value");
        } else if (option) {
                *reterr = strf("--%s takes no value.", option->name);
        } else if (optopt > 0 && optopt < FIRST_VALUE) {
                *reterr = strf("Unknown option -%c. See 'sbxctl help%s%s'.%s", optopt,
                               verb ? " " : "", verb ? verb->name : "",
                               verb ? "" : " Options of a verb stand behind it.");
        } else {
                *reterr = strf("Unknown or ambiguous option %s. See 'sbxctl help%s%s'.%s", word,
                               verb ? " " : "", verb ? verb->name : "",
                               verb ? "" : " Options of a verb stand behind it.");
        }
        return *reterr ? -EINVAL : -ENOMEM;
}

int options_parse(const Verb *verb, int argc, char **argv, Options *options, int *ret_first,
                  char **reterr) {
        Parser parser = {};

        assert(argv);
        assert(options);
        assert(ret_first);
        assert(reterr);

        strncpy(parser.shorts, !verb || verb->command_line ? "+:" : ":", 3);
        parser_add(&parser, global_options);
        parser_add(&parser, verb ? verb->options : NULL);

        optind = 0; /* GNU: start anew, the scan may be the second of this process */
        opterr = 0;
        for (;;) {
                int outcome, r;

                outcome = getopt_long(argc, argv, parser.shorts, parser.longs, NULL);
                if (outcome < 0) {
                        break;
                }
                if (outcome == '?' || outcome == ':') {
                        return refuse(verb, &parser, outcome, argv[optind - 1], reterr);
                }
                r = option_set(parser_find(&parser, outcome), options, optarg);
                if (r < 0) {
                        return r;
                }
        }
        *ret_first = optind;
        return 0;
}

void options_done(Options *options) {
        options->properties = strv_free(options->properties);
        options->environment = strv_free(options->environment);
}

static const char *const json_names[_JSON_MODE_MAX] = {
        [JSON_OFF] = "off",
        [JSON_SHORT] = "short",
        [JSON_PRETTY] = "pretty",
};

const char *json_mode_name(int mode) {
        return lookup_name(json_names, ELEMENTS(json_names), mode);
}

int json_mode_parse(const char *text) {
        return text ? lookup_parse(json_names, ELEMENTS(json_names), text) : JSON_OFF;
}
