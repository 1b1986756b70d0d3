/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* make-seeds DIRECTORY: inputs for fuzzers: of the wire, one for each row of the tables of control
 * messages and ops, in DIRECTORY/wire-control and DIRECTORY/wire-plan; of the bodies of methods,
 * one for each name and type, in DIRECTORY/bus-bodies. */

#include "../unit/sample-ops.h"
#include "bus-grammar.h"

#include "base/fd.h"
#include "wire/control.h"
#include "wire/plan.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static const char *directory;

static void write_seed(const char *kind, const char *name, const char *ending, const void *bytes,
                       size_t size) {
        _cleanup_free_ char *folder = strf("%s/%s", directory, kind),
                            *path = strf("%s/%s/%s%s", directory, kind, name, ending);
        _cleanup_fd_ int fd = -EBADF;

        ck_assert_ptr_nonnull(folder);
        ck_assert_ptr_nonnull(path);
        ck_assert(mkdir(folder, 0777) == 0 || errno == EEXIST);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
        ck_assert_int_eq(fd_write_all(fd, bytes, size), 0);
}

START_TEST(control_messages) {
        const ControlSchema *schema = &control_table[_i];
        ControlMessage message = {.type = (ControlType) _i, .serial = 7, .n_fds = schema->fds_min};
        uint8_t bytes[CONTROL_SIZE_MAX];
        size_t size = sizeof(bytes);

        for (size_t i = 0; schema->numbers[i]; i++) {
                message.numbers[i] = i + 1;
        }
        for (size_t i = 0; schema->strings[i]; i++) {
                (void) snprintf(message.strings[i], CONTROL_STRING_MAX, "%s", schema->strings[i]);
        }
        ck_assert_int_eq(control_encode(&message, bytes, &size), 0);
        write_seed("wire-control", schema->name, "", bytes, size);
}
END_TEST

START_TEST(plans) {
        static const char *const endings[_EXTREME_MAX] = {".least", ".greatest"};

        for (Extreme extreme = 0; extreme < _EXTREME_MAX; extreme++) {
                _cleanup_(plan_freep) Plan *plan = sample_plan((OpKind) _i, extreme);
                _cleanup_free_ void *bytes = NULL;
                size_t size;

                ck_assert_int_eq(wire_plan_encode(plan, &bytes, &size), 0);
                write_seed("wire-plan", op_kind_name((OpKind) _i), endings[extreme], bytes, size);
        }
}
END_TEST

/* Each name twice, with the same type. */
START_TEST(bodies) {
        for (size_t name = 0; name < ELEMENTS(grammar_names); name++) {
                for (size_t type = 0; type < ELEMENTS(grammar_types); type++) {
                        _cleanup_free_ char *title = strf("%d-%zu-%zu", _i, name, type);
                        uint8_t bytes[64];
                        size_t n = 0;

                        bytes[n++] = (uint8_t) _i;
                        bytes[n++] = GRAMMAR_AS_IT_SHOULD;
                        bytes[n++] = 1; /* the head: a name of one letter, … */
                        bytes[n++] = 'n';
                        bytes[n++] = 0; /* … no mode, no arguments, not at runtime */
                        bytes[n++] = GRAMMAR_AS_IT_SHOULD;
                        bytes[n++] = 2; /* entries */
                        for (size_t i = 0; i < 2; i++) {
                                bytes[n++] = (uint8_t) name;
                                if (!grammar_names[name]) {
                                        bytes[n++] = 0;
                                }
                                bytes[n++] = (uint8_t) type;
                                memcpy(bytes + n, grammar_types[type].sample,
                                       grammar_types[type].sample_size);
                                n += grammar_types[type].sample_size;
                        }
                        ck_assert_ptr_nonnull(title);
                        write_seed("bus-bodies", title, "", bytes, n);
                }
        }
}
END_TEST

/* As tests, since what makes the ops is made of the checks of one. */
int main(int argc, char **argv) {
        Suite *suite = suite_create("seeds");
        TCase *tcase = tcase_create("tables");
        SRunner *runner = srunner_create(suite);
        int failed;

        if (argc != 2) {
                fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
                return EXIT_FAILURE;
        }
        directory = argv[1];
        tcase_add_loop_test(tcase, control_messages, 0, _CONTROL_MAX);
        tcase_add_loop_test(tcase, plans, 0, _OP_MAX);
        tcase_add_loop_test(tcase, bodies, 0, _GRAMMAR_BODY_MAX);
        suite_add_tcase(suite, tcase);
        srunner_set_fork_status(runner, CK_NOFORK);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
