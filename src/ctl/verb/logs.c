/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fd.h"
#include "base/host.h"
#include "base/log.h"
#include "base/parse.h"
#include "ctl/connection.h"
#include "ctl/job.h"
#include "ctl/names.h"
#include "ctl/output.h"
#include "ctl/text.h"
#include "ctl/workload-log.h"
#include "unit/unit.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MSEC = 200 };

/* Becomes journalctl, which has a pager and a follow mode of its own. Comes back with an error
 * only. */
static int show_journal(const Ctl *ctl, char *const *units) {
        _cleanup_(strv_freep) char **command = NULL;
        int r;

        r = strv_append(&command, "journalctl");
        if (r == 0 && ctl->options.no_pager) {
                r = strv_append(&command, "--no-pager");
        }
        if (r == 0 && ctl->options.follow) {
                r = strv_append(&command, "--follow");
        }
        if (r == 0 && ctl->options.lines) {
                r = strv_append_take(&command, strf("--lines=%s", ctl->options.lines));
        }
        if (r == 0 && ctl->json != JSON_OFF) {
                r = strv_append(&command, ctl->json == JSON_PRETTY ? "--output=json-pretty"
                                                                   : "--output=json");
        }
        STRV_FOREACH (unit, units) {
                _cleanup_free_ char *scope = NULL;

                r = r < 0 ? r : unit_scope_name(*unit, &scope);
                r = r < 0 ? r : strv_append_take(&command, strf("_SYSTEMD_UNIT=%s", scope));
        }
        if (r < 0) {
                return r;
        }
        /* ignored signals are inherited, and journalctl relies on this one */
        (void) signal(SIGPIPE, SIG_DFL);
        execvp(command[0], command);
        return log_fault(negative_errno(), "Failed to execute journalctl: %m"), SBX_EXIT_FAILURE;
}

/* Escapes up to the last whole line; the rest stays in pending until the line is complete. */
static int flush_lines(Str *pending, bool all, Str *out) {
        char *end = pending->length > 0 ? memrchr(pending->text, '\n', pending->length) : NULL;
        size_t n = all ? pending->length : end ? (size_t) (end - pending->text) + 1 : 0;
        size_t rest = pending->length - n;
        int r;

        if (n == 0) {
                return 0;
        }
        r = text_append_lines(out, pending->text, n);
        if (r < 0) {
                return r;
        }
        memmove(pending->text, pending->text + n, rest);
        str_truncate(pending, rest);
        return 0;
}

static int follow_file(Ctl *ctl, const char *unit, uint64_t offset, Str *pending) {
        for (;;) {
                sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
                const struct timespec pause = {.tv_nsec = POLL_MSEC * 1000000L};
                _cleanup_(str_done) Str out = STR_INIT;
                int r;

                r = log_read(ctl, unit, &offset, &error, pending);
                if (r < 0) {
                        return unit_report(ctl, "read the output of", unit, &error, r);
                }
                r = flush_lines(pending, /* all= */ false, &out);
                if (r == 0) {
                        r = fd_write_all(STDOUT_FILENO, str_text(&out), out.length);
                }
                if (r < 0) {
                        return r;
                }
                (void) nanosleep(&pause, NULL);
        }
}

static int show_file(Ctl *ctl, const char *unit, size_t lines, Str *out) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(str_done) Str text = STR_INIT, tail = STR_INIT;
        uint64_t offset = 0, before;
        int r;

        do {
                before = offset;
                r = log_read(ctl, unit, &offset, &error, &text);
        } while (r == 0 && offset > before);
        if (r < 0) {
                return unit_report(ctl, "read the output of", unit, &error, r);
        }
        r = str_append(&tail, text_last_lines(str_text(&text), lines));
        if (r == 0) {
                r = flush_lines(&tail, !ctl->options.follow, out);
        }
        if (r < 0 || !ctl->options.follow) {
                return r;
        }
        r = fd_write_all(STDOUT_FILENO, str_text(out), out->length);
        return r < 0 ? r : follow_file(ctl, unit, offset, &tail);
}

/* Whether the output is in the journal: sbxd says so; where it does not run, as systemd has it. 1,
 * 0, or -errno, reported. */
static int in_journal(Ctl *ctl) {
        int level = log_level(), r;
        HostFacts host = {};

        r = host_facts_probe(&host);
        if (r < 0) {
                return log_fault(r, "Failed to look at the host: %m");
        }
        if (host.systemd_booted && host.journal) {
                /* the journal can be read without sbxd: no complaint that it is not there */
                log_set_level(LOG_CRIT);
                r = ctl_connect(ctl);
                log_set_level(level);
                r = r < 0 ? r : log_is_journal(ctl);
                return r < 0 ? 1 : r;
        }
        r = ctl_connect(ctl);
        return r < 0 ? r : 0;
}

int verb_logs(Ctl *ctl, char **args) {
        _cleanup_(strv_freep) char **units = NULL;
        _cleanup_(str_done) Str out = STR_INIT;
        uint64_t lines = SIZE_MAX;
        int r, journal, status = SBX_EXIT_OK;

        if (ctl->options.lines && parse_u64(ctl->options.lines, &lines) < 0) {
                log_error("-n takes a number, not '%s'.", ctl->options.lines);
                return SBX_EXIT_FAILURE;
        }
        journal = in_journal(ctl);
        if (journal < 0) {
                return SBX_EXIT_FAILURE;
        }
        r = ctl->bus ? names_expand(ctl, args, &units) : names_mangle(args, &units);
        if (r != 0) {
                return r;
        }
        if (!units) {
                log_info("No sandbox matches.");
                return SBX_EXIT_OK;
        }
        if (journal > 0) {
                return show_journal(ctl, units);
        }
        if (ctl->options.follow && strv_length(units) != 1) {
                log_error("-f follows one sandbox at a time where there is no journal.");
                return SBX_EXIT_FAILURE;
        }
        STRV_FOREACH (unit, units) {
                r = show_file(ctl, *unit, (size_t) lines, &out);
                if (r < 0) {
                        return r;
                }
                status = r > 0 ? r : status;
        }
        r = output_print(ctl, &out);
        return r < 0 ? r : status;
}
