/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* sbxctl as a whole: what was asked for on the command line, and the one table of verbs that drives
 * dispatch, help, the manual page and completion. */

#include "base/diag.h"

#include <systemd/sd-bus.h>

typedef enum JsonMode { JSON_OFF, JSON_SHORT, JSON_PRETTY, _JSON_MODE_MAX } JsonMode;

/* What options of the command line set. Texts are borrowed from argv, lists are owned. */
typedef struct Options {
        const char *json;
        const char *address;
        const char *host;
        bool no_pager;
        bool no_legend;
        bool quiet;
        bool no_block;
        bool wait;
        bool system;
        bool runtime;
        bool effective;
        bool help;
        bool version;
        bool manual;

        bool all;
        bool batch;
        bool value;
        bool pty;
        bool pipe;
        bool follow;
        bool full;
        const char *columns;
        const char *delay;
        const char *iterations;
        const char *order;
        const char *lines;
        const char *priority;
        const char *since;
        const char *until;
        const char *output;
        const char *signal;
        const char *whom;
        const char *backend;
        const char *name;
        const char *user;
        const char *directory;
        char **properties;
        char **environment;
} Options;
void options_done(Options *options);

typedef enum OptionKind {
        OPTION_FLAG, /* bool */
        OPTION_TEXT, /* const char * */
        OPTION_LIST, /* char **, appended */
} OptionKind;

/* What a word of the command line may be: complete.c knows where to look. */
typedef enum Suggestion {
        SUGGEST_NOTHING,
        SUGGEST_BACKENDS,
        SUGGEST_COMMAND,
        SUGGEST_DIRECTIVES,
        SUGGEST_FILES,
        SUGGEST_FORMATS,
        SUGGEST_HOSTS,
        SUGGEST_JSON,
        SUGGEST_LIMITS, /* directives that can change while a sandbox runs */
        SUGGEST_ORDERS,
        SUGGEST_PRIORITIES,
        SUGGEST_PROPERTIES,
        SUGGEST_SIGNALS,
        SUGGEST_UNITS,
        SUGGEST_UNITS_ACTIVE,
        SUGGEST_UNITS_FAILED,
        SUGGEST_UNITS_FROZEN,
        SUGGEST_UNITS_INACTIVE,
        SUGGEST_UNITS_THAWED,
        SUGGEST_UNIT_FILES, /* names of the search path, and paths */
        SUGGEST_VERBS,
        SUGGEST_WHOM,
        _SUGGESTION_MAX,
} Suggestion;

typedef struct Option {
        char letter; /* 0: none */
        const char *name;
        OptionKind kind;
        size_t offset;         /* in Options */
        const char *argument;  /* "SIGNAL", NULL for flags */
        const char *summary;   /* NULL: not shown in help */
        Suggestion suggestion; /* of its argument */
} Option;

typedef struct Verb Verb;

typedef struct Ctl {
        const Verb *verb;
        Options options;
        JsonMode json;
        bool colour; /* stdout takes colours */
        sd_bus *bus; /* NULL until ctl_connect() */
        bool private_bus;
} Ctl;

#define VERB_EXAMPLES_MAX 4

struct Verb {
        const char *name;
        const char *arguments; /* "NAME…" */
        const char *summary;   /* one line */
        const char *detail;    /* paragraphs, separated by "\n\n" */
        struct {
                const char *command;
                const char *meaning;
        } examples[VERB_EXAMPLES_MAX];
        Suggestion suggestions[2]; /* of the first argument, and of those behind it */
        const Option *options;     /* ended by a row without name; NULL: none of its own */
        int min_args, max_args;    /* max -1: any number */
        bool command_line; /* arguments end option parsing: what follows is another's command */
        bool local;        /* about this host: cannot be asked of another */
        /* Gives the exit status of the program, or -errno for a fault that nobody reported yet. */
        int (*run)(Ctl *ctl, char **args);
};

extern const Verb verb_table[];
extern const size_t n_verbs;
extern const Option global_options[];

const Verb *verb_find(const char *name);
/* The nearest verb for "did you mean", or NULL. */
const Verb *verb_suggest(const char *name);

/* The verbs' functions, one a file in verb/. */
int verb_attach(Ctl *ctl, char **args);
int verb_cat(Ctl *ctl, char **args);
int verb_daemon_reload(Ctl *ctl, char **args);
int verb_doctor(Ctl *ctl, char **args);
int verb_exec(Ctl *ctl, char **args);
int verb_explain(Ctl *ctl, char **args);
int verb_freeze(Ctl *ctl, char **args);
int verb_help(Ctl *ctl, char **args);
int verb_inspect(Ctl *ctl, char **args);
int verb_is_active(Ctl *ctl, char **args);
int verb_is_failed(Ctl *ctl, char **args);
int verb_kill(Ctl *ctl, char **args);
int verb_list(Ctl *ctl, char **args);
int verb_list_unit_files(Ctl *ctl, char **args);
int verb_logs(Ctl *ctl, char **args);
int verb_monitor(Ctl *ctl, char **args);
int verb_plan(Ctl *ctl, char **args);
int verb_ps(Ctl *ctl, char **args);
int verb_reset_failed(Ctl *ctl, char **args);
int verb_restart(Ctl *ctl, char **args);
int verb_run(Ctl *ctl, char **args);
int verb_set_property(Ctl *ctl, char **args);
int verb_shell(Ctl *ctl, char **args);
int verb_show(Ctl *ctl, char **args);
int verb_start(Ctl *ctl, char **args);
int verb_status(Ctl *ctl, char **args);
int verb_stop(Ctl *ctl, char **args);
int verb_top(Ctl *ctl, char **args);
int verb_thaw(Ctl *ctl, char **args);
int verb_verify(Ctl *ctl, char **args);
int verb_wait(Ctl *ctl, char **args);
