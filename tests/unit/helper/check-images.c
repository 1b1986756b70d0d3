/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is kept of images, and for how long. */

#include "helper/images.h"

#include "base/fd.h"

#include <check.h>
#include <fcntl.h>
#include <unistd.h>

static int open_any(void) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        ck_assert_int_ge(fd, 0);
        return fd;
}

static int keep(Images *images, const char *path, uint64_t inode) {
        ImageKey key = {.device = 1, .inode = inode, .size = 4096};
        int fd = open_any(), number = fd;

        ck_assert_int_eq(images_keep(images, path, &key, &fd), 0);
        if (fd >= 0) {
                (void) fd_close(fd);
                return -1;
        }
        return number;
}

static bool has(const Images *images, uint64_t inode) {
        ImageKey key = {.device = 1, .inode = inode, .size = 4096};

        return images_find(images, &key) >= 0;
}

static const struct {
        const char *what;
        struct stat st;
} changes[] = {
        {"another file", {.st_ino = 8, .st_size = 1}},
        {"another file system", {.st_dev = 1, .st_ino = 7, .st_size = 1}},
        {"another size", {.st_ino = 7, .st_size = 2}},
        {"written to", {.st_ino = 7, .st_size = 1, .st_mtim.tv_nsec = 1}},
        {"renamed over, or its times put back", {.st_ino = 7, .st_size = 1, .st_ctim.tv_sec = 1}},
};

START_TEST(a_changed_file_is_another_image) {
        const struct stat before = {.st_ino = 7, .st_size = 1};
        ImageKey old = image_key(&before), new = image_key(&changes[_i].st);
        int fd = open_any();
        Images images = {};

        ck_assert_int_eq(images_keep(&images, "/x", &old, &fd), 0);
        ck_assert_int_ge(images_find(&images, &old), 0);
        ck_assert_msg(images_find(&images, &new) == -ENOENT, "%s", changes[_i].what);
        images_done(&images);
}
END_TEST

START_TEST(the_second_of_two_is_not_taken) {
        Images images = {};
        int first = keep(&images, "/x", 1);

        ck_assert_int_ge(first, 0);
        ck_assert_int_eq(keep(&images, "/x", 1), -1);
        ck_assert_uint_eq(images.n, 1);
        images_done(&images);
        ck_assert_int_eq(fcntl(first, F_GETFD), -1);
}
END_TEST

START_TEST(the_oldest_makes_room) {
        Images images = {};

        for (uint64_t i = 1; i <= IMAGES_KEPT; i++) {
                ck_assert_int_ge(keep(&images, "/x", i), 0);
                images.kept[i - 1].used_usec = 1000 + (i * 7) % IMAGES_KEPT;
        }
        ck_assert_int_ge(keep(&images, "/x", 1000), 0);
        ck_assert_uint_eq(images.n, IMAGES_KEPT);
        ck_assert(has(&images, 1000));
        ck_assert(!has(&images, IMAGES_KEPT)); /* the one with 1000 + 0 */
        images_done(&images);
}
END_TEST

static bool is_used(void *userdata, const char *path) {
        return strcmp(path, userdata) == 0;
}

START_TEST(unused_ones_go_after_a_while) {
        char used[] = "/used";
        Images images = {};

        (void) keep(&images, "/used", 1);
        (void) keep(&images, "/other", 2);
        ck_assert(images_sweep(&images, is_used, used));
        ck_assert(has(&images, 1) && has(&images, 2));
        images.kept[0].used_usec -= IMAGES_LINGER_USEC;
        images.kept[1].used_usec -= IMAGES_LINGER_USEC;
        ck_assert(!images_sweep(&images, is_used, used));
        ck_assert(has(&images, 1) && !has(&images, 2));
        /* from its last use on */
        ck_assert(images_sweep(&images, is_used, (char[]){"/nobody"}));
        ck_assert(has(&images, 1));
        images_done(&images);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("helper/images");
        TCase *tcase = tcase_create("images");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, a_changed_file_is_another_image, 0, ELEMENTS(changes));
        tcase_add_test(tcase, the_second_of_two_is_not_taken);
        tcase_add_test(tcase, the_oldest_makes_room);
        tcase_add_test(tcase, unused_ones_go_after_a_while);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
