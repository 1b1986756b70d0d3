/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fd.h"
#include "base/host.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/timestamp.h"
#include "ctl/connection.h"
#include "ctl/job.h"
#include "ctl/log-format.h"
#include "ctl/names.h"
#include "ctl/output.h"
#include "ctl/workload-log.h"
#include "unit/unit.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MSEC = 200, FOLLOW_LINES = 10 };

/* -- from the journal -- */

/* The name of the format that was asked for, NULL for the usual one. */
static const char *format_name(const Ctl *ctl) {
        return ctl->options.output        ? ctl->options.output
               : ctl->json == JSON_PRETTY ? "json-pretty"
               : ctl->json == JSON_SHORT  ? "json"
                                          : NULL;
}

/* Becomes journalctl, which has a pager and a follow mode of its own. Comes back with an error
 * only. */
static int show_journal(const Ctl *ctl, char *const *units) {
        const struct {
                const char *name;
                const char *value;
        } passed_on[] = {
                {"lines", ctl->options.lines},       {"since", ctl->options.since},
                {"until", ctl->options.until},       {"output", format_name(ctl)},
                {"priority", ctl->options.priority},
        };
        _cleanup_(strv_freep) char **command = NULL;
        int r;

        r = strv_append(&command, "journalctl");
        if (r == 0 && ctl->options.no_pager) {
                r = strv_append(&command, "--no-pager");
        }
        if (r == 0 && ctl->options.follow) {
                r = strv_append(&command, "--follow");
        }
        for (size_t i = 0; r == 0 && i < ELEMENTS(passed_on); i++) {
                if (passed_on[i].value) {
                        r = strv_append_take(
                                &command, strf("--%s=%s", passed_on[i].name, passed_on[i].value));
                }
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

/* -- from sbxd's files -- */

typedef struct LogQuery {
        const LogFormat *format;
        LogFilter filter;
        uint64_t lines;
        LogSource *sources;
        size_t n_sources;
} LogQuery;

static void query_done(LogQuery *query) {
        for (size_t i = 0; i < query->n_sources; i++) {
                log_source_done(&query->sources[i]);
        }
        free(query->sources);
}

static int query_time(const char *option, const char *text, usec_t *ret) {
        if (!text || parse_timestamp(text, usec_now(CLOCK_REALTIME), ret) == 0) {
                return 0;
        }
        log_error("--%s= takes a time such as \"2026-11-25 19:45\", \"yesterday\", \"1h ago\" or "
                  "@SECONDS, "
                  "not '%s'.",
                  option, text);
        return SBX_EXIT_FAILURE;
}

static int query_format(const Ctl *ctl, LogQuery *query) {
        const char *name = format_name(ctl);
        _cleanup_free_ char *names = NULL;

        query->format = log_format_find(name ? name : "short");
        if (query->format) {
                return 0;
        }
        names = log_format_names();
        if (!names) {
                return -ENOMEM;
        }
        log_error("-o takes, where there is no journal, one of %s; not '%s'.", names, name);
        return SBX_EXIT_FAILURE;
}

/* 0; SBX_EXIT_FAILURE, reported; or -errno. */
static int query_parse(const Ctl *ctl, LogQuery *query) {
        const char *lines = ctl->options.lines;
        int r;

        query->lines = ctl->options.follow ? FOLLOW_LINES : SIZE_MAX;
        if (lines && !streq(lines, "all") && parse_u64(lines, &query->lines) < 0) {
                log_error("-n takes a number or \"all\", not '%s'.", lines);
                return SBX_EXIT_FAILURE;
        }
        if (lines && streq(lines, "all")) {
                query->lines = SIZE_MAX;
        }
        query->filter = LOG_FILTER_ALL;
        if (ctl->options.priority &&
            log_filter_parse_priority(ctl->options.priority, &query->filter) < 0) {
                log_error("-p takes a priority, 0 to 7 or emerg to debug, or FROM..TO; not '%s'.",
                          ctl->options.priority);
                return SBX_EXIT_FAILURE;
        }
        r = query_time("since", ctl->options.since, &query->filter.since_usec);
        if (r == 0) {
                r = query_time("until", ctl->options.until, &query->filter.until_usec);
        }
        return r != 0 ? r : query_format(ctl, query);
}

static int query_open(LogQuery *query, char *const *units) {
        size_t n = strv_length(units);

        query->sources = calloc(n, sizeof(*query->sources));
        if (!query->sources) {
                return -ENOMEM;
        }
        query->n_sources = n;
        for (size_t i = 0; i < n; i++) {
                query->sources[i].unit = units[i];
        }
        return 0;
}

/* What has come since the last time, of all units. 0; an exit status, reported; or -errno. */
static int query_read(Ctl *ctl, LogQuery *query, uint64_t lines_max, Str *out) {
        _cleanup_(log_lines_done) LogLines lines = {};
        int status = 0, r = 0;

        for (size_t i = 0; i < query->n_sources; i++) {
                sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;

                r = log_read(ctl, &query->sources[i], &query->filter, &error, &lines);
                if (r < 0) {
                        status = unit_report(ctl, "read the output of", query->sources[i].unit,
                                             &error, r);
                }
        }
        log_lines_sort(&lines);
        log_lines_tail(&lines, (size_t) lines_max);
        r = 0;
        for (size_t i = 0; r == 0 && i < lines.n; i++) {
                r = log_format_line(query->format, ctl->colour, &lines.lines[i], out);
        }
        return r < 0 ? r : status;
}

static int follow(Ctl *ctl, LogQuery *query) {
        const struct timespec pause = {.tv_nsec = POLL_MSEC * 1000000L};
        uint64_t lines = query->lines;
        int r;

        do {
                _cleanup_(str_done) Str out = STR_INIT;

                r = query_read(ctl, query, lines, &out);
                lines = UINT64_MAX;
                if (r >= 0 && out.length > 0) {
                        int written = fd_write_all(STDOUT_FILENO, out.text, out.length);

                        r = written < 0 ? written : r;
                }
                if (r == 0) {
                        (void) nanosleep(&pause, NULL);
                }
        } while (r == 0);
        return r;
}

static int show_files(Ctl *ctl, char *const *units) {
        _cleanup_(query_done) LogQuery query = {};
        _cleanup_(str_done) Str out = STR_INIT;
        int r, status;

        r = query_parse(ctl, &query);
        if (r == 0) {
                r = query_open(&query, units);
        }
        if (r != 0) {
                return r;
        }
        if (ctl->options.follow) {
                return follow(ctl, &query);
        }
        status = query_read(ctl, &query, query.lines, &out);
        if (status < 0) {
                return status;
        }
        if (status == 0 && out.length == 0) {
                log_info("-- No entries --"); /* as journalctl(1) */
        }
        r = output_print(ctl, &out);
        return r < 0 ? r : status;
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
        int r, journal;

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
        return journal > 0 ? show_journal(ctl, units) : show_files(ctl, units);
}
