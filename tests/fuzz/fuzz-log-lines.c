/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The reader of sbxd's log files, which hold what workloads wrote: however the bytes arrive, the
 * same lines come out. The first two bytes of the input say where it is cut. */

#include "ctl/log-lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void read_all(const char *bytes, size_t size, size_t cut, LogLines *lines) {
        const LogFilter filter = LOG_FILTER_ALL;
        LogSource source = {.unit = "fuzz.sandbox"};

        assert(log_source_feed(&source, bytes, cut, &filter, lines) == 0);
        assert(log_source_feed(&source, bytes + cut, size - cut, &filter, lines) == 0);
        log_source_done(&source);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
        LogLines whole = {}, parts = {};
        const char *text = (const char *) bytes + 2;
        size_t cut;

        if (size < 2) {
                return 0;
        }
        size -= 2;
        cut = ((size_t) bytes[0] << 8 | bytes[1]) % (size + 1);
        read_all(text, size, size, &whole);
        read_all(text, size, cut, &parts);
        assert(whole.n == parts.n);
        for (size_t i = 0; i < whole.n; i++) {
                const LogLine *a = &whole.lines[i], *b = &parts.lines[i];

                assert(a->size == b->size && memcmp(a->text, b->text, a->size) == 0);
                assert(a->realtime_usec == b->realtime_usec && a->priority == b->priority);
                assert(a->note == b->note && a->priority <= RECORD_PRIORITY_MAX);
        }
        log_lines_sort(&whole);
        log_lines_tail(&whole, 2);
        log_lines_done(&whole);
        log_lines_done(&parts);
        return 0;
}
