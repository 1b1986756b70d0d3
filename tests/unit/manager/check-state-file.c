/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fd.h"
#include "manager/state-file.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char *assignments[] = {(char *) "ExecStart=/bin/true \"a b\"", (char *) "MemoryMax=64M",
                              (char *) "Environment=A=1\nstate=0", NULL};
static char *degraded[] = {(char *) "", (char *) "\x1b[31mred", NULL};

static void record_example(SandboxRecord *ret) {
        *ret = (SandboxRecord){
                .name = (char *) "web.sandbox",
                .id = {{1, 2, 3, 0, 255}},
                .scope = (char *) "sbx-web.scope",
                .status_text = (char *) "state=1\nname=other.sandbox\n",
                .assignments = assignments,
                .degraded = degraded,
                .state = 4,
                .result = 2,
                .transient = 1,
                .leader_pid = 4711,
                .main_pid = 4712,
                .uid_base = 524288,
                .n_restarts = UINT64_MAX,
                .state_change_usec = 1234567890123456,
        };
}

typedef struct Encoded {
        uint8_t *bytes;
        size_t size;
} Encoded;

static Encoded encode_example(void) {
        SandboxRecord record;
        Encoded encoded;
        void *bytes;

        record_example(&record);
        ck_assert_int_eq(state_file_encode(&record, &bytes, &encoded.size), 0);
        encoded.bytes = bytes;
        return encoded;
}

static void assert_example(const SandboxRecord *record) {
        SandboxRecord expect;

        record_example(&expect);
        ck_assert_str_eq(record->name, expect.name);
        ck_assert_mem_eq(&record->id, &expect.id, sizeof(expect.id));
        ck_assert_str_eq(record->scope, expect.scope);
        ck_assert_str_eq(record->status_text, expect.status_text);
        ck_assert(strv_equal(record->assignments, expect.assignments));
        ck_assert_ptr_null(record->definition);
        ck_assert(strv_equal(record->degraded, expect.degraded));
        ck_assert_uint_eq(record->state, expect.state);
        ck_assert_uint_eq(record->result, expect.result);
        ck_assert_uint_eq(record->transient, 1);
        ck_assert_uint_eq(record->stop_requested, 0);
        ck_assert_uint_eq(record->leader_pid, 4711);
        ck_assert_uint_eq(record->main_pid, 4712);
        ck_assert_uint_eq(record->uid_base, 524288);
        ck_assert_uint_eq(record->n_restarts, UINT64_MAX);
        ck_assert_uint_eq(record->state_change_usec, expect.state_change_usec);
}

START_TEST(what_is_written_is_read) {
        Encoded encoded = encode_example();
        SandboxRecord record;

        ck_assert_int_eq(state_file_decode(encoded.bytes, encoded.size, &record), 0);
        assert_example(&record);
        sandbox_record_done(&record);
        free(encoded.bytes);
}
END_TEST

START_TEST(every_truncation_is_refused) {
        Encoded encoded = encode_example();
        SandboxRecord record;

        for (size_t n = 0; n < encoded.size; n++) {
                /* of its own size, so that a read beyond it is seen */
                _cleanup_free_ uint8_t *cut = malloc(n > 0 ? n : 1);

                ck_assert_ptr_nonnull(cut);
                memcpy(cut, encoded.bytes, n);
                ck_assert_int_eq(state_file_decode(cut, n, &record), -EBADMSG);
        }
        free(encoded.bytes);
}
END_TEST

START_TEST(every_flipped_bit_is_refused) {
        Encoded encoded = encode_example();
        SandboxRecord record;

        for (size_t bit = 0; bit < encoded.size * 8; bit++) {
                encoded.bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
                ck_assert_int_eq(state_file_decode(encoded.bytes, encoded.size, &record), -EBADMSG);
                encoded.bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
        }
        free(encoded.bytes);
}
END_TEST

START_TEST(bytes_behind_the_end_are_refused) {
        Encoded encoded = encode_example();
        SandboxRecord record;
        uint8_t *more = realloc(encoded.bytes, encoded.size + 8);

        ck_assert_ptr_nonnull(more);
        memset(more + encoded.size, 0, 8);
        ck_assert_int_eq(state_file_decode(more, encoded.size + 8, &record), -EBADMSG);
        ck_assert_int_eq(state_file_decode(more, encoded.size + 1, &record), -EBADMSG);
        free(more);
}
END_TEST

static void reseal(Encoded *encoded) {
        uint64_t hash = 0xcbf29ce484222325u;

        for (size_t i = 0; i < encoded->size - 8; i++) {
                hash = (hash ^ encoded->bytes[i]) * 0x100000001b3u;
        }
        for (unsigned i = 0; i < 8; i++) {
                encoded->bytes[encoded->size - 8 + i] = (uint8_t) (hash >> 8 * i);
        }
}

/* With a good checksum the rest of the decoder has to hold on its own. */
START_TEST(resealed_changes_are_read_or_refused) {
        Encoded encoded = encode_example();

        for (size_t i = 0; i < encoded.size - 8; i++) {
                uint8_t old = encoded.bytes[i];
                SandboxRecord record;
                int r;

                encoded.bytes[i] = (uint8_t) (old ^ 0xff);
                reseal(&encoded);
                r = state_file_decode(encoded.bytes, encoded.size, &record);
                ck_assert(r == 0 || r == -EBADMSG || r == -EPROTONOSUPPORT);
                if (r == 0) {
                        sandbox_record_done(&record);
                }
                encoded.bytes[i] = old;
        }
        free(encoded.bytes);
}
END_TEST

START_TEST(another_version_is_named) {
        Encoded encoded = encode_example();
        SandboxRecord record;

        encoded.bytes[4]++;
        reseal(&encoded);
        ck_assert_int_eq(state_file_decode(encoded.bytes, encoded.size, &record), -EPROTONOSUPPORT);
        free(encoded.bytes);
}
END_TEST

START_TEST(files_are_replaced_and_bound_to_their_name) {
        char directory[] = "/tmp/sbx-state-XXXXXX";
        SandboxRecord record, loaded;
        int fd;

        ck_assert_ptr_nonnull(mkdtemp(directory));
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        record_example(&record);
        ck_assert_int_eq(state_file_save(fd, &record), 0);
        ck_assert_int_eq(state_file_save(fd, &record), 0);
        ck_assert_int_eq(state_file_load(fd, "web.sandbox.state", &loaded), 0);
        assert_example(&loaded);
        sandbox_record_done(&loaded);
        ck_assert_int_eq(faccessat(fd, ".web.sandbox.new", F_OK, 0), -1);

        ck_assert_int_eq(renameat(fd, "web.sandbox.state", fd, "db.sandbox.state"), 0);
        ck_assert_int_eq(state_file_load(fd, "db.sandbox.state", &loaded), -EBADMSG);
        ck_assert_int_eq(state_file_quarantine(fd, "db.sandbox.state"), 0);
        ck_assert_int_eq(faccessat(fd, "quarantine/db.sandbox.state", F_OK, 0), 0);
        ck_assert_int_eq(state_file_load(fd, "db.sandbox.state", &loaded), -ENOENT);
        ck_assert_int_eq(state_file_remove(fd, "db.sandbox"), 0);

        ck_assert_int_eq(unlinkat(fd, "quarantine/db.sandbox.state", 0), 0);
        ck_assert_int_eq(unlinkat(fd, "quarantine", AT_REMOVEDIR), 0);
        ck_assert_int_eq(rmdir(directory), 0);
        fd_close(fd);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("state-file");
        TCase *tcase = tcase_create("state-file");
        SRunner *runner;
        int failed;

        tcase_add_test(tcase, what_is_written_is_read);
        tcase_add_test(tcase, every_truncation_is_refused);
        tcase_add_test(tcase, every_flipped_bit_is_refused);
        tcase_add_test(tcase, bytes_behind_the_end_are_refused);
        tcase_add_test(tcase, resealed_changes_are_read_or_refused);
        tcase_add_test(tcase, another_version_is_named);
        tcase_add_test(tcase, files_are_replaced_and_bound_to_their_name);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
