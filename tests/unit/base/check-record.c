/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/record.h"

#include <check.h>

static const struct Case {
        const char *line;
        usec_t realtime_usec;
        unsigned priority;
        RecordKind kind;
        const char *message;
} cases[] = {
        {"1764100000.000001 6 . one\n", 1764100000000001, 6, RECORD_LINE, "one"},
        {"1764100000.999999 3 + a part\n", 1764100000999999, 3, RECORD_PART, "a part"},
        {"0000000001.000000 4 ! \n", 1000000, 4, RECORD_NOTE, ""},
        {"1764100000.000001 6 .  blanks stay \n", 1764100000000001, 6, RECORD_LINE,
         " blanks stay "},
        /* no records: messages of unknown time */
        {"plain words\n", 0, 6, RECORD_LINE, "plain words"},
        {"\n", 0, 6, RECORD_LINE, ""},
        {"1764100000.000001 8 . x\n", 0, 6, RECORD_LINE, "1764100000.000001 8 . x"},
        {"1764100000.000001 6 ? x\n", 0, 6, RECORD_LINE, "1764100000.000001 6 ? x"},
        {"1764100000.000001 6 .\n", 0, 6, RECORD_LINE, "1764100000.000001 6 ."},
        {"1764100000,000001 6 . x\n", 0, 6, RECORD_LINE, "1764100000,000001 6 . x"},
        {"176410000a.000001 6 . x\n", 0, 6, RECORD_LINE, "176410000a.000001 6 . x"},
        {"1764100000.00000- 6 . x\n", 0, 6, RECORD_LINE, "1764100000.00000- 6 . x"},
};

START_TEST(records_are_read) {
        const struct Case *c = &cases[_i];
        Record record;

        ck_assert_uint_eq(record_parse(c->line, strlen(c->line), &record), strlen(c->line));
        ck_assert_uint_eq(record.realtime_usec, c->realtime_usec);
        ck_assert_uint_eq(record.priority, c->priority);
        ck_assert_int_eq((int) record.kind, (int) c->kind);
        ck_assert_uint_eq(record.size, strlen(c->message));
        ck_assert_mem_eq(record.message, c->message, record.size);
}
END_TEST

START_TEST(what_is_written_is_read) {
        const Record written = {.realtime_usec = 1764100000123456,
                                .priority = 2,
                                .kind = RECORD_PART,
                                .message = "a\0b\033\xff",
                                .size = 5};
        _cleanup_(str_done) Str out = STR_INIT;
        Record read;

        ck_assert_int_eq(record_append(&out, &written), 0);
        ck_assert_uint_eq(record_parse(out.text, out.length, &read), out.length);
        ck_assert_uint_eq(read.realtime_usec, written.realtime_usec);
        ck_assert_uint_eq(read.priority, written.priority);
        ck_assert_int_eq((int) read.kind, (int) written.kind);
        ck_assert_uint_eq(read.size, written.size);
        ck_assert_mem_eq(read.message, written.message, read.size);
}
END_TEST

START_TEST(half_a_record_waits) {
        const char *line = cases[0].line;
        Record record;

        for (size_t n = 0; n < strlen(line); n++) {
                ck_assert_uint_eq(record_parse(line, n, &record), 0);
        }
}
END_TEST

static const struct PrefixCase {
        const char *text;
        unsigned priority;
        const char *rest;
} prefix_cases[] = {
        {"<3>x", 3, "x"}, {"<7>", 7, ""},      {"<8>x", 6, "<8>x"},   {"<3x", 6, "<3x"},
        {"<3", 6, "<3"},  {"x<3>", 6, "x<3>"}, {"<30>x", 6, "<30>x"}, {"", 6, ""},
};

START_TEST(prefixes_set_the_priority) {
        const struct PrefixCase *c = &prefix_cases[_i];
        Record record = {
                .priority = RECORD_PRIORITY_DEFAULT, .message = c->text, .size = strlen(c->text)};

        record_take_prefix(&record);
        ck_assert_uint_eq(record.priority, c->priority);
        ck_assert_uint_eq(record.size, strlen(c->rest));
        ck_assert_mem_eq(record.message, c->rest, record.size);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("record");
        TCase *tc = tcase_create("record");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tc, records_are_read, 0, ELEMENTS(cases));
        tcase_add_test(tc, what_is_written_is_read);
        tcase_add_test(tc, half_a_record_waits);
        tcase_add_loop_test(tc, prefixes_set_the_priority, 0, ELEMENTS(prefix_cases));
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? 0 : 1;
}
