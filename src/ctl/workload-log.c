/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/workload-log.h"

#include "base/host.h"
#include "base/time.h"
#include "ctl/connection.h"
#include "ctl/log-format.h"
#include "ctl/property.h"
#include "ctl/text.h"
#include "unit/unit.h"

#include <inttypes.h>
#include <systemd/sd-journal.h>

/* Some times what sbxd keeps of one unit. */
#define READ_MAX ((size_t) 4 << 20)

int log_is_journal(Ctl *ctl) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *backend = NULL;
        HostFacts host = {};
        int r;

        r = host_facts_probe(&host);
        if (r < 0 || !host.journal) {
                return r < 0 ? r : 0;
        }
        r = sd_bus_get_property_string(ctl->bus, SBX_BUS_NAME, SBX_OBJECT_PATH,
                                       SBX_INTERFACE_MANAGER, "Backend", &error, &backend);
        return r < 0 ? r : streq(backend, "scope");
}

/* One answer of sbxd. Gives the bytes that it had, or -errno. */
static ssize_t read_more(Ctl *ctl, LogSource *source, const LogFilter *filter, sd_bus_error *error,
                         LogLines *lines) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const void *bytes;
        uint64_t next;
        size_t size;
        int r;

        r = ctl_call(ctl, "ReadLog", error, &reply, "st", source->unit, source->cursor);
        if (r >= 0) {
                r = sd_bus_message_read_array(reply, 'y', &bytes, &size);
        }
        if (r >= 0) {
                r = sd_bus_message_read(reply, "t", &next);
        }
        if (r >= 0) {
                source->cursor = next;
                r = log_source_feed(source, bytes, size, filter, lines);
        }
        return r < 0 ? r : (ssize_t) size;
}

int log_read(Ctl *ctl, LogSource *source, const LogFilter *filter, sd_bus_error *error,
             LogLines *lines) {
        size_t taken = 0;
        ssize_t n;

        /* bounded: a workload may write faster than this reads */
        do {
                n = read_more(ctl, source, filter, error, lines);
                taken += (size_t) MAX(n, (ssize_t) 0);
        } while (n > 0 && taken < READ_MAX);
        return (int) MIN(n, (ssize_t) 0);
}

static int file_tail(Ctl *ctl, const char *unit, size_t n, Str *out) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(log_source_done) LogSource source = {.unit = unit};
        _cleanup_(log_lines_done) LogLines lines = {};
        int r;

        r = log_read(ctl, &source, &LOG_FILTER_ALL, &error, &lines);
        log_lines_tail(&lines, n);
        for (size_t i = 0; r == 0 && i < lines.n; i++) {
                r = log_format_line(log_format_find("short"), ctl->colour, &lines.lines[i], out);
        }
        return r;
}

static int journal_field(sd_journal *journal, const char *name, const char **ret,
                         size_t *ret_size) {
        const void *bytes;
        size_t size, skip = strlen(name) + 1;
        int r;

        r = sd_journal_get_data(journal, name, &bytes, &size);
        if (r < 0) {
                *ret = "";
                *ret_size = 0;
                return r == -ENOENT ? 0 : r;
        }
        *ret = (const char *) bytes + skip;
        *ret_size = size - skip;
        return 0;
}

static int journal_line(sd_journal *journal, Str *out) {
        const char *message, *identifier, *pid;
        size_t message_size, identifier_size, pid_size;
        char time_text[32] = "";
        struct tm tm = {};
        uint64_t usec;
        time_t seconds;
        int r;

        r = sd_journal_get_realtime_usec(journal, &usec);
        if (r < 0) {
                return r;
        }
        seconds = (time_t) (usec / USEC_PER_SEC);
        if (localtime_r(&seconds, &tm)) {
                (void) strftime(time_text, sizeof(time_text), "%b %d %H:%M:%S", &tm);
        }
        r = journal_field(journal, "SYSLOG_IDENTIFIER", &identifier, &identifier_size);
        if (r == 0) {
                r = str_appendf(out, "%s ", time_text);
        }
        if (r == 0) {
                r = str_append_escaped(out, identifier, identifier_size);
        }
        /* each is valid until the next is asked for */
        r = r < 0 ? r : journal_field(journal, "_PID", &pid, &pid_size);
        if (r == 0) {
                r = str_append_char(out, '[');
        }
        r = r < 0 ? r : str_append_escaped(out, pid, pid_size);
        r = r < 0 ? r : str_append(out, "]: ");
        r = r < 0 ? r : journal_field(journal, "MESSAGE", &message, &message_size);
        r = r < 0 ? r : text_append_lines(out, message, message_size);
        return r < 0 ? r : str_append_char(out, '\n');
}

static int journal_tail(const char *scope, size_t n, Str *out) {
        _cleanup_(sd_journal_closep) sd_journal *journal = NULL;
        _cleanup_free_ char *match = strf("_SYSTEMD_UNIT=%s", scope);
        int r;

        if (!match) {
                return -ENOMEM;
        }
        r = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
        if (r >= 0) {
                r = sd_journal_add_match(journal, match, 0);
        }
        if (r >= 0) {
                r = sd_journal_seek_tail(journal);
        }
        if (r >= 0) {
                r = sd_journal_previous_skip(journal, n);
        }
        while (r > 0) {
                r = journal_line(journal, out);
                if (r == 0) {
                        r = sd_journal_next(journal);
                }
        }
        return r < 0 ? r : 0;
}

int log_tail(Ctl *ctl, const char *unit, size_t n, Str *out) {
        _cleanup_free_ char *scope = NULL;
        int r;

        if (n == 0 || ctl->options.host) {
                return 0; /* the journal of another host cannot be read from here */
        }
        r = log_is_journal(ctl);
        if (r < 0) {
                return r;
        }
        if (r == 0) {
                return file_tail(ctl, unit, n, out);
        }
        /* by its name: the scope itself is gone with the sandbox, what it said is not */
        r = unit_scope_name(unit, &scope);
        return r < 0 ? r : journal_tail(scope, n, out);
}
