/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is served on the bus, compared with tests/golden/bus/: a change of the interface is a change
 * of these files. The directives are left out, their table is checked elsewhere
 * (unit/bus/check-properties.c). SBX_UPDATE_GOLDEN=1 writes the files anew. */

#include "base/fd.h"
#include "manager/objects.h"
#include "sbx/bus.h"
#include "spec/spec.h"

#include <check.h>
#include <fcntl.h>
#include <unistd.h>

static const struct Case {
        const char *path, *file;
} cases[] = {
        {SBX_OBJECT_PATH, "manager.xml"},
        {SBX_SANDBOX_PREFIX, "sandbox.xml"},
        {SBX_JOB_PREFIX, "job.xml"},
        {"/org/freedesktop/LogControl1", "log-control.xml"},
};

static bool line_is_directive(const char *line) {
        static const char head[] = "<property name=\"";
        const char *name = strstr(line, head);
        char *copy;
        bool is;

        if (!name) {
                return false;
        }
        copy = strndup(name + strlen(head), strcspn(name + strlen(head), "\""));
        ck_assert_ptr_nonnull(copy);
        is = directive_find_name(copy) != NULL;
        free(copy);
        return is;
}

/* The annotation below a property belongs to it. */
static char *without_directives(const char *document) {
        Str text = STR_INIT;
        bool inside = false;

        while (*document != '\0') {
                size_t n = strcspn(document, "\n");
                char *line = strndup(document, n);

                ck_assert_ptr_nonnull(line);
                if (!inside && line_is_directive(line)) {
                        inside = !strstr(line, "/>");
                } else if (inside) {
                        inside = !strstr(line, "</property>");
                } else {
                        ck_assert_int_eq(str_appendf(&text, "%s\n", line), 0);
                }
                free(line);
                document += n + (document[n] == '\n' ? 1 : 0);
        }
        return text.text;
}

START_TEST(interface_is_the_golden_one) {
        const char *root = getenv("SBX_SOURCE_ROOT");
        _cleanup_free_ char *text = NULL, *path = NULL, *golden = NULL;
        _cleanup_(str_done) Str document = STR_INIT;
        size_t size;

        path = strf("%s/tests/golden/bus/%s", root ? root : ".", cases[_i].file);
        ck_assert_ptr_nonnull(path);
        ck_assert_int_eq(objects_introspect(cases[_i].path, &document), 0);
        text = without_directives(str_text(&document));
        ck_assert_ptr_nonnull(text);
        if (getenv("SBX_UPDATE_GOLDEN")) {
                int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

                ck_assert_int_ge(fd, 0);
                ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
                fd_close(fd);
                return;
        }
        ck_assert_int_eq(file_read_at(AT_FDCWD, path, 1 << 20, &golden, &size), 0);
        ck_assert_msg(streq(text, golden),
                      "%s is not what is served; if that is meant, run this with "
                      "SBX_UPDATE_GOLDEN=1.\n%s",
                      path, text);
}
END_TEST

/* All that is served has its file above. */
START_TEST(nothing_is_served_besides) {
        for (size_t i = 0; i < n_bus_objects; i++) {
                bool known = false;

                for (size_t j = 0; j < ELEMENTS(cases) && !known; j++) {
                        known = streq(cases[j].path, bus_objects[i].path);
                }
                ck_assert_msg(known, "%s has no golden file", bus_objects[i].path);
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("introspection");
        TCase *tcase = tcase_create("introspection");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, interface_is_the_golden_one, 0, ELEMENTS(cases));
        tcase_add_test(tcase, nothing_is_served_besides);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
