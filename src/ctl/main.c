/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fd.h"
#include "base/host.h"
#include "base/log.h"
#include "ctl/complete.h"
#include "ctl/ctl.h"
#include "ctl/help.h"
#include "ctl/options.h"
#include "ctl/output.h"
#include "ctl/report.h"
#include "ctl/text.h"

#include "sbx/exit.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

static void ctl_done(Ctl *ctl) {
        ctl->bus = sd_bus_flush_close_unref(ctl->bus);
        options_done(&ctl->options);
}

/* What is asked for by a global option alone. 1: done; 0: there is a verb to run. */
static int run_option(const Ctl *ctl) {
        _cleanup_(str_done) Str out = STR_INIT;
        int r;

        if (ctl->options.manual) {
                r = manual_format(&out);
        } else if (ctl->options.version) {
                r = str_append(&out, "sbx " SBX_VERSION "\n");
        } else if (ctl->options.help) {
                r = ctl->verb ? help_format_verb(ctl->verb, ctl->colour, &out)
                              : help_format(ctl->colour, &out);
        } else {
                return 0;
        }
        if (r == 0) {
                r = output_print(ctl, &out);
        }
        return r < 0 ? r : 1;
}

/* What run and exec end with must not be taken for the status of their command. */
static int status_of_mistake(const Ctl *ctl) {
        return ctl->verb && ctl->verb->command_line ? SBX_EXIT_RUN_FAILED : SBX_EXIT_FAILURE;
}

static int refuse_options(const Ctl *ctl, int r, const char *reason) {
        if (r == -EINVAL && reason) {
                log_error("%s", reason);
        } else {
                (void) log_fault(r, "Failed to read the command line: %m");
        }
        return status_of_mistake(ctl);
}

/* Verbs of systemctl(1) that sandboxes have elsewhere; NULL: none of them. */
static const char *elsewhere(const char *name) {
        static const char at_boot[] =
                "there is no systemd here that starts it at boot: have 'sbxctl start NAME' run by "
                "what starts sbxd";
        static const struct {
                const char *verb, *instead;
                const char *without_systemd; /* NULL: the same */
        } rows[] = {
                {"enable", "systemctl enable sbx@NAME", at_boot},
                {"disable", "systemctl disable sbx@NAME", at_boot},
                {"is-enabled", "systemctl is-enabled sbx@NAME", at_boot},
                {"list-units", "sbxctl list", NULL},
                {"mask", "ln -s /dev/null /etc/sbx/system/NAME.sandbox", NULL},
                {"unmask", "rm /etc/sbx/system/NAME.sandbox", NULL},
                {"daemon-reexec", "systemctl restart sbxd; sandboxes run on meanwhile",
                 "stop sbxd and start it again; sandboxes run on meanwhile"},
                {"version", "sbxctl --version", NULL},
                {"reload", "sbxctl kill -s HUP --kill-whom=main NAME", NULL},
                {"edit", "a drop-in in /etc/sbx/system/NAME.sandbox.d/, then sbxctl daemon-reload",
                 NULL},
        };
        HostFacts host = {};

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                if (streq(rows[i].verb, name)) {
                        return rows[i].without_systemd && host_facts_probe(&host) == 0 &&
                                               !host.systemd_booted
                                       ? rows[i].without_systemd
                                       : rows[i].instead;
                }
        }
        return NULL;
}

static int find_verb(Ctl *ctl, const char *name) {
        const char *instead;
        const Verb *near;

        ctl->verb = verb_find(name);
        if (ctl->verb) {
                return 0;
        }
        instead = elsewhere(name);
        if (instead) {
                log_error("sbxctl has no verb '%s'; instead: %s.", name, instead);
                return -EINVAL;
        }
        near = verb_suggest(name);
        log_error("Unknown verb '%s'.%s%s%s", name,
                  near ? " Did you mean '" : " See 'sbxctl help'.", near ? near->name : "",
                  near ? "'?" : "");
        return -EINVAL;
}

static int check_arguments(const Ctl *ctl, int n) {
        const Verb *verb = ctl->verb;

        if (n < verb->min_args) {
                log_error("Too few arguments: sbxctl %s%s%s", verb->name,
                          *verb->arguments ? " " : "", verb->arguments);
                return -EINVAL;
        }
        if (verb->max_args >= 0 && n > verb->max_args) {
                log_error("Too many arguments: sbxctl %s%s%s", verb->name,
                          *verb->arguments ? " " : "", verb->arguments);
                return -EINVAL;
        }
        return 0;
}

/* What reads the files of this host, or passes descriptors, which do not go over ssh. */
static int check_host(const Ctl *ctl) {
        const char *host = ctl->options.host;

        if (!host || (!ctl->verb->local && (!ctl->verb->command_line || ctl->options.no_block))) {
                return 0;
        }
        log_error("%s does not work with -H. Run it there: ssh %s sbxctl %s …", ctl->verb->name,
                  host, ctl->verb->name);
        return -EOPNOTSUPP;
}

static int run_verb(Ctl *ctl, char **args) {
        int r;

        if (check_host(ctl) < 0) {
                return status_of_mistake(ctl);
        }

        r = json_mode_parse(ctl->options.json);
        if (r < 0) {
                log_error("--json= takes pretty, short or off, not '%s'.", ctl->options.json);
                return status_of_mistake(ctl);
        }
        ctl->json = (JsonMode) r;
        if (ctl->options.quiet) {
                log_set_level(LOG_ERR);
        }
        r = ctl->verb->run(ctl, args);
        if (r == -EPIPE) {
                return SBX_EXIT_FAILURE; /* the reader of stdout has gone: nobody is there to be
                                            told */
        }
        if (r < 0) {
                (void) log_fault(r, "Failed to %s: %m", ctl->verb->name);
                return SBX_EXIT_FAILURE;
        }
        return r;
}

/* sbxctl --complete WORD…: for the shells' completion, and for nobody else. */
static int complete(Ctl *ctl, char *const *words) {
        _cleanup_(str_done) Str out = STR_INIT;
        int r;

        ctl->options.no_pager = true;
        r = complete_format(ctl, words, &out);
        r = r < 0 ? r : output_print(ctl, &out);
        return r < 0 ? SBX_EXIT_FAILURE : SBX_EXIT_OK;
}

static int run(int argc, char **argv) {
        _cleanup_(ctl_done) Ctl ctl = {.colour = colour_wanted(STDOUT_FILENO)};
        _cleanup_free_ char *reason = NULL;
        int first, skip, r;

        if (argc > 1 && streq(argv[1], "--complete")) {
                return complete(&ctl, argv + 2);
        }
        r = options_parse(NULL, argc, argv, &ctl.options, &first, &reason);
        if (r < 0) {
                return refuse_options(&ctl, r, reason);
        }
        if (first < argc) {
                if (find_verb(&ctl, argv[first]) < 0) {
                        return SBX_EXIT_FAILURE;
                }
                r = options_parse(ctl.verb, argc - first, argv + first, &ctl.options, &skip,
                                  &reason);
                if (r < 0) {
                        return refuse_options(&ctl, r, reason);
                }
                first += skip;
        }
        r = run_option(&ctl);
        if (r != 0) {
                return r < 0 ? SBX_EXIT_FAILURE : SBX_EXIT_OK;
        }
        if (!ctl.verb) {
                log_error("What shall be done? See 'sbxctl help'.");
                return SBX_EXIT_FAILURE;
        }
        if (check_arguments(&ctl, argc - first) < 0) {
                return status_of_mistake(&ctl);
        }
        return run_verb(&ctl, argv + first);
}

/* Whatever is opened first must not become the stdout of a program that was started without one. */
static int open_standard_streams(void) {
        int fd;

        do {
                fd = open("/dev/null", O_RDWR | O_CLOEXEC);
                if (fd < 0) {
                        return negative_errno();
                }
        } while (fd <= STDERR_FILENO);
        fd_close(fd);
        return 0;
}

int main(int argc, char **argv) {
        if (open_standard_streams() < 0) {
                return SBX_EXIT_FAILURE;
        }
        /* a pager or a pipe that is closed early gives EPIPE, and a terminal in raw mode is
         * restored */
        (void) signal(SIGPIPE, SIG_IGN);
        /* What is written is English; how wide a letter is on a terminal is all that is asked. */
        (void) setlocale(LC_CTYPE, "");
        log_set_sink(report_message);
        return run(argc, argv);
}
