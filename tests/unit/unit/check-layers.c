/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Layers= and RootDirectory= to paths. */

#include "tree.h"

#include "base/fd.h"

#include <fcntl.h>

static UnitSearch search;

static void setup(void) {
        tree_make_at(geteuid() == 0 ? "/run/check-unit-XXXXXX" : "/tmp/check-unit-XXXXXX");
        tree_search(&search, /* check_owner= */ false);
        tree_directory("layers-etc");
        tree_directory("layers-lib/base");
        tree_file("layers-lib/image.erofs", "x");
}

static void teardown(void) {
        unit_search_done(&search);
        tree_remove();
}

/* Resolves what the lines of [Sandbox] ask for; paths as "name=path[ image]" in *ret. */
static int resolve(const char *lines, char **ret_diags, char **ret) {
        _cleanup_free_ char *text = strf("[Sandbox]\nExecStart=/bin/true\n%s", lines);
        _cleanup_(layer_sources_done) LayerSources layers = {};
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;
        _cleanup_(str_done) Str out = STR_INIT;
        int r;

        ck_assert_int_eq(unit_load_bytes("web.sandbox", "t", text, strlen(text), &diags, &unit), 0);
        r = unit_resolve_layers(&search, unit, &diags, &layers);
        for (size_t i = 0; i < layers.n; i++) {
                const LayerSource *source = &layers.sources[i];
                const char *inside = startswith(source->path, tree_root);

                ck_assert_int_eq(str_appendf(&out, "%s=%s%s\n", source->name ? source->name : "",
                                             inside ? inside : source->path,
                                             source->image ? " image" : ""),
                                 0);
        }
        *ret_diags = tree_diags(&diags);
        *ret = str_take(&out);
        return r;
}

static const struct Case {
        const char *lines;
        int expected;
        const char *sources, *diag;
} cases[] = {
        {"", 0, "=/\n", ""},
        {"Layers=base\n", 0, "base=/layers-lib/base\n", ""},
        {"Layers=image base\n", 0, "image=/layers-lib/image.erofs image\nbase=/layers-lib/base\n",
         ""},
        {"RootDirectory=/usr\n", 0, "=/usr\n", ""},
        {"RootDirectory=/nowhere\n", UNIT_E_INVALID, "",
         "t:3:15: error: RootDirectory=: /nowhere: No such file or directory\n"},
        {"RootImage=/nowhere\n", UNIT_E_INVALID, "",
         "t:3:11: error: RootImage=: /nowhere: No such file or directory\n"},
        {"RootImage=/etc\n", UNIT_E_INVALID, "",
         "t:3:11: error: RootImage=: /etc is no regular file: a directory is given by "
         "RootDirectory=\n"},
        {"RootImage=/dev/null\n", UNIT_E_INVALID, "",
         "t:3:11: error: RootImage=: /dev/null is no regular file\n"},
        {"RootDirectory=/etc/passwd\n", UNIT_E_INVALID, "",
         "t:3:15: error: RootDirectory=: /etc/passwd is no directory\n"},
        {"Layers=nowhere\n", UNIT_E_INVALID, "",
         "t:3:8: error: Layers=: There is no layer nowhere: neither a directory nowhere nor an "
         "image nowhere.erofs in "},
        {"Layers=a\nLayers=base\nLayers=b\n", UNIT_E_INVALID, "",
         "t:3:8: error: Layers=: There is no layer a"},
        {"Layers=out\n", UNIT_E_INVALID, "", "t:3:8: error: Layers=: "},
        {"Layers=dangling\n", UNIT_E_INVALID, "", "t:3:8: error: Layers=: Layer dangling"},
        {"Layers=self\n", UNIT_E_INVALID, "", "t:3:8: error: Layers=: "},
        {"Layers=file\n", UNIT_E_INVALID, "", "t:3:8: error: Layers=: "},
        {"Layers=alias\n", 0, "alias=/layers-lib/base\n", ""},
        {"Layers=both\n", 0, "both=/layers-etc/both\n", ""},
        {"Layers=first\n", 0, "first=/layers-etc/first.erofs image\n", ""},
};

START_TEST(layers_are_found) {
        const struct Case *c = &cases[_i];
        _cleanup_free_ char *diags = NULL, *sources = NULL;
        int r;

        tree_link("layers-lib/out", "/etc");
        tree_link("layers-lib/dangling", "nowhere");
        tree_link("layers-lib/self", "@layers-lib");
        tree_link("layers-lib/alias", "base");
        tree_file("layers-lib/file", "x");
        tree_directory("layers-etc/both");
        tree_file("layers-etc/both.erofs", "x");
        tree_file("layers-etc/first.erofs", "x");
        tree_directory("layers-lib/first");
        r = resolve(c->lines, &diags, &sources);
        ck_assert_msg(r == c->expected, "%s: %d\n%s", c->lines, r, diags);
        ck_assert_str_eq(sources, c->sources);
        ck_assert_msg(startswith(diags, c->diag), "%s", diags);
        ck_assert_msg(c->diag[0] || diags[0] == '\0', "%s", diags);
}
END_TEST

START_TEST(all_missing_layers_are_told_with_where_they_were_sought) {
        _cleanup_free_ char *diags = NULL, *sources = NULL, *where = NULL;

        ck_assert_int_eq(resolve("Layers=a base\nLayers=b\n", &diags, &sources), UNIT_E_INVALID);
        ck_assert_ptr_nonnull(strstr(diags, "no layer a:"));
        ck_assert_ptr_nonnull(strstr(diags, "t:4:8: error: Layers=: There is no layer b:"));
        where = strf("in %s/layers-etc, %s/layers-lib\n", tree_root, tree_root);
        ck_assert_ptr_nonnull(strstr(diags, where));
}
END_TEST

static const struct Trust {
        const char *path;
        mode_t mode;
        const char *layer;
        bool trusted;
} trusts[] = {
        {"layers-lib", 0755, "base", true},
        {"layers-lib", 0755, "image", true},
        {"layers-lib", 0775, "base", false},
        {"layers-lib", 0777, "image", false},
        {"layers-lib/image.erofs", 0664, "image", false},
        {"layers-lib/base", 01777, "base", true}, /* its content is the sandbox's matter */
};

/* What an image begins with, and what is said of it. */
static const struct Image {
        size_t offset;
        const char *bytes;
        const char *diag; /* NULL: it is taken */
} images[] = {
        {1024, "\xe2\xe1\xf5\xe0", NULL},
        {0, "hsqs", NULL},
        {1024 + 56, "\x53\xef", NULL},
        {512, "EFI PART", "holds a partition table"},
        {510, "\x55\xaa", "holds a partition table"},
        {0, "", "holds no file system that is known here"},
        {1024, "hsqs", "holds no file system that is known here"},
};

static void write_image(const char *path, size_t offset, const char *bytes) {
        _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq((int) pwrite(fd, bytes, strlen(bytes), (off_t) offset),
                         (int) strlen(bytes));
}

START_TEST(root_images_are_told_by_their_superblock) {
        const struct Image *c = &images[_i];
        _cleanup_free_ char *diags = NULL, *sources = NULL;
        _cleanup_free_ char *path = strf("%s/root.img", tree_root);
        _cleanup_free_ char *lines = strf("RootImage=%s\n", path);
        int r;

        write_image(path, c->offset, c->bytes);
        r = resolve(lines, &diags, &sources);
        ck_assert_int_eq(r, c->diag ? UNIT_E_INVALID : 0);
        if (c->diag) {
                ck_assert_msg(strstr(diags, "t:3:11: error: RootImage=: ") &&
                                      strstr(diags, c->diag),
                              "%s", diags);
        } else {
                ck_assert_str_eq(sources, "=/root.img image\n");
        }
}
END_TEST

START_TEST(root_images_are_roots_alone) {
        static const mode_t modes[] = {0644, 0600, 0664, 0646};
        _cleanup_free_ char *diags = NULL, *sources = NULL;
        _cleanup_free_ char *path = strf("%s/root.img", tree_root);
        _cleanup_free_ char *lines = strf("RootImage=%s\n", path);
        bool trusted = geteuid() == 0 && (modes[_i] & 022) == 0;

        search.check_owner = true;
        write_image(path, 0, "hsqs");
        tree_chmod("root.img", modes[_i]);
        ck_assert_int_eq(resolve(lines, &diags, &sources), trusted ? 0 : UNIT_E_INVALID);
}
END_TEST

START_TEST(layers_of_the_system_are_checked) {
        const struct Trust *c = &trusts[_i];
        _cleanup_free_ char *diags = NULL, *sources = NULL, *lines = strf("Layers=%s\n", c->layer);
        int r;

        search.check_owner = true;
        tree_chmod(c->path, c->mode);
        r = resolve(lines, &diags, &sources);
        ck_assert_msg(r == (c->trusted && geteuid() == 0 ? 0 : UNIT_E_INVALID), "%s", diags);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("unit/layers");
        TCase *tcase = tcase_create("layers");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, layers_are_found, 0, ELEMENTS(cases));
        tcase_add_test(tcase, all_missing_layers_are_told_with_where_they_were_sought);
        tcase_add_loop_test(tcase, root_images_are_told_by_their_superblock, 0, ELEMENTS(images));
        tcase_add_loop_test(tcase, root_images_are_roots_alone, 0, 4);
        tcase_add_loop_test(tcase, layers_of_the_system_are_checked, 0, ELEMENTS(trusts));
        suite_add_tcase(suite, tcase);
        return tree_run(suite);
}
