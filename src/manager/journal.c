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
        char level[32];
        struct iovec vectors[FIELDS_MAX];
        size_t n = 0;

        if (!text) {
                return;
        }
        (void) snprintf(level, sizeof(level), "PRIORITY=%d", priority);
        vectors[n++] = (struct iovec){text, strlen(text)};
        vectors[n++] = (struct iovec){level, strlen(level)};
        vectors[n++] =
                (struct iovec){(char *) "SYSLOG_IDENTIFIER=sbxd", strlen("SYSLOG_IDENTIFIER=sbxd")};
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

void journal_sink_install(void) {
        if (stderr_is_journal()) {
                log_set_sink(journal_send);
        }
}
