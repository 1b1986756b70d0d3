/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/journal.h"

#include "base/log.h"
#include "base/parse.h"
#include "base/str.h"

#include <stdio.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#define FIELDS_MAX 16u

static void journal_send(int priority, const char *message, const char *const *fields) {
        _cleanup_free_ char *text = strf("MESSAGE=%s", message);
        static const char identifier[] = "SYSLOG_IDENTIFIER=" JOURNAL_IDENTIFIER;
        char level[32];
        struct iovec vectors[FIELDS_MAX];
        size_t n = 0;

        if (!text) {
                return;
        }
        (void) snprintf(level, sizeof(level), "PRIORITY=%d", priority);
        vectors[n++] = (struct iovec){text, strlen(text)};
        vectors[n++] = (struct iovec){level, strlen(level)};
        vectors[n++] = (struct iovec){(char *) identifier, strlen(identifier)};
        for (; fields && *fields && n < FIELDS_MAX; fields++) {
                vectors[n++] = (struct iovec){(char *) *fields, strlen(*fields)};
        }
        (void) sd_journal_sendv(vectors, (int) n);
}

/* systemd says in the environment which stream it connected: sd-daemon(3). */
static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        char own[64];
        struct stat st;

        if (!stream || fstat(STDERR_FILENO, &st) < 0) {
                return false;
        }
        (void) snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long) st.st_dev,
                        (unsigned long long) st.st_ino);
        return streq(own, stream);
}

static void drop(int priority, const char *message, const char *const *fields) {
}

static const char *const target_names[_LOG_TARGET_MAX] = {
        [TARGET_CONSOLE] = "console",
        [TARGET_JOURNAL] = "journal",
        [TARGET_NULL] = "null",
};
DEFINE_LOOKUP(log_target, LogTarget, target_names)

static const LogSink sinks[_LOG_TARGET_MAX] = {
        [TARGET_JOURNAL] = journal_send,
        [TARGET_NULL] = drop,
};

LogTarget journal_target_default(void) {
        return stderr_is_journal() ? TARGET_JOURNAL : TARGET_CONSOLE;
}

LogTarget journal_target(void) {
        for (int i = 0; i < _LOG_TARGET_MAX; i++) {
                if (sinks[i] == log_sink()) {
                        return (LogTarget) i;
                }
        }
        return TARGET_CONSOLE;
}

void journal_set_target(LogTarget target) {
        log_set_sink(sinks[target]);
}
