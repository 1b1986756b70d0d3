/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "ctl/text.h"

/* What a workload wrote, as it is shown on a terminal: nothing that a terminal acts on may be left,
 * and the last lines are whole ones. */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
        _cleanup_(str_done) Str out = STR_INIT, again = STR_INIT;
        const char *tail;

        if (text_append_lines(&out, (const char *) bytes, size) < 0) {
                abort();
        }
        for (size_t i = 0; i < out.length; i++) {
                unsigned char c = (unsigned char) out.text[i];

                if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f) {
                        abort();
                }
        }
        if (!utf8_valid(str_text(&out), out.length)) {
                abort();
        }
        /* what is safe stays as it is */
        if (text_append_lines(&again, str_text(&out), out.length) < 0 ||
            !streq(str_text(&out), str_text(&again))) {
                abort();
        }
        tail = text_last_lines(str_text(&out), 3);
        if (tail > str_text(&out) && tail[-1] != '\n') {
                abort();
        }
        if (text_count_lines(tail) > 3) {
                abort();
        }
        return 0;
}
