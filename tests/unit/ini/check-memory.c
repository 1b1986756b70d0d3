/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Memory runs out at each single allocation in turn, in this room and in iniparser (linked
 * statically, so that its calls are caught too): P17. A unit is then refused, never shorter.
 *
 * Not failed: the three arrays of 128 that iniparser's dictionary_new() makes. 4.1 writes to them
 * unchecked, and the process dies, which refuses the unit as well. */

#include "ini/ini.h"

#include <check.h>

#define DICTIONARY_MIN_SIZE 128u

/* Counts down to the allocation that fails; negative: none does. */
static long left = -1;
static bool hit;

static bool fails(void) {
        if (left < 0) {
                return false;
        }
        if (left-- > 0) {
                return false;
        }
        hit = true;
        return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *pointer, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);

void *__wrap_malloc(size_t size) {
        return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size) {
        return n != DICTIONARY_MIN_SIZE && fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *pointer, size_t size) {
        return fails() ? NULL : __real_realloc(pointer, size);
}

char *__wrap_strdup(const char *text) {
        return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t n) {
        return fails() ? NULL : __real_strndup(text, n);
}

static const char small[] = "[Sandbox]\nNoNewPrivileges=yes\nA=b\\\n c\n[Port http]\nListen=1\n";

/* Enough entries for the dictionary to grow, which moves all that it has. */
static int fill_large(Str *text) {
        int r = str_append(text, "[Sandbox]\n");

        for (unsigned i = 0; i < 2 * DICTIONARY_MIN_SIZE && r >= 0; i++) {
                r = str_appendf(text, "Environment=A%u=1\n", i);
        }
        return r;
}

/* Fails allocation after allocation until the parse gets through without a failure. Gives how many
 * there were. */
static size_t parse_in_need(const char *bytes, size_t size, size_t n_entries, size_t step) {
        for (size_t k = 0;; k += step) {
                _cleanup_(ini_file_freep) IniFile *file = NULL;
                _cleanup_(diag_list_done) DiagList diags = {};
                int r;

                hit = false;
                left = (long) k;
                r = ini_parse(bytes, size, "t.sandbox", &diags, &file);
                left = -1;
                if (!hit) {
                        ck_assert_int_eq(r, 0);
                        ck_assert_uint_eq(file->n, n_entries);
                        return k;
                }
                ck_assert_msg(r == -ENOMEM || r == -EUCLEAN || (r == 0 && file->n == n_entries),
                              "allocation %zu: %d, %zu entries", k, r, file ? file->n : 0);
                ck_assert(r == 0 || !file);
        }
}

START_TEST(no_allocation_that_fails_loses_an_assignment) {
        ck_assert_uint_gt(parse_in_need(small, sizeof(small) - 1, 3, 1), 30);
}
END_TEST

START_TEST(a_dictionary_that_cannot_grow_refuses_the_unit) {
        _cleanup_(str_done) Str text = STR_INIT;

        ck_assert_int_eq(fill_large(&text), 0);
        ck_assert_uint_gt(parse_in_need(text.text, text.length, 2 * DICTIONARY_MIN_SIZE, 7), 500);
}
END_TEST

/* The wrappers are in force within iniparser: a failure there, and not in this room, is seen. */
START_TEST(the_library_is_among_what_fails) {
        bool lost = false;

        for (size_t k = 0; !lost; k++) {
                _cleanup_(ini_file_freep) IniFile *file = NULL;
                _cleanup_(diag_list_done) DiagList diags = {};
                int r;

                hit = false;
                left = (long) k;
                r = ini_parse(small, sizeof(small) - 1, "t.sandbox", &diags, &file);
                left = -1;
                ck_assert(hit);
                lost = r == -EUCLEAN;
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ini/memory");
        TCase *tcase = tcase_create("memory");
        SRunner *runner;
        int failed;

        tcase_add_test(tcase, no_allocation_that_fails_loses_an_assignment);
        tcase_add_test(tcase, a_dictionary_that_cannot_grow_refuses_the_unit);
        tcase_add_test(tcase, the_library_is_among_what_fails);
        tcase_set_timeout(tcase, 60);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
