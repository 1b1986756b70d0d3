/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files of environment variables: whatever stands there, what is taken is sane, and what is refused
 * has a place in the file. */

#include "unit/environment.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_variable(const char *assignment) {
        const char *equals = strchr(assignment, '=');

        assert(equals);
        assert(environment_name_is_valid(assignment, (size_t) (equals - assignment)));
        assert(utf8_valid(assignment, strlen(assignment)));
        assert(strlen(assignment) <= ENVIRONMENT_WORD_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(strv_freep) char **list = NULL;
        _cleanup_free_ char *text = malloc(size + 1);
        uint32_t lines = 1;

        if (!text) {
                return 0;
        }
        memcpy(text, bytes, size);
        text[size] = '\0';
        for (size_t i = 0; i < size; i++) {
                lines += text[i] == '\n';
        }
        assert(environment_read("fuzz", text, size, &diags, &list) == 0);
        assert(strv_length(list) <= ENVIRONMENT_VARIABLES_MAX);
        STRV_FOREACH (assignment, list) {
                check_variable(*assignment);
                STRV_FOREACH (other, assignment + 1) {
                        assert(strncmp(*assignment, *other, strcspn(*assignment, "=") + 1) != 0);
                }
        }
        for (size_t i = 0; i < diags.n; i++) {
                assert(diags.diags[i].place.line <= lines);
        }
        return 0;
}
