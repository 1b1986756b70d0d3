/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/complete.h"

#include "base/log.h"
#include "base/parse.h"
#include "base/time.h"
#include "ctl/connection.h"
#include "ctl/log-format.h"
#include "ctl/log-lines.h"
#include "ctl/options.h"
#include "ctl/usage.h"
#include "plan/build.h"
#include "spec/spec.h"
#include "unit/unit.h"

#include <signal.h>

/* Somebody waits at a prompt. */
#define ANSWER_USEC (2 * USEC_PER_SEC)

typedef struct Completion {
        Ctl *ctl;
        const char *word;      /* that is being written */
        size_t skip;           /* so much of it stands before what is completed: "--json=" */
        const Option *pending; /* the next word is its value */
        bool arguments_alone;  /* behind "--", or in the command line of another */
        char **arguments;      /* of the verb, so far */
        Str *out;
} Completion;

typedef enum UnitsWanted {
        WANTED_ANY,
        WANTED_ACTIVE,
        WANTED_INACTIVE,
        WANTED_FAILED,
        WANTED_FROZEN,
        WANTED_THAWED,
} UnitsWanted;

typedef struct Source Source;

/* Where the words for a place of the command line come from. */
struct Source {
        int (*suggest)(Completion *completion, const Source *source);
        const char *(*name)(int i);
        const char *order;
        unsigned flags; /* of directives */
        UnitsWanted wanted;
};

static int add(Completion *completion, const char *value, const char *end, const char *meaning) {
        Str *out = completion->out;
        int r;

        if (!startswith(value, completion->word + completion->skip)) {
                return 0;
        }
        r = str_append_n(out, completion->word, completion->skip);
        r = r < 0 ? r : str_append(out, value);
        r = r < 0 ? r : str_append(out, end);
        if (r == 0 && meaning && *meaning) {
                r = str_append_char(out, '\t');
                r = r < 0 ? r : str_append_escaped(out, meaning, strlen(meaning));
        }
        return r < 0 ? r : str_append_char(out, '\n');
}

/* -- words of tables -- */

static const char *whom_name(int i) {
        return i == 0 ? "all" : i == 1 ? "main" : NULL;
}

static int suggest_names(Completion *completion, const Source *source) {
        int r = 0;

        for (int i = 0; r == 0 && source->name(i); i++) {
                r = add(completion, source->name(i), "", NULL);
        }
        return r;
}

static const char *order_name(int i) {
        return usage_order_name((UsageOrder) i);
}

static const char *backend_word(int i) {
        return i < _BACKEND_MAX ? backend_name((Backend) i) : NULL;
}

static int suggest_signals(Completion *completion, const Source *source) {
        int r = 0;

        for (int i = 1; r == 0 && i < SIGRTMIN; i++) {
                const char *name = signal_name(i);

                r = name ? add(completion, name, "", sigdescr_np(i)) : 0;
        }
        return r;
}

static int suggest_verbs(Completion *completion, const Source *source) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < n_verbs; i++) {
                r = add(completion, verb_table[i].name, "", verb_table[i].summary);
        }
        return r;
}

static int suggest_options(Completion *completion, const Option *options) {
        bool letters = streq(completion->word, "-");
        int r = 0;

        for (const Option *option = options; r == 0 && option && option->name; option++) {
                _cleanup_free_ char *name = strf("--%s", option->name);
                char letter[] = {'-', option->letter, '\0'};

                if (!option->summary) {
                        continue;
                }
                r = name ? add(completion, name, option->argument ? "=" : "", option->summary)
                         : -ENOMEM;
                if (r == 0 && letters && option->letter) {
                        r = add(completion, letter, "", option->summary);
                }
        }
        return r;
}

/* -- directives and properties -- */

static int suggest_values(Completion *completion, const char *equals) {
        _cleanup_free_ char *name = NULL;
        const Directive *directive;
        int r = 0;

        name = strndup(completion->word + completion->skip,
                       (size_t) (equals - completion->word) - completion->skip);
        if (!name) {
                return -ENOMEM;
        }
        directive = directive_find_name(name);
        if (!directive) {
                return 0;
        }
        completion->skip = (size_t) (equals + 1 - completion->word);
        if (directive->type->kind == VALUE_BOOL) {
                r = add(completion, "yes", "", NULL);
                r = r < 0 ? r : add(completion, "no", "", NULL);
        }
        for (size_t i = 0; r == 0 && i < directive->n_names; i++) {
                r = add(completion, directive->names[i], "", NULL);
        }
        return r;
}

/* DIRECTIVE=, and behind that its values. */
static int suggest_assignments(Completion *completion, const Source *source) {
        const char *equals = strchr(completion->word + completion->skip, '=');
        int r = 0;

        if (equals) {
                return suggest_values(completion, equals);
        }
        for (size_t i = 0; r == 0 && i < _DIRECTIVE_MAX; i++) {
                const Directive *directive = &directive_table[i];

                if (!directive->record && !streq(directive->section, "Install") &&
                    (directive->flags & source->flags) == source->flags) {
                        r = add(completion, directive->name, "=", directive->summary);
                }
        }
        return r;
}

static const char *const properties[] = {
#define PROPERTY(name, ...) #name,
#include "bus/manager.def"
#include "bus/sandbox.def"
#undef PROPERTY
};

/* Several, with commas between them. */
static int suggest_properties(Completion *completion, const Source *source) {
        const char *comma = strrchr(completion->word + completion->skip, ',');
        int r = 0;

        if (comma) {
                completion->skip = (size_t) (comma + 1 - completion->word);
        }
        for (size_t i = 0; r == 0 && i < ELEMENTS(properties); i++) {
                r = add(completion, properties[i], "", NULL);
        }
        for (size_t i = 0; r == 0 && i < _DIRECTIVE_MAX; i++) {
                if (!directive_table[i].record) {
                        r = add(completion, directive_table[i].name, "",
                                directive_table[i].summary);
                }
        }
        return r;
}

/* -- units -- */

static bool is_wanted(UnitsWanted wanted, const char *active, const char *freezer) {
        bool failed = streq(active, "failed"), up = !failed && !streq(active, "inactive"),
             thawed = streq(freezer, "") || streq(freezer, "running");

        switch (wanted) {
        case WANTED_ACTIVE:
                return up;
        case WANTED_INACTIVE:
                return !up;
        case WANTED_FAILED:
                return failed;
        case WANTED_FROZEN:
                return up && !thawed;
        case WANTED_THAWED:
                return up && thawed;
        case WANTED_ANY:
                break;
        }
        return true;
}

static bool is_given(const Completion *completion, const char *name) {
        STRV_FOREACH (argument, completion->arguments) {
                const char *rest = startswith(name, *argument);

                if (rest && (*rest == '\0' || streq(rest, ".sandbox"))) {
                        return true;
                }
        }
        return false;
}

static int add_unit(Completion *completion, const char *name, const char *meaning) {
        _cleanup_free_ char *stem = NULL;

        if (is_given(completion, name)) {
                return 0;
        }
        if (!unit_name_is_template(name)) {
                return add(completion, name, "", meaning);
        }
        /* the instance is to be written behind it */
        stem = strndup(name, strlen(name) - strlen(".sandbox"));
        return stem ? add(completion, stem, "", meaning) : -ENOMEM;
}

/* Does not start sbxd, and does not wait for one that hangs. */
static int ask_units(Ctl *ctl, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int level = log_level(), r;

        if (ctl->options.host) {
                return -EOPNOTSUPP; /* a login over ssh is no thing of a key press */
        }
        log_set_level(LOG_CRIT);
        r = ctl_connect(ctl);
        log_set_level(level);
        r = r < 0 ? r
                  : sd_bus_message_new_method_call(ctl->bus, &message, SBX_BUS_NAME,
                                                   SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                                   "ListSandboxes");
        r = r < 0 ? r : sd_bus_message_set_auto_start(message, false);
        return r < 0 ? r : sd_bus_call(ctl->bus, message, ANSWER_USEC, NULL, ret);
}

/* Those that sbxd has loaded; *ret_known: their names. */
static int suggest_loaded(Completion *completion, UnitsWanted wanted, char ***ret_known) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *name, *description, *active, *freezer;
        int r;

        r = ask_units(completion->ctl, &reply);
        if (r < 0) {
                return r == -ENOMEM ? r : 0;
        }
        r = sd_bus_message_enter_container(reply, 'a', "(sssssutsas)");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', "sssssutsas")) > 0) {
                r = sd_bus_message_read(reply, "sssssuts", &name, &description, NULL, &active, NULL,
                                        NULL, NULL, &freezer);
                r = r < 0 ? r : sd_bus_message_skip(reply, "as");
                r = r < 0 ? r : sd_bus_message_exit_container(reply);
                r = r < 0 ? r : strv_append(ret_known, name);
                if (r >= 0 && is_wanted(wanted, active, freezer)) {
                        r = add_unit(completion, name, description);
                }
        }
        return r < 0 ? r : 0;
}

/* Those of the search path, but for known ones. */
static int suggest_files(Completion *completion, char *const *known) {
        _cleanup_(unit_search_done) UnitSearch search = {};
        _cleanup_(strv_freep) char **names = NULL;
        int r;

        r = unit_search_system(&search);
        r = r < 0 ? r : unit_list(&search, &names);
        STRV_FOREACH (name, names) {
                if (r < 0) {
                        break;
                }
                r = strv_contains(known, *name) ? 0 : add_unit(completion, *name, NULL);
        }
        return r;
}

static int suggest_units(Completion *completion, const Source *source) {
        _cleanup_(strv_freep) char **known = NULL;
        int r;

        r = suggest_loaded(completion, source->wanted, &known);
        if (r == 0 && (source->wanted == WANTED_ANY || source->wanted == WANTED_INACTIVE)) {
                r = suggest_files(completion, known);
        }
        return r;
}

static int suggest_unit_files(Completion *completion, const Source *source) {
        return strchr(completion->word, '/') ? str_append(completion->out, "/files\n")
                                             : suggest_files(completion, NULL);
}

/* -- the command line -- */

/* What the shell itself knows. */
static int suggest_shell(Completion *completion, const Source *source) {
        return str_append(completion->out, source->order);
}

static const Source sources[_SUGGESTION_MAX] = {
        [SUGGEST_NOTHING] = {suggest_shell, .order = ""},
        [SUGGEST_BACKENDS] = {suggest_names, .name = backend_word},
        [SUGGEST_COMMAND] = {suggest_shell, .order = "/command\n"},
        [SUGGEST_DIRECTIVES] = {suggest_assignments},
        [SUGGEST_FILES] = {suggest_shell, .order = "/files\n"},
        [SUGGEST_FORMATS] = {suggest_names, .name = log_format_name},
        [SUGGEST_HOSTS] = {suggest_shell, .order = "/hosts\n"},
        [SUGGEST_JSON] = {suggest_names, .name = json_mode_name},
        [SUGGEST_LIMITS] = {suggest_assignments, .flags = DIRECTIVE_RUNTIME},
        [SUGGEST_ORDERS] = {suggest_names, .name = order_name},
        [SUGGEST_PRIORITIES] = {suggest_names, .name = log_priority_name},
        [SUGGEST_PROPERTIES] = {suggest_properties},
        [SUGGEST_SIGNALS] = {suggest_signals},
        [SUGGEST_UNITS] = {suggest_units, .wanted = WANTED_ANY},
        [SUGGEST_UNITS_ACTIVE] = {suggest_units, .wanted = WANTED_ACTIVE},
        [SUGGEST_UNITS_FAILED] = {suggest_units, .wanted = WANTED_FAILED},
        [SUGGEST_UNITS_FROZEN] = {suggest_units, .wanted = WANTED_FROZEN},
        [SUGGEST_UNITS_INACTIVE] = {suggest_units, .wanted = WANTED_INACTIVE},
        [SUGGEST_UNITS_THAWED] = {suggest_units, .wanted = WANTED_THAWED},
        [SUGGEST_UNIT_FILES] = {suggest_unit_files},
        [SUGGEST_VERBS] = {suggest_verbs},
        [SUGGEST_WHOM] = {suggest_names, .name = whom_name},
};

/* name: without its dashes; NULL: by its letter. */
static const Option *find_option(const Verb *verb, const char *name, size_t n, char letter) {
        const Option *const tables[] = {global_options, verb ? verb->options : NULL};

        for (size_t i = 0; i < ELEMENTS(tables); i++) {
                for (const Option *option = tables[i]; option && option->name; option++) {
                        if (name ? strlen(option->name) == n && memcmp(option->name, name, n) == 0
                                 : option->letter == letter) {
                                return option;
                        }
                }
        }
        return NULL;
}

/* Which manager is to be asked is all that matters here. */
static void keep_value(Completion *completion, const Option *option, const char *value) {
        if (option->kind == OPTION_TEXT && (option->offset == offsetof(Options, address) ||
                                            option->offset == offsetof(Options, host))) {
                (void) option_set(option, &completion->ctl->options, value);
        }
}

static void scan_option(Completion *completion, const char *word) {
        const Option *option = NULL;
        const char *value = NULL;

        if (startswith(word, "--")) {
                size_t n = strcspn(word + 2, "=");

                option = find_option(completion->ctl->verb, word + 2, n, 0);
                value = word[2 + n] ? word + 2 + n + 1 : NULL;
        }
        for (const char *letter = word + 1; !startswith(word, "--") && *letter && !value;
             letter++) {
                option = find_option(completion->ctl->verb, NULL, 0, *letter);
                value = option && option->argument && letter[1] ? letter + 1 : NULL;
        }
        if (option && option->argument && value) {
                keep_value(completion, option, value);
        } else if (option && option->argument) {
                completion->pending = option;
        }
}

/* A word in front of the one that is being written. */
static int scan(Completion *completion, const char *word) {
        Ctl *ctl = completion->ctl;

        if (completion->pending) {
                keep_value(completion, completion->pending, word);
                completion->pending = NULL;
        } else if (!completion->arguments_alone && streq(word, "--")) {
                completion->arguments_alone = true;
        } else if (!completion->arguments_alone && word[0] == '-' && word[1]) {
                scan_option(completion, word);
        } else if (!ctl->verb) {
                ctl->verb = verb_find(word);
                return ctl->verb ? 0 : -ENOENT;
        } else {
                completion->arguments_alone |= ctl->verb->command_line;
                return strv_append(&completion->arguments, word);
        }
        return 0;
}

static int suggest_from(Completion *completion, Suggestion suggestion) {
        return sources[suggestion].suggest(completion, &sources[suggestion]);
}

static int suggest_argument(Completion *completion) {
        const Verb *verb = completion->ctl->verb;
        size_t n = strv_length(completion->arguments);

        if (!verb) {
                return suggest_from(completion, SUGGEST_VERBS);
        }
        if (verb->max_args >= 0 && n >= (size_t) verb->max_args) {
                return 0;
        }
        return suggest_from(completion, verb->suggestions[MIN(n, ELEMENTS(verb->suggestions) - 1)]);
}

static int suggest(Completion *completion) {
        const Verb *verb = completion->ctl->verb;
        const char *word = completion->word;
        const Option *option = completion->pending;
        size_t n = strcspn(word, "=");
        int r;

        if (!option && (completion->arguments_alone || *word != '-')) {
                return suggest_argument(completion);
        }
        if (!option && word[n] == '\0') {
                r = suggest_options(completion, global_options);
                return r < 0 ? r : suggest_options(completion, verb ? verb->options : NULL);
        }
        if (!option && n > 2) {
                option = find_option(verb, word + 2, n - 2, 0);
                completion->skip = n + 1;
        }
        return option && option->argument ? suggest_from(completion, option->suggestion) : 0;
}

int complete_format(Ctl *ctl, char *const *words, Str *out) {
        Completion completion = {.ctl = ctl, .word = "", .out = out};
        int r = 0;

        assert(ctl);
        assert(out);

        for (; r == 0 && words && *words; words++) {
                completion.word = *words;
                r = words[1] ? scan(&completion, *words) : 0;
        }
        if (r == 0) {
                r = suggest(&completion);
        }
        completion.arguments = strv_free(completion.arguments);
        return r == -ENOENT ? 0 : r; /* no such verb: nothing to suggest */
}
