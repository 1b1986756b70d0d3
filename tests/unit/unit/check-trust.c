/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A unit of the system is trusted by where it lies and who can write there. The tree is below
 * /run, whose parents are root's: with check_owner only root can have a unit at all. */

#include "tree.h"

#define UNIT "[Sandbox]\nExecStart=/bin/true\n"

static UnitSearch search;

static void setup(void) {
        /* Without root nothing is trusted, which is what the tests then see. */
        tree_make_at(geteuid() == 0 ? "/run/check-unit-XXXXXX" : "/tmp/check-unit-XXXXXX");
        tree_search(&search, /* check_owner= */ true);
}

static void teardown(void) {
        unit_search_done(&search);
        tree_remove();
}

static int load(char **ret_diags) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;
        int r = unit_load(&search, "web.sandbox", &diags, &unit);

        *ret_diags = tree_diags(&diags);
        return r;
}

static const struct Trust {
        const char *path; /* whose mode or owner is changed; NULL: nothing */
        mode_t mode;      /* 0: the owner is changed */
        const char *diag; /* NULL: trusted */
} trusts[] = {
        {NULL, 0755, NULL},
        {"etc/web.sandbox", 0600, NULL},
        {"etc/web.sandbox", 0664, "etc/web.sandbox: error: its group can write"},
        {"etc/web.sandbox", 0646, "etc/web.sandbox: error: everybody can write"},
        {"etc/web.sandbox", 0, "etc/web.sandbox: error: the file belongs to uid"},
        {"etc", 0775, "etc/web.sandbox: error: others than root can write to /run"},
        {"etc", 0757, "etc/web.sandbox: error: others than root can write to /run"},
        {"etc", 01777, "etc/web.sandbox: error: others than root can write to /run"},
        {"etc", 0, "etc/web.sandbox: error: others than root can write to /run"},
        {"", 0777, "etc/web.sandbox: error: others than root can write to /run"},
        {"etc/web.sandbox.d", 0775, "etc/web.sandbox.d/10.conf: error: others than root"},
        {"etc/web.sandbox.d", 0, "etc/web.sandbox.d/10.conf: error: others than root"},
        {"etc/web.sandbox.d/10.conf", 0664, "etc/web.sandbox.d/10.conf: error: its group"},
        {"etc/web.sandbox.d/10.conf", 0, "etc/web.sandbox.d/10.conf: error: the file belongs"},
        /* what is not used does not matter */
        {"lib", 0777, NULL},
        {"lib/web.sandbox", 0666, NULL},
};

static void change(const struct Trust *c) {
        _cleanup_free_ char *path = NULL;

        if (!c->path) {
                return;
        }
        path = c->path[0] ? tree_path(c->path) : strdup(tree_root);
        if (c->mode != 0) {
                ck_assert_int_eq(chmod(path, c->mode), 0);
        } else if (geteuid() == 0) {
                ck_assert_int_eq(chown(path, 65534, 65534), 0);
        }
}

START_TEST(only_what_root_alone_can_write_is_trusted) {
        const struct Trust *c = &trusts[_i];
        _cleanup_free_ char *diags = NULL;
        int r;

        tree_file("etc/web.sandbox", UNIT);
        tree_file("etc/web.sandbox.d/10.conf", "[Unit]\nDescription=x\n");
        tree_file("lib/web.sandbox", UNIT);
        change(c);
        r = load(&diags);
        if (geteuid() != 0) {
                ck_assert_int_eq(r, UNIT_E_INVALID);
        } else if (c->diag) {
                ck_assert_int_eq(r, UNIT_E_INVALID);
                ck_assert_msg(startswith(diags, c->diag), "%s", diags);
        } else {
                ck_assert_msg(r == 0, "%s", diags);
        }
}
END_TEST

/* The directory of a link's target counts, not only the link's own. */
START_TEST(the_target_of_a_link_is_checked) {
        _cleanup_free_ char *diags = NULL;

        tree_file("lib/web.sandbox", UNIT);
        tree_link("etc/web.sandbox", "@lib/web.sandbox");
        tree_chmod("lib", 0775);
        ck_assert_int_eq(load(&diags), UNIT_E_INVALID);
        ck_assert_msg(startswith(diags, "lib/web.sandbox: error: others than root"), "%s", diags);
}
END_TEST

/* A path within the search path is held to the same. */
START_TEST(a_path_of_the_search_path_is_checked) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;
        _cleanup_free_ char *path = tree_path("etc/web.sandbox");

        tree_file("etc/web.sandbox", UNIT);
        tree_chmod("etc/web.sandbox", 0664);
        ck_assert_int_eq(unit_load_path(&search, path, &diags, &unit), UNIT_E_INVALID);
}
END_TEST

START_TEST(the_system_search_path_is_the_documented_one) {
        _cleanup_(unit_search_done) UnitSearch system = {};
        _cleanup_free_ char *directories = NULL, *layers = NULL;

        ck_assert_int_eq(unit_search_system(&system), 0);
        directories = strv_join(system.directories, " ");
        layers = strv_join(system.layer_directories, " ");
        ck_assert_str_eq(directories, "/etc/sbx/system.control /run/sbx/system.control "
                                      "/etc/sbx/system /run/sbx/system /usr/local/lib/sbx/system "
                                      "/usr/lib/sbx/system");
        ck_assert_str_eq(layers,
                         "/etc/sbx/layers /run/sbx/layers /var/lib/sbx/layers /usr/lib/sbx/layers");
        ck_assert(system.check_owner);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("unit/trust");
        TCase *tcase = tcase_create("trust");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, only_what_root_alone_can_write_is_trusted, 0, ELEMENTS(trusts));
        tcase_add_test(tcase, the_target_of_a_link_is_checked);
        tcase_add_test(tcase, a_path_of_the_search_path_is_checked);
        tcase_add_test(tcase, the_system_search_path_is_the_documented_one);
        suite_add_tcase(suite, tcase);
        return tree_run(suite);
}
