/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/spec.h"

/* The first byte chooses a directive, the rest is text, parted by 0x1f into assignments. What is
 * taken must be written back as text that is taken again and means the same. */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void assign(Spec *spec, const Directive *directive, const char *text, DiagList *diags) {
        Place place = {.file = "fuzz", .line = 1, .column = 1};

        if (spec_assign(spec, directive, directive->record ? "port" : NULL, text, &place, diags) <
            0) {
                abort();
        }
}

static char **format(const Spec *spec, const Directive *directive) {
        char **texts = NULL;
        int r = 0;

        if (!directive->record) {
                r = spec_format(spec, directive, &texts);
        } else if (spec->n_ports > 0) {
                r = spec_format_port(&spec->ports[0], directive, &texts);
        }
        if (r < 0) {
                abort();
        }
        return texts;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
        _cleanup_(spec_freep) Spec *spec = NULL, *again = NULL, *copy = NULL;
        _cleanup_(strv_freep) char **first = NULL, **second = NULL, **third = NULL;
        _cleanup_free_ char *text = NULL;
        const Directive *directive;
        DiagList diags = {}, none = {};
        char *rest;

        if (size == 0) {
                return 0;
        }
        directive = &directive_table[bytes[0] % _DIRECTIVE_MAX];
        text = strndup((const char *) bytes + 1, size - 1);
        if (!text || spec_new(&spec) < 0 || spec_new(&again) < 0) {
                abort();
        }
        rest = text;
        for (char *part; (part = strsep(&rest, "\x1f"));) {
                assign(spec, directive, part, &diags);
        }
        first = format(spec, directive);
        STRV_FOREACH (word, first) {
                assign(again, directive, *word, &none);
        }
        second = format(again, directive);
        if (none.n_errors > 0 || !strv_equal(first, second)) {
                abort();
        }
        if (spec_check(spec, &diags) < 0 || spec_copy(spec, &copy) < 0) {
                abort();
        }
        third = format(copy, directive);
        if (!strv_equal(first, third)) {
                abort();
        }
        diag_list_done(&diags);
        diag_list_done(&none);
        return 0;
}
