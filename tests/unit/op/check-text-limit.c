/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/str.h"
#include "op/text-limit.h"

#include <check.h>
#include <inttypes.h>
#include <unistd.h>

#define ALL UINT32_MAX

START_TEST(limit_stands_somewhere) {
        const TextLimit *limit = &text_limit_table[_i];
        CgroupHierarchy hierarchy;
        const char *file;

        ck_assert_int_eq(limit->id, _i);
        ck_assert_ptr_eq(text_limit_find(limit->scope_property), limit);
        ck_assert_int_eq(text_limit_locate(limit, CGROUP_UNIFIED, ALL, &hierarchy, &file), 0);
        ck_assert_str_eq(file, limit->v2_file);
        ck_assert_int_eq(text_limit_locate(limit, CGROUP_HYBRID, ALL, &hierarchy, &file),
                         limit->v1_file ? 0 : -EOPNOTSUPP);
        ck_assert_int_eq(text_limit_locate(limit, CGROUP_UNIFIED, 1, &hierarchy, &file),
                         -EOPNOTSUPP);
        ck_assert_int_eq(text_limit_locate(limit, CGROUP_NONE, ALL, &hierarchy, &file),
                         -EOPNOTSUPP);
        ck_assert_ptr_null(text_limit_find("NoSuchMax"));
}
END_TEST

static const struct {
        TextLimitId id;
        CgroupMode mode;
        uint64_t number;
        const char *expected;
} formats[] = {
        {TEXT_LIMIT_ALLOWED_CPUS, CGROUP_HYBRID, 0, "0-3,8"},
        {TEXT_LIMIT_IO_WEIGHT, CGROUP_UNIFIED, 200, "default 200"},
        {TEXT_LIMIT_IO_WEIGHT, CGROUP_HYBRID, 100, "136"},
        {TEXT_LIMIT_IO_WEIGHT, CGROUP_HYBRID, 10000, "181"},
        {TEXT_LIMIT_IO_WEIGHT, CGROUP_V1, 1, "10"},
        {TEXT_LIMIT_IO_DEVICE_WEIGHT, CGROUP_UNIFIED, 10000, "8:16 10000"},
        {TEXT_LIMIT_IO_DEVICE_WEIGHT, CGROUP_HYBRID, 10000, "8:16 181"},
        {TEXT_LIMIT_IO_READ_BANDWIDTH, CGROUP_UNIFIED, 5000, "8:16 rbps=5000"},
        {TEXT_LIMIT_IO_WRITE_IOPS, CGROUP_UNIFIED, 5000, "8:16 wiops=5000"},
        {TEXT_LIMIT_IO_WRITE_IOPS, CGROUP_HYBRID, 5000, "8:16 5000"},
        {TEXT_LIMIT_IO_DEVICE_LATENCY, CGROUP_UNIFIED, 25000, "8:16 target=25000"},
};

START_TEST(values_are_written_so) {
        const NumberSet set = {{0x0f, 0x01}};
        const TextLimitValue value = {
                .set = &set, .major = 8, .minor = 16, .number = formats[_i].number};
        _cleanup_free_ char *text = NULL;

        ck_assert_int_eq(text_limit_format(&text_limit_table[formats[_i].id], formats[_i].mode,
                                           &value, &text),
                         0);
        ck_assert_str_eq(text, formats[_i].expected);
        ck_assert(text_limit_is_valid(text));
        ck_assert(!text_limit_is_unset(text));
}
END_TEST

static const struct {
        TextLimitId id;
        CgroupMode mode;
        const char *expected;
} unsets[] = {
        {TEXT_LIMIT_ALLOWED_CPUS, CGROUP_HYBRID, ""},
        {TEXT_LIMIT_ALLOWED_MEMORY_NODES, CGROUP_UNIFIED, ""},
        {TEXT_LIMIT_IO_DEVICE_WEIGHT, CGROUP_UNIFIED, "8:16 default"},
        {TEXT_LIMIT_IO_DEVICE_WEIGHT, CGROUP_HYBRID, "8:16 0"},
        {TEXT_LIMIT_IO_READ_BANDWIDTH, CGROUP_UNIFIED, "8:16 rbps=max"},
        {TEXT_LIMIT_IO_WRITE_IOPS, CGROUP_HYBRID, "8:16 0"},
        {TEXT_LIMIT_IO_DEVICE_LATENCY, CGROUP_UNIFIED, "8:16 target=max"},
};

START_TEST(values_are_taken_back_so) {
        const TextLimitValue value = {.unset = true, .major = 8, .minor = 16};
        _cleanup_free_ char *text = NULL;

        ck_assert_int_eq(
                text_limit_format(&text_limit_table[unsets[_i].id], unsets[_i].mode, &value, &text),
                0);
        ck_assert_str_eq(text, unsets[_i].expected);
        ck_assert(text_limit_is_valid(text));
        ck_assert(text_limit_is_unset(text));
}
END_TEST

static const struct {
        const char *asked, *content;
        bool in_force;
} proofs[] = {
        {"0-3,8", "0-3,8\n", true},
        {"0-3,8", "0-3\n", false},
        {"0-3", "0-3,8\n", false},
        {"0-3", "", false},
        {"0-3", "\n", false},
        {"default 200", "default 200\n8:0 50\n", true},
        {"default 200", "default 100\n8:0 200\n", false},
        {"8:0 rbps=10", "8:16 rbps=10 wbps=max\n8:0 rbps=10 wbps=max riops=max wiops=max\n", true},
        {"8:0 rbps=10", "8:16 rbps=10 wbps=max\n8:0 rbps=100 wbps=10\n", false},
        {"8:0 rbps=10", "8:00 rbps=10\n", false},
        {"8:0 10", "8:0 10\n", true},
        {"8:0 10", "18:0 10\n", false},
        {"8:0 wbps=7", "8:0 rbps=max wbps=7", true},
        {"", "", true},
        {"", "\n", true},
        {"", "0-3\n", false},
        {"8:0 rbps=max", "", true},
        {"8:0 rbps=max", "8:16 rbps=5\n", true},
        {"8:0 rbps=max", "8:0 rbps=max wbps=7\n", true},
        {"8:0 rbps=max", "8:16 rbps=5\n8:0 rbps=5 wbps=7\n", false},
        {"8:0 default", "default 100\n8:0 200\n", false},
        {"8:0 default", "default 100\n8:00 200\n18:0 200\n", true},
        {"8:0 0", "8:0 5\n", false},
        {"8:0 10", "8:16 10\n", false},
};

START_TEST(files_prove_or_do_not) {
        ck_assert_int_eq(text_limit_in_force(proofs[_i].asked, proofs[_i].content),
                         proofs[_i].in_force);
}
END_TEST

static const struct {
        TextLimitId id;
        CgroupMode mode;
        const char *content, *expected; /* "MAJOR:MINOR NUMBER" each, and a blank */
} files[] = {
        {TEXT_LIMIT_IO_READ_BANDWIDTH, CGROUP_UNIFIED,
         "8:16 rbps=5 wbps=max riops=max wiops=7\n254:0 rbps=max wbps=1 riops=max wiops=max\n",
         "8:16 5 254:0 18446744073709551615 "},
        {TEXT_LIMIT_IO_WRITE_IOPS, CGROUP_UNIFIED, "8:16 rbps=5 wbps=max riops=max wiops=7",
         "8:16 7 "},
        {TEXT_LIMIT_IO_WRITE_IOPS, CGROUP_UNIFIED, "8:16 xwiops=5 wiops=\n8:0 rbps=1\nwiops=9\n",
         ""},
        {TEXT_LIMIT_IO_WRITE_IOPS, CGROUP_HYBRID, "8:16 7\n8:0 \n8:1 2x\nTotal 9\n8:2 3\n",
         "8:16 7 8:2 3 "},
        {TEXT_LIMIT_IO_DEVICE_LATENCY, CGROUP_UNIFIED, "8:16 target=25000\n", "8:16 25000 "},
        {TEXT_LIMIT_IO_DEVICE_WEIGHT, CGROUP_UNIFIED, "default 100\n8:16 200\n", "8:16 200 "},
        {TEXT_LIMIT_IO_WEIGHT, CGROUP_UNIFIED, "default 150\n8:16 200\n", "0:0 150 "},
        {TEXT_LIMIT_IO_WEIGHT, CGROUP_V1, "136\n", "0:0 100 "},
        {TEXT_LIMIT_IO_WEIGHT, CGROUP_V1, "10\n", "0:0 2 "},
        {TEXT_LIMIT_IO_READ_BANDWIDTH, CGROUP_UNIFIED, "", ""},
        {TEXT_LIMIT_ALLOWED_CPUS, CGROUP_UNIFIED, "0-3\n", ""},
};

START_TEST(values_are_found) {
        const TextLimit *limit = &text_limit_table[files[_i].id];
        const char *content = files[_i].content;
        _cleanup_(str_done) Str found = STR_INIT;
        TextLimitValue value;

        while (text_limit_next(limit, files[_i].mode, &content, &value)) {
                ck_assert_int_eq(str_appendf(&found, "%" PRIu32 ":%" PRIu32 " %" PRIu64 " ",
                                             value.major, value.minor, value.number),
                                 0);
        }
        ck_assert_str_eq(str_text(&found), files[_i].expected);
}
END_TEST

/* What a weight of v1 is taken for is written in the same way again. */
START_TEST(weights_of_v1_go_round) {
        const TextLimit *limit = &text_limit_table[TEXT_LIMIT_IO_WEIGHT];

        for (uint64_t weight = 1; weight <= 10000; weight++) {
                _cleanup_free_ char *one = NULL, *other = NULL;
                TextLimitValue value = {.number = weight};
                const char *content;

                ck_assert_int_eq(text_limit_format(limit, CGROUP_V1, &value, &one), 0);
                content = one;
                ck_assert(text_limit_next(limit, CGROUP_V1, &content, &value));
                ck_assert_int_eq(text_limit_format(limit, CGROUP_V1, &value, &other), 0);
                ck_assert_str_eq(other, one);
        }
}
END_TEST

START_TEST(what_is_left_stands_elsewhere) {
        CgroupHierarchy hierarchy;
        const char *file;

        ck_assert_int_eq(text_limit_locate_effective(&text_limit_table[TEXT_LIMIT_ALLOWED_CPUS],
                                                     CGROUP_UNIFIED, ALL, &hierarchy, &file),
                         0);
        ck_assert_str_eq(file, "cpuset.cpus.effective");
        ck_assert_int_eq(
                text_limit_locate_effective(&text_limit_table[TEXT_LIMIT_ALLOWED_MEMORY_NODES],
                                            CGROUP_HYBRID, ALL, &hierarchy, &file),
                0);
        ck_assert_str_eq(file, "cpuset.effective_mems");
        ck_assert_int_eq(text_limit_locate_effective(&text_limit_table[TEXT_LIMIT_IO_READ_IOPS],
                                                     CGROUP_UNIFIED, ALL, &hierarchy, &file),
                         0);
        ck_assert_str_eq(file, "io.max");
        ck_assert_int_eq(
                text_limit_locate_effective(&text_limit_table[TEXT_LIMIT_IO_DEVICE_LATENCY],
                                            CGROUP_V1, ALL, &hierarchy, &file),
                -EOPNOTSUPP);
}
END_TEST

START_TEST(lines_of_others_are_refused) {
        ck_assert(!text_limit_is_valid("8:0 10\n8:16 10"));
        ck_assert(!text_limit_is_valid("8:0 ../x"));
}
END_TEST

START_TEST(own_file_is_read_or_is_not_there) {
        CgroupMode mode = cgroup_mode_detect();
        _cleanup_free_ char *text = NULL;
        int r = text_limit_read(&text_limit_table[_i], mode, cgroup_controllers(mode, NULL),
                                getpid(), &text);

        ck_assert(r == 0 ? !!text : r == -EOPNOTSUPP || r == -ENOENT || r == -ENODATA);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("op/text-limit");
        TCase *tcase = tcase_create("table");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, limit_stands_somewhere, 0, _TEXT_LIMIT_MAX);
        tcase_add_loop_test(tcase, values_are_written_so, 0, ELEMENTS(formats));
        tcase_add_loop_test(tcase, values_are_taken_back_so, 0, ELEMENTS(unsets));
        tcase_add_loop_test(tcase, files_prove_or_do_not, 0, ELEMENTS(proofs));
        tcase_add_loop_test(tcase, values_are_found, 0, ELEMENTS(files));
        tcase_add_test(tcase, weights_of_v1_go_round);
        tcase_add_test(tcase, what_is_left_stands_elsewhere);
        tcase_add_test(tcase, lines_of_others_are_refused);
        tcase_add_loop_test(tcase, own_file_is_read_or_is_not_there, 0, _TEXT_LIMIT_MAX);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
