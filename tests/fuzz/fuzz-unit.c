/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Any bytes as a fragment, through specifiers and values to a checked spec. A unit without
 * mistakes, printed and read again, is the same unit. */

#include "unit/unit.h"

#define LINES_MAX 3000u /* a list is printed an item a line: stay below UNIT_ENTRIES_MAX */

static void check(bool condition) {
        if (!condition) {
                abort();
        }
}

static bool is_printable_unit(const Str *text) {
        size_t lines = 0;

        for (size_t i = 0; i < text->length; i++) {
                lines += text->text[i] == '\n';
        }
        return lines < LINES_MAX && text->length < INI_LINE_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
        _cleanup_(unit_freep) Unit *unit = NULL, *again = NULL;
        _cleanup_(diag_list_done) DiagList diags = {}, none = {};
        _cleanup_(str_done) Str text = STR_INIT, same = STR_INIT;
        int r;

        r = unit_load_bytes("web-x@a.sandbox", "fuzz.sandbox", (const char *) bytes, size, &diags,
                            &unit);
        check(r == 0 || r == UNIT_E_INVALID);
        check((r == UNIT_E_INVALID) == diag_list_has_errors(&diags));
        check(unit && unit->spec);
        if (r != 0) {
                return 0;
        }
        check(unit_cat(unit, &text) == 0);
        if (!is_printable_unit(&text)) {
                return 0;
        }
        check(unit_load_bytes("web-x@a.sandbox", "again.sandbox", text.text, text.length, &none,
                              &again) == 0);
        check(unit_cat(again, &same) == 0);
        check(streq(str_text(&text), str_text(&same)));
        return 0;
}
