/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/value-type.h"

#include "base/path.h"

#include <limits.h>

/* COMMANDS: command lines of systemd.service(5). */

/* Reads the prefixes of the first word into flags; gives what is behind them, or NULL. */
static const char *command_prefixes(const char *word, uint64_t *flags, char **reterr,
                                    int *ret_fault) {
        static const struct {
                char prefix;
                uint64_t flag;
        } prefixes[] = {{'-', VALUE_IGNORE_FAILURE}, {'@', VALUE_ARGV0}, {':', VALUE_NO_ENV}};

        for (;; word++) {
                bool found = false;

                for (size_t i = 0; i < ELEMENTS(prefixes) && !found; i++) {
                        if (*word == prefixes[i].prefix && !(*flags & prefixes[i].flag)) {
                                *flags |= prefixes[i].flag;
                                found = true;
                        }
                }
                if (!found) {
                        break;
                }
        }
        if (*word == '+' || *word == '!' || *word == '|') {
                *ret_fault = value_fail(
                        reterr, -EINVAL, "The prefix %c is not supported: %s", *word,
                        *word == '|'
                                ? "no shell is involved; write /bin/sh -c \"…\""
                                : "a sandbox has no way around its own confinement; remove it and "
                                  "loosen what hinders, such as User= or CapabilityBoundingSet=");
                return NULL;
        }
        return word;
}

static int command_check_path(const char *name, char **ret, char **reterr) {
        if (name[0] == '\0') {
                return value_fail(reterr, -EINVAL, "The name of the program is missing");
        }
        if (strchr(name, '/')) {
                if (name[0] != '/') {
                        return value_fail(reterr, -EINVAL,
                                          QUOTED
                                          " is a relative path; write an absolute path, or a name "
                                          "without slashes, which is looked up in the root",
                                          name);
                }
                if (endswith(name, "/") || endswith(name, "/.")) {
                        return value_fail(reterr, -EINVAL, QUOTED " names a directory", name);
                }
                return value_parse_path(name, ret, reterr);
        }
        if (streq(name, ".") || streq(name, "..") || strlen(name) > NAME_MAX) {
                return value_fail(reterr, -EINVAL, QUOTED " is no name of a program", name);
        }
        for (const char *c = name; *c; c++) {
                if ((uint8_t) *c < 0x20 || *c == 0x7f) {
                        return value_fail(reterr, -EINVAL,
                                          "The name of the program holds control characters");
                }
        }
        *ret = strdup(name);
        return *ret ? 0 : -ENOMEM;
}

/* True for a separator that stands alone: `;` unquoted between blanks. It is consumed. */
static bool command_take_separator(WordReader *reader) {
        const char *at = reader->text + reader->position;

        if (at[0] != ';' || (at[1] && !char_is_blank(at[1]))) {
                return false;
        }
        reader->position++;
        return true;
}

/* A word, where a lone `\;` is a semicolon that does not separate. */
static int command_take_word(WordReader *reader, char **ret, char **reterr) {
        const char *at = reader->text + reader->position;

        if (at[0] == '\\' && at[1] == ';' && (!at[2] || char_is_blank(at[2]))) {
                reader->start = reader->position;
                reader->position += 2;
                *ret = strdup(";");
                return *ret ? 0 : -ENOMEM;
        }
        return word_reader_take(reader, "", ret, reterr);
}

/* The first word: prefixes and program. */
static int command_take_program(WordReader *reader, ValueItem *item, char **reterr) {
        _cleanup_free_ char *word = NULL;
        const char *name;
        int r;

        r = word_reader_take(reader, "", &word, reterr);
        if (r < 0) {
                return r;
        }
        name = command_prefixes(word, &item->flags, reterr, &r);
        if (!name) {
                return r;
        }
        r = command_check_path(name, &item->text, reterr);
        if (r < 0) {
                return r;
        }
        return item->flags & VALUE_ARGV0 ? 0 : strv_append(&item->words, item->text);
}

static int command_parse(WordReader *reader, ValueItem *item, char **reterr) {
        size_t n = 1;
        int r;

        r = command_take_program(reader, item, reterr);
        if (r < 0) {
                return r;
        }
        while (word_reader_next(reader) && !command_take_separator(reader)) {
                char *word;

                r = command_take_word(reader, &word, reterr);
                if (r < 0) {
                        return r;
                }
                r = strv_append_take(&item->words, word);
                if (r < 0) {
                        return r;
                }
                if (++n > VALUE_ARGV_MAX) {
                        return value_fail(reterr, -EINVAL, "The command has more than %u words",
                                          VALUE_ARGV_MAX);
                }
        }
        if (!item->words) {
                return value_fail(reterr, -EINVAL,
                                  "After the prefix @ the second word, argv[0], is missing");
        }
        return 0;
}

static int commands_parse(const Directive *directive, const char *text, const Place *place,
                          void *field, char **reterr, size_t *reterr_offset) {
        _cleanup_list_ ValueList list = {};
        WordReader reader = {.text = text};

        while (word_reader_next(&reader)) {
                ValueItem *item;
                int r;

                if (command_take_separator(&reader)) {
                        *reterr_offset = reader.position - 1;
                        return value_fail(reterr, -EINVAL, "There is no command before the ;");
                }
                item = value_list_add(&list, place);
                if (!item) {
                        return -ENOMEM;
                }
                if (item->place.line > 0) {
                        item->place.column += (uint32_t) reader.position;
                }
                r = command_parse(&reader, item, reterr);
                if (r < 0) {
                        *reterr_offset = reader.start;
                        return r;
                }
        }
        return value_list_take(field, &list, reterr);
}

static int command_append_word(Str *out, char *quoted) {
        _cleanup_free_ char *word = quoted;

        if (!word) {
                return -ENOMEM;
        }
        return str_appendf(out, "%s%s", out->length > 0 ? " " : "", word);
}

static char *command_format(const ValueItem *item) {
        _cleanup_(str_done) Str out = STR_INIT;
        _cleanup_free_ char *program = NULL;
        bool argv0 = item->flags & VALUE_ARGV0;

        program = strf("%s%s%s%s", item->flags & VALUE_IGNORE_FAILURE ? "-" : "", argv0 ? "@" : "",
                       item->flags & VALUE_NO_ENV ? ":" : "", item->text);
        if (!program || command_append_word(&out, value_quote_word(program)) < 0) {
                return NULL;
        }
        STRV_FOREACH (word, item->words + (argv0 ? 0 : 1)) {
                if (command_append_word(&out, value_quote_word(*word)) < 0) {
                        return NULL;
                }
        }
        return str_take(&out);
}

static int commands_format(const Directive *directive, const void *field, char ***ret) {
        const ValueList *list = field;
        _cleanup_(strv_freep) char **texts = NULL;

        for (size_t i = 0; i < list->n; i++) {
                int r = strv_append_take(&texts, command_format(&list->items[i]));

                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE(texts);
        return 0;
}

const ValueType value_type_COMMANDS = {
        .kind = VALUE_COMMANDS,
        .sample = "/bin/sh -c \"echo $HOME\"",
        .label = "command line",
        .signature = "as",
        .grammar = "[-@:]PROGRAM [ARGUMENT…] [; PROGRAM…]",
        .size = sizeof(ValueList),
        .list = true,
        .parse = commands_parse,
        .format = commands_format,
        .done = value_list_field_done,
        .copy = value_list_field_copy,
};
