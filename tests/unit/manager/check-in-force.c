/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the files of a cgroup and of those above it say together. */

#include "base/str.h"
#include "manager/in-force.h"

#include <check.h>
#include <inttypes.h>

#define LEVELS 4

static const char *const paths[LEVELS] = {"/a/b/x", "/a/b", "/a", "/"};

/* Of texts from the sandbox's own to the root's. */
static void make_files(const char *const *texts, CgroupFile *ret) {
        for (size_t i = 0; i < LEVELS; i++) {
                ret[i] = (CgroupFile){.path = (char *) paths[i], .text = (char *) texts[i]};
        }
}

static const struct {
        const char *asked; /* NULL: nothing */
        const char *texts[LEVELS];
        const char *in_force; /* NULL: not known */
        const char *capped_by, *cap;
} sets[] = {
        {NULL, {"0-3\n", "0-3\n", "0-3\n", "0-3\n"}, "0-3", NULL, ""},
        {"0", {"0\n", "0-3\n", "0-3\n", "0-3\n"}, "0", NULL, ""},
        /* who takes most is the topmost of those that leave no more */
        {NULL, {"0-1\n", "0-1\n", "0-1\n", "0-3\n"}, "0-1", "/a", "0-1"},
        {"0-2", {"0-1\n", "0-1\n", "0-1,7\n", "0-7\n"}, "0-1", "/a", "0-1,7"},
        {"1-3", {"1\n", "1\n", "1-2\n", "0-7\n"}, "1", "/a/b", "1"},
        /* more than the host has */
        {"0-7", {"0-3\n", "0-3\n", "0-3\n", "0-3\n"}, "0-3", "/", "0-3"},
        /* nothing of what was asked for is left: then the kernel gives what the parent has */
        {"2-3", {"0-1\n", "0-1\n", "0-3\n", "0-3\n"}, "0-1", "/a/b", "0-1"},
        /* the controller does not reach down to it */
        {NULL, {NULL, NULL, "1\n", "0-1\n"}, "1", "/a", "1"},
        {NULL, {NULL, NULL, NULL, "0-1\n"}, "0-1", NULL, ""},
        /* somebody wrote it into its own */
        {NULL, {"0\n", "0-3\n", "0-3\n", "0-3\n"}, "0", NULL, ""},
        {NULL, {NULL, NULL, NULL, NULL}, NULL, NULL, ""},
        {NULL, {"x\n", NULL, NULL, "1\n"}, "1", NULL, ""},
};

static void assert_set(const NumberSet *set, const char *expected) {
        _cleanup_(str_done) Str text = STR_INIT;

        ck_assert_int_eq(number_set_format(set, ',', &text), 0);
        ck_assert_str_eq(str_text(&text), expected);
}

START_TEST(what_is_left_of_a_set) {
        CgroupFile files[LEVELS];
        SetInForce found;
        NumberSet asked;

        make_files(sets[_i].texts, files);
        if (sets[_i].asked) {
                ck_assert_int_eq(number_set_parse(sets[_i].asked, &asked), 0);
        }
        ck_assert_int_eq(set_in_force(files, LEVELS, sets[_i].asked ? &asked : NULL, &found),
                         !!sets[_i].in_force);
        if (sets[_i].in_force) {
                assert_set(&found.set, sets[_i].in_force);
        }
        ck_assert_pstr_eq(found.capped_by, sets[_i].capped_by);
        assert_set(&found.cap, sets[_i].cap);
}
END_TEST

START_TEST(no_file_no_set) {
        SetInForce found;

        ck_assert(!set_in_force(NULL, 0, NULL, &found));
}
END_TEST

static const struct {
        TextLimitId id;
        CgroupMode mode;
        const char *texts[LEVELS];
        const char *expected; /* "MAJOR:MINOR NUMBER [PATH CAP]" each, and ";" */
} devices[] = {
        {TEXT_LIMIT_IO_READ_BANDWIDTH,
         CGROUP_UNIFIED,
         {"8:0 rbps=50 wbps=9\n", "8:0 rbps=60\n", "", NULL},
         "8:0 50;"},
        {TEXT_LIMIT_IO_READ_BANDWIDTH,
         CGROUP_UNIFIED,
         {"8:0 rbps=50\n", "8:0 rbps=20\n", "8:0 rbps=30\n", NULL},
         "8:0 50 /a/b 20;"},
        {TEXT_LIMIT_IO_READ_BANDWIDTH,
         CGROUP_UNIFIED,
         {"8:0 rbps=50\n", "8:0 rbps=30\n", "8:0 rbps=20\n", NULL},
         "8:0 50 /a 20;"},
        /* what equals it is not tighter */
        {TEXT_LIMIT_IO_READ_BANDWIDTH,
         CGROUP_UNIFIED,
         {"8:0 rbps=50\n", "8:0 rbps=50\n", "", NULL},
         "8:0 50;"},
        /* of devices that the sandbox does not limit, and of the right key */
        {TEXT_LIMIT_IO_READ_BANDWIDTH,
         CGROUP_UNIFIED,
         {"8:0 rbps=50\n", "8:16 rbps=7 wbps=1\n8:32 rbps=max wbps=1\n", "8:16 rbps=8\n", NULL},
         "8:0 50;8:16 18446744073709551615 /a/b 7;"},
        {TEXT_LIMIT_IO_WRITE_BANDWIDTH,
         CGROUP_UNIFIED,
         {"8:0 rbps=50 wbps=max\n", "8:16 rbps=7\n", "", NULL},
         ""},
        /* its own has no such file */
        {TEXT_LIMIT_IO_READ_IOPS,
         CGROUP_UNIFIED,
         {NULL, NULL, "8:0 riops=3\n", NULL},
         "8:0 18446744073709551615 /a 3;"},
        /* v1 takes every cgroup for one below the root */
        {TEXT_LIMIT_IO_READ_IOPS, CGROUP_HYBRID, {"8:0 50\n", "8:0 3\n", "", ""}, "8:0 50;"},
        /* among siblings alone */
        {TEXT_LIMIT_IO_DEVICE_WEIGHT,
         CGROUP_UNIFIED,
         {"default 100\n8:0 50\n", "default 100\n8:0 3\n8:16 1\n", "", ""},
         "8:0 50;"},
        {TEXT_LIMIT_IO_DEVICE_LATENCY,
         CGROUP_UNIFIED,
         {"8:0 target=50\n", "8:0 target=3\n", "", ""},
         "8:0 50;"},
        {TEXT_LIMIT_IO_READ_IOPS, CGROUP_UNIFIED, {NULL, NULL, NULL, NULL}, ""},
};

START_TEST(what_is_tightest_of_each_device) {
        _cleanup_(str_done) Str text = STR_INIT;
        _cleanup_free_ DeviceInForce *found = NULL;
        CgroupFile files[LEVELS];
        size_t n;

        make_files(devices[_i].texts, files);
        ck_assert_int_eq(devices_in_force(&text_limit_table[devices[_i].id], devices[_i].mode,
                                          files, LEVELS, &found, &n),
                         0);
        for (size_t i = 0; i < n; i++) {
                ck_assert_int_eq(str_appendf(&text, "%" PRIu32 ":%" PRIu32 " %" PRIu64,
                                             found[i].major, found[i].minor, found[i].number),
                                 0);
                if (found[i].capped_by) {
                        ck_assert_int_eq(str_appendf(&text, " %s %" PRIu64, found[i].capped_by,
                                                     found[i].cap),
                                         0);
                }
                ck_assert_int_eq(str_append_char(&text, ';'), 0);
        }
        ck_assert_str_eq(str_text(&text), devices[_i].expected);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("manager/in-force");
        TCase *tcase = tcase_create("files");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, what_is_left_of_a_set, 0, ELEMENTS(sets));
        tcase_add_test(tcase, no_file_no_set);
        tcase_add_loop_test(tcase, what_is_tightest_of_each_device, 0, ELEMENTS(devices));
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
