/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A temporary directory with files, made before and removed after each test. */

#include "unit/unit.h"

#include "base/fd.h"
#include "base/path.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree_root[64];

static inline void tree_make_at(const char *pattern) {
        ck_assert_int_lt(snprintf(tree_root, sizeof(tree_root), "%s", pattern),
                         (int) sizeof(tree_root));
        ck_assert_ptr_nonnull(mkdtemp(tree_root));
        ck_assert_int_eq(chmod(tree_root, 0755), 0);
}

static inline void tree_make(void) {
        tree_make_at("/tmp/check-unit-XXXXXX");
}

static inline int tree_remove_one(const char *path, const struct stat *st, int flag,
                                  struct FTW *at) {
        return remove(path);
}

static inline void tree_remove(void) {
        ck_assert_int_eq(nftw(tree_root, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT), 0);
}

/* The caller frees it. */
static inline char *tree_path(const char *path) {
        char *joined = path_join(tree_root, path);

        ck_assert_ptr_nonnull(joined);
        return joined;
}

/* Makes the directories above path too. */
static inline void tree_directory(const char *path) {
        _cleanup_free_ char *whole = tree_path(path);

        for (char *p = whole + strlen(tree_root) + 1; (p = strchr(p, '/')); p++) {
                *p = '\0';
                ck_assert(mkdir(whole, 0755) == 0 || errno == EEXIST);
                *p = '/';
        }
        ck_assert(mkdir(whole, 0755) == 0 || errno == EEXIST);
}

static inline void tree_parents(const char *path) {
        _cleanup_free_ char *directory = strdup(path);
        char *slash = strrchr(directory, '/');

        if (slash) {
                *slash = '\0';
                tree_directory(directory);
        }
}

static inline void tree_file(const char *path, const char *text) {
        _cleanup_free_ char *whole = tree_path(path);
        _cleanup_fd_ int fd = -EBADF;

        tree_parents(path);
        fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
        ck_assert_int_eq(fchmod(fd, 0644), 0);
}

/* A target that starts with @ lies in the tree. */
static inline void tree_link(const char *path, const char *target) {
        _cleanup_free_ char *whole = tree_path(path), *inside = NULL;

        tree_parents(path);
        if (target[0] == '@') {
                inside = tree_path(target + 1);
        }
        ck_assert_int_eq(symlink(inside ? inside : target, whole), 0);
}

static inline void tree_chmod(const char *path, mode_t mode) {
        _cleanup_free_ char *whole = tree_path(path);

        ck_assert_int_eq(chmod(whole, mode), 0);
}

/* The directories etc, run, lib of the tree, as in the system's search path, and layers. */
static inline void tree_search(UnitSearch *ret, bool check_owner) {
        static const char *const names[] = {"etc", "run", "lib"};
        static const char *const layers[] = {"layers-etc", "layers-lib"};

        *ret = (UnitSearch){.check_owner = check_owner};
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                ck_assert_int_eq(strv_append_take(&ret->directories, tree_path(names[i])), 0);
        }
        for (size_t i = 0; i < ELEMENTS(layers); i++) {
                ck_assert_int_eq(strv_append_take(&ret->layer_directories, tree_path(layers[i])),
                                 0);
        }
}

/* The diagnostics, a line each, the tree's own path cut from them. */
static inline char *tree_diags(const DiagList *diags) {
        _cleanup_(str_done) Str all = STR_INIT;

        for (size_t i = 0; i < diags->n; i++) {
                _cleanup_(str_done) Str one = STR_INIT;
                const char *text;

                ck_assert_int_eq(diag_format(&diags->diags[i], &one), 0);
                text = tree_root[0] ? startswith(str_text(&one), tree_root) : NULL;
                ck_assert_int_eq(str_appendf(&all, "%s\n", text ? text + 1 : str_text(&one)), 0);
        }
        return str_take(&all);
}

static inline int tree_run(Suite *suite) {
        SRunner *runner = srunner_create(suite);
        int failed;

        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
