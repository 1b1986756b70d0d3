/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which files make up a unit: the search path, drop-ins, masks, aliases, and what may not be used.
 */

#include "tree.h"

#include <sys/socket.h>
#include <sys/un.h>

#define UNIT(description) "[Unit]\nDescription=" description "\n[Sandbox]\nExecStart=/bin/true\n"
#define DROP_IN(description) "[Unit]\nDescription=" description "\n"

static UnitSearch search;

static void setup(void) {
        tree_make();
        tree_search(&search, /* check_owner= */ false);
}

static void teardown(void) {
        unit_search_done(&search);
        tree_remove();
}

/* Loads and expects the outcome. */
static Unit *load(const char *name, int expected) {
        _cleanup_(diag_list_done) DiagList diags = {};
        Unit *unit = NULL;
        int r = unit_load(&search, name, &diags, &unit);

        if (r != expected) {
                _cleanup_free_ char *got = tree_diags(&diags);

                ck_abort_msg("%s: %d\n%s", name, r, got);
        }
        return unit;
}

static void check_description(const char *name, const char *description) {
        _cleanup_(unit_freep) Unit *unit = load(name, 0);

        ck_assert_str_eq(unit->spec->description, description);
}

/* The unit is refused, with one diagnostic that starts so. */
static void check_refused(const char *name, const char *expected) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;
        _cleanup_free_ char *got = NULL;

        ck_assert_int_eq(unit_load(&search, name, &diags, &unit), UNIT_E_INVALID);
        ck_assert_ptr_nonnull(unit);
        got = tree_diags(&diags);
        ck_assert_msg(startswith(got, expected), "%s\nexpected: %s", got, expected);
        ck_assert_msg(strchr(got, '\n') == strrchr(got, '\n'), "%s", got);
}

START_TEST(the_first_directory_wins) {
        tree_file("lib/web.sandbox", UNIT("lib"));
        check_description("web.sandbox", "lib");
        tree_file("run/web.sandbox", UNIT("run"));
        check_description("web.sandbox", "run");
        tree_file("etc/web.sandbox", UNIT("etc"));
        check_description("web.sandbox", "etc");
}
END_TEST

START_TEST(what_is_nowhere_is_not_found) {
        _cleanup_(diag_list_done) DiagList diags = {};
        Unit *unit = NULL;

        tree_file("lib/other.sandbox", UNIT("lib"));
        ck_assert_int_eq(unit_load(&search, "web.sandbox", &diags, &unit), UNIT_E_NOT_FOUND);
        ck_assert_ptr_null(unit);
        ck_assert_uint_eq(diags.n, 0);
}
END_TEST

START_TEST(drop_ins_alone_are_no_unit) {
        _cleanup_(diag_list_done) DiagList diags = {};
        Unit *unit = NULL;

        tree_file("etc/web.sandbox.d/10.conf", UNIT("x"));
        ck_assert_int_eq(unit_load(&search, "web.sandbox", &diags, &unit), UNIT_E_NOT_FOUND);
}
END_TEST

START_TEST(instances_come_from_templates) {
        tree_file("lib/web@.sandbox", UNIT("template %i"));
        check_description("web@a.sandbox", "template a");
        tree_file("lib/web@b.sandbox", UNIT("own %i"));
        check_description("web@b.sandbox", "own b");
        check_description("web@.sandbox", "template test_instance");
        /* An own file counts even below a template of an earlier directory. */
        tree_file("etc/web@.sandbox", UNIT("etc %i"));
        check_description("web@b.sandbox", "own b");
        check_description("web@a.sandbox", "etc a");
}
END_TEST

START_TEST(templates_are_marked) {
        _cleanup_(unit_freep) Unit *template = NULL, *instance = NULL;

        tree_file("lib/web@.sandbox", UNIT("x"));
        template = load("web@.sandbox", 0);
        instance = load("web@a.sandbox", 0);
        ck_assert(template->template);
        ck_assert(!instance->template);
        ck_assert_str_eq(instance->name, "web@a.sandbox");
}
END_TEST

/* Drop-ins set one directive each; what is in force at the end shows who came last. */
typedef struct DropIns {
        const char *files[6]; /* path, relative to the tree; the description is the path */
        const char *name, *description;
        size_t n;
} DropIns;

static const DropIns drop_ins[] = {
        {{"etc/web.sandbox.d/10.conf"}, "web.sandbox", "etc/web.sandbox.d/10.conf", 1},
        {{"lib/web.sandbox.d/10.conf"}, "web.sandbox", "lib/web.sandbox.d/10.conf", 1},
        /* by file name over all directories */
        {{"etc/web.sandbox.d/10.conf", "lib/web.sandbox.d/20.conf"},
         "web.sandbox",
         "lib/web.sandbox.d/20.conf",
         2},
        /* of one name the first directory's */
        {{"etc/web.sandbox.d/10.conf", "lib/web.sandbox.d/10.conf"},
         "web.sandbox",
         "etc/web.sandbox.d/10.conf",
         1},
        {{"lib/web.sandbox.d/10.conf", "run/web.sandbox.d/10.conf"},
         "web.sandbox",
         "run/web.sandbox.d/10.conf",
         1},
        /* closer names win over shorter prefixes, these over sandbox.d */
        {{"etc/web-a.sandbox.d/10.conf", "etc/web-.sandbox.d/10.conf", "etc/sandbox.d/10.conf"},
         "web-a.sandbox",
         "etc/web-a.sandbox.d/10.conf",
         1},
        {{"etc/web-.sandbox.d/10.conf", "etc/sandbox.d/10.conf"},
         "web-a.sandbox",
         "etc/web-.sandbox.d/10.conf",
         1},
        {{"etc/sandbox.d/10.conf", "lib/web.sandbox.d/10.conf"},
         "web.sandbox",
         "lib/web.sandbox.d/10.conf",
         1},
        {{"lib/sandbox.d/20.conf", "etc/web.sandbox.d/10.conf"},
         "web.sandbox",
         "lib/sandbox.d/20.conf",
         2},
        {{"lib/web-a.sandbox.d/10.conf", "etc/web-.sandbox.d/10.conf"},
         "web-a.sandbox",
         "etc/web-.sandbox.d/10.conf",
         1},
        /* an instance has its own, its template's, and those of prefixes */
        {{"etc/web@.sandbox.d/10.conf"}, "web@a.sandbox", "etc/web@.sandbox.d/10.conf", 1},
        {{"etc/web@.sandbox.d/10.conf", "etc/web@a.sandbox.d/10.conf"},
         "web@a.sandbox",
         "etc/web@a.sandbox.d/10.conf",
         1},
        {{"etc/web-@.sandbox.d/10.conf"}, "web-x@a.sandbox", "etc/web-@.sandbox.d/10.conf", 1},
        /* what is none */
        {{"etc/web.sandbox.d/10.txt", "etc/web.sandbox.d/.10.conf", "etc/web.sandbox.d/10.conf~"},
         "web.sandbox",
         "fragment",
         0},
        {{"etc/other.sandbox.d/10.conf", "etc/web-.sandbox.d/10.conf"},
         "web.sandbox",
         "fragment",
         0},
};

START_TEST(drop_ins_have_an_order) {
        const DropIns *c = &drop_ins[_i];
        _cleanup_free_ char *fragment = strf("lib/%s", c->name);
        _cleanup_(unit_freep) Unit *unit = NULL;

        tree_file(fragment, UNIT("fragment"));
        for (size_t i = 0; i < ELEMENTS(c->files) && c->files[i]; i++) {
                _cleanup_free_ char *text = strf("[Unit]\nDescription=%s\n", c->files[i]);

                tree_file(c->files[i], text);
        }
        unit = load(c->name, 0);
        ck_assert_str_eq(unit->spec->description, c->description);
        ck_assert_uint_eq(strv_length(unit->drop_in_paths), c->n);
}
END_TEST

START_TEST(lists_grow_over_files_and_reset) {
        _cleanup_(unit_freep) Unit *unit = NULL;

        tree_file("lib/web.sandbox", "[Sandbox]\nExecStart=/bin/true\nLayers=a\nLayers=b c\n"
                                     "[Port http]\nListen=80\n");
        tree_file("lib/web.sandbox.d/10.conf", "[Sandbox]\nLayers=d\n[Port http]\nTarget=8080\n");
        unit = load("web.sandbox", 0);
        ck_assert_uint_eq(unit->spec->layers.n, 4);
        ck_assert_str_eq(unit->spec->layers.items[3].text, "d");
        ck_assert_ptr_nonnull(strstr(unit->spec->layers.items[3].place.file, "10.conf"));
        ck_assert_uint_eq(unit->spec->n_ports, 1);
        ck_assert_ptr_nonnull(unit->spec->ports[0].listen);
        ck_assert_ptr_nonnull(unit->spec->ports[0].target);
        unit = unit_free(unit);

        tree_file("etc/web.sandbox.d/20.conf", "[Sandbox]\nLayers=\nLayers=e\n");
        unit = load("web.sandbox", 0);
        ck_assert_uint_eq(unit->spec->layers.n, 1);
        ck_assert_str_eq(unit->spec->layers.items[0].text, "e");
}
END_TEST

START_TEST(a_scalar_of_two_files_is_no_mistake) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;

        tree_file("lib/web.sandbox", UNIT("a"));
        tree_file("lib/web.sandbox.d/10.conf", DROP_IN("b"));
        ck_assert_int_eq(unit_load(&search, "web.sandbox", &diags, &unit), 0);
        ck_assert_uint_eq(diags.n, 0);
}
END_TEST

START_TEST(mistakes_of_all_files_are_told) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;
        _cleanup_free_ char *got = NULL;

        tree_file("lib/web.sandbox", "[Sandbox]\nExecStart=/bin/true\nFoooooo=1\n");
        tree_file("etc/web.sandbox.d/10.conf", "[Sandbox]\nBaaaaar=1\n");
        tree_file("lib/web.sandbox.d/20.conf", "Baz\n");
        ck_assert_int_eq(unit_load(&search, "web.sandbox", &diags, &unit), UNIT_E_INVALID);
        got = tree_diags(&diags);
        ck_assert_str_eq(got,
                         "etc/web.sandbox.d/10.conf:2:1: error: there is no Baaaaar= in [Sandbox]\n"
                         "lib/web.sandbox:3:1: error: there is no Foooooo= in [Sandbox]\n"
                         "lib/web.sandbox.d/20.conf:1:1: error: no = in this line: write "
                         "Directive=value, or start a comment with #\n");
}
END_TEST

START_TEST(masks_mask) {
        _cleanup_(unit_freep) Unit *unit = NULL;
        _cleanup_(str_done) Str text = STR_INIT;

        tree_file("lib/web.sandbox", UNIT("lib"));
        tree_file("lib/web.sandbox.d/10.conf", DROP_IN("x"));
        tree_link("etc/web.sandbox", "/dev/null");
        unit = load("web.sandbox", UNIT_E_MASKED);
        ck_assert(unit->masked);
        ck_assert_ptr_nonnull(unit->spec);
        ck_assert_ptr_nonnull(endswith(unit->fragment_path, "/etc/web.sandbox"));
        ck_assert_ptr_null(unit->drop_in_paths);
        ck_assert_int_eq(unit_cat(unit, &text), 0);
        ck_assert_ptr_nonnull(strstr(str_text(&text), "masked"));
        unit = unit_free(unit);

        tree_link("lib/empty.sandbox", "/dev/null");
        tree_file("etc/empty.sandbox", "");
        unit = load("empty.sandbox", UNIT_E_MASKED);
}
END_TEST

START_TEST(an_instance_can_be_masked) {
        _cleanup_(unit_freep) Unit *unit = NULL;

        tree_file("lib/web@.sandbox", UNIT("x"));
        tree_link("etc/web@a.sandbox", "/dev/null");
        unit = load("web@a.sandbox", UNIT_E_MASKED);
        check_description("web@b.sandbox", "x");
}
END_TEST

START_TEST(a_drop_in_can_be_masked) {
        tree_file("lib/web.sandbox", UNIT("fragment"));
        tree_file("lib/web.sandbox.d/10.conf", DROP_IN("drop-in"));
        check_description("web.sandbox", "drop-in");
        tree_link("etc/web.sandbox.d/10.conf", "/dev/null");
        check_description("web.sandbox", "fragment");
}
END_TEST

START_TEST(aliases_are_of_the_unit) {
        _cleanup_(unit_freep) Unit *unit = NULL;

        tree_file("lib/web.sandbox", UNIT("%n"));
        tree_file("etc/web.sandbox.d/10.conf", "[Sandbox]\nMemoryMax=1G\n");
        tree_link("etc/www.sandbox", "@lib/web.sandbox");
        tree_link("etc/w.sandbox", "www.sandbox");
        unit = load("w.sandbox", 0);
        ck_assert_str_eq(unit->name, "web.sandbox");
        ck_assert_str_eq(unit->spec->description, "web.sandbox");
        ck_assert_uint_eq(unit->spec->memory_max, 1u << 30);
        unit = unit_free(unit);
        /* The unit of that name, not the file that the link named. */
        tree_file("etc/web.sandbox", UNIT("etc"));
        check_description("www.sandbox", "etc");
        tree_link("run/same.sandbox", "@lib/same.sandbox");
        tree_file("lib/same.sandbox", UNIT("same"));
        check_description("same.sandbox", "same");
}
END_TEST

START_TEST(aliases_of_templates_keep_the_instance) {
        _cleanup_(unit_freep) Unit *unit = NULL;

        tree_file("lib/web@.sandbox", UNIT("%i"));
        tree_link("etc/www@.sandbox", "@lib/web@.sandbox");
        tree_link("etc/one@x.sandbox", "@lib/web@.sandbox");
        unit = load("www@a.sandbox", 0);
        ck_assert_str_eq(unit->name, "web@a.sandbox");
        ck_assert_str_eq(unit->spec->description, "a");
        unit = unit_free(unit);
        unit = load("one@x.sandbox", 0);
        ck_assert_str_eq(unit->name, "web@x.sandbox");
        unit = unit_free(unit);
        tree_link("etc/plain.sandbox", "@lib/web@.sandbox");
        check_refused("plain.sandbox", "lib/web@.sandbox: error: cannot be an alias of plain");
}
END_TEST

static const struct Link {
        const char *target, *diag;
} links[] = {
        {"/etc/passwd", "etc/web.sandbox: error: leads out of the search path, to /etc/passwd"},
        {"@outside.sandbox", "etc/web.sandbox: error: leads out of the search path"},
        {"../outside.sandbox", "etc/web.sandbox: error: leads out of the search path"},
        {"/dev/zero", "etc/web.sandbox: error: leads out of the search path, to /dev/zero"},
        {"nowhere", "etc/web.sandbox: error: cannot be resolved: No such file"},
        {"web.sandbox", "etc/web.sandbox: error: cannot be resolved: Too many levels"},
        {"@lib/other.txt", "lib/other.txt: error: is not a unit's name"},
        {"@lib", "lib: error: is not a unit's name"},
};

START_TEST(links_out_of_the_search_path_are_refused) {
        tree_file("outside.sandbox", UNIT("x"));
        tree_file("lib/other.txt", UNIT("x"));
        tree_file("lib/web.sandbox", UNIT("must not be taken instead"));
        tree_link("etc/web.sandbox", links[_i].target);
        check_refused("web.sandbox", links[_i].diag);
}
END_TEST

START_TEST(a_drop_in_out_of_the_search_path_is_refused) {
        tree_file("outside.conf", DROP_IN("x"));
        tree_file("lib/web.sandbox", UNIT("x"));
        tree_link("etc/web.sandbox.d/10.conf", "@outside.conf");
        check_refused("web.sandbox", "etc/web.sandbox.d/10.conf: error: leads out");
}
END_TEST

START_TEST(a_drop_in_directory_out_of_the_search_path_is_refused) {
        tree_file("outside/10.conf", DROP_IN("x"));
        tree_file("lib/web.sandbox", UNIT("x"));
        tree_link("etc/web.sandbox.d", "@outside");
        check_refused("web.sandbox", "etc/web.sandbox.d/10.conf: error: leads out");
}
END_TEST

START_TEST(a_drop_in_directory_that_is_none_is_refused) {
        tree_file("lib/web.sandbox", UNIT("x"));
        tree_file("etc/web.sandbox.d", "");
        check_refused("web.sandbox", "etc/web.sandbox.d: error: the drop-ins cannot be listed");
}
END_TEST

static void make_fifo(const char *path) {
        ck_assert_int_eq(mkfifo(path, 0644), 0);
}

static void make_directory(const char *path) {
        ck_assert_int_eq(mkdir(path, 0755), 0);
}

static void make_socket(const char *path) {
        _cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        ck_assert_int_ge(fd, 0);
        ck_assert_int_lt(snprintf(address.sun_path, sizeof(address.sun_path), "%s", path),
                         (int) sizeof(address.sun_path));
        ck_assert_int_eq(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
}

static void make_large(const char *path) {
        _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(ftruncate(fd, 100 << 20), 0);
}

static void make_writable(const char *path) {
        _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fd_write_all(fd, "[Unit]\n", 7), 0);
        ck_assert_int_eq(fchmod(fd, 0666), 0);
}

static const struct Odd {
        void (*make)(const char *path);
        const char *text;
} odd[] = {
        {make_fifo, "is a FIFO; a unit is a regular file"},
        {make_directory, "is a directory; a unit is a regular file"},
        {make_socket, "is a socket; a unit is a regular file"},
        {make_large, "the file is larger than 1 MiB"},
        {make_writable, "everybody can write to the file (mode 0666): chmod o-w"},
};

/* One diagnostic, and none about what the file that was not read does not say. */
START_TEST(what_is_no_file_is_refused) {
        _cleanup_free_ char *path = tree_path("etc/web.sandbox");
        _cleanup_free_ char *expected = strf("etc/web.sandbox: error: %s\n", odd[_i].text);

        tree_directory("etc");
        odd[_i].make(path);
        check_refused("web.sandbox", expected);
}
END_TEST

START_TEST(a_drop_in_that_is_no_file_is_refused) {
        _cleanup_free_ char *path = tree_path("etc/web.sandbox.d/10.conf");
        _cleanup_free_ char *expected =
                strf("etc/web.sandbox.d/10.conf: error: %s\n", odd[_i].text);

        tree_file("lib/web.sandbox", UNIT("x"));
        tree_directory("etc/web.sandbox.d");
        odd[_i].make(path);
        check_refused("web.sandbox", expected);
}
END_TEST

START_TEST(drop_ins_have_a_number) {
        tree_file("lib/web.sandbox", UNIT("x"));
        for (unsigned i = 0; i <= UNIT_DROP_INS_MAX; i++) {
                _cleanup_free_ char *path = strf("etc/web.sandbox.d/%03u.conf", i);

                tree_file(path, "[Unit]\n");
        }
        check_refused("web.sandbox", "etc/web.sandbox.d/256.conf: error: is one too many");
}
END_TEST

/* 4096 assignments are of the unit, not of each of its files. */
START_TEST(assignments_have_a_number) {
        _cleanup_(str_done) Str text = STR_INIT;
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;
        _cleanup_free_ char *got = NULL;

        tree_file("lib/web.sandbox", UNIT("x"));
        ck_assert_int_eq(str_append(&text, "[Sandbox]\n"), 0);
        for (unsigned i = 0; i < 2047; i++) {
                ck_assert_int_eq(str_appendf(&text, "Environment=A%u=1\n", i), 0);
        }
        tree_file("etc/web.sandbox.d/10.conf", str_text(&text));
        tree_file("etc/web.sandbox.d/20.conf", str_text(&text));
        check_description("web.sandbox", "x");
        ck_assert_int_eq(str_append(&text, "Environment=B=1\nEnvironment=C=1\n"), 0);
        tree_file("etc/web.sandbox.d/20.conf", str_text(&text));
        ck_assert_int_eq(unit_load(&search, "web.sandbox", &diags, &unit), UNIT_E_INVALID);
        got = tree_diags(&diags);
        ck_assert_str_eq(got, "etc/web.sandbox.d/20.conf:2049:1: error: more than 4096 "
                              "assignments in one unit, drop-ins included\n");
}
END_TEST

START_TEST(changes_on_disk_are_seen) {
        _cleanup_(unit_freep) Unit *unit = NULL;
        static const struct timespec past[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
        _cleanup_free_ char *path = tree_path("lib/web.sandbox");

        tree_file("lib/web.sandbox", UNIT("a"));
        unit = load("web.sandbox", 0);
        ck_assert(!unit_needs_reload(&search, unit));
        ck_assert_uint_gt(unit->mtime_nsec, 1500000000000000000u);
        tree_file("etc/other.sandbox", UNIT("x"));
        ck_assert(!unit_needs_reload(&search, unit));
        /* a drop-in more */
        tree_file("etc/web.sandbox.d/10.conf", DROP_IN("x"));
        ck_assert(unit_needs_reload(&search, unit));
        unit = (unit_free(unit), load("web.sandbox", 0));
        ck_assert(!unit_needs_reload(&search, unit));
        /* older than before: a restored backup */
        ck_assert_int_eq(utimensat(AT_FDCWD, path, past, 0), 0);
        ck_assert(unit_needs_reload(&search, unit));
        unit = (unit_free(unit), load("web.sandbox", 0));
        ck_assert(!unit_needs_reload(&search, unit));
        /* gone, masked, overridden */
        ck_assert_int_eq(unlink(path), 0);
        ck_assert(unit_needs_reload(&search, unit));
        tree_link("run/web.sandbox", "/dev/null");
        ck_assert(unit_needs_reload(&search, unit));
        unit = (unit_free(unit), load("web.sandbox", UNIT_E_MASKED));
        ck_assert(!unit_needs_reload(&search, unit));
        tree_link("etc/web.sandbox", "nowhere");
        ck_assert(unit_needs_reload(&search, unit));
        /* refused, and then no longer */
        unit = (unit_free(unit), load("web.sandbox", UNIT_E_INVALID));
        ck_assert(!unit_needs_reload(&search, unit));
        tree_file("etc/nowhere", UNIT("etc"));
        ck_assert(unit_needs_reload(&search, unit));
}
END_TEST

START_TEST(units_are_listed) {
        _cleanup_(strv_freep) char **names = NULL;
        _cleanup_free_ char *joined = NULL;

        ck_assert_int_eq(unit_list(&search, &names), 0);
        ck_assert_uint_eq(strv_length(names), 0);
        names = strv_free(names);
        tree_file("lib/web.sandbox", UNIT("x"));
        tree_file("etc/web.sandbox", UNIT("x"));
        tree_file("etc/a@.sandbox", UNIT("x"));
        tree_file("etc/web.sandbox.d/10.conf", DROP_IN("x"));
        tree_file("etc/.b.sandbox", UNIT("x"));
        tree_file("etc/c.service", UNIT("x"));
        tree_link("run/m.sandbox", "/dev/null");
        ck_assert_int_eq(unit_list(&search, &names), 0);
        joined = strv_join(names, " ");
        ck_assert_str_eq(joined, "a@.sandbox m.sandbox web.sandbox");
}
END_TEST

START_TEST(cat_shows_all_files) {
        _cleanup_(str_done) Str text = STR_INIT;
        _cleanup_(unit_freep) Unit *unit = NULL;
        _cleanup_free_ char *expected = NULL;

        tree_file("lib/web.sandbox", UNIT("a"));
        tree_file("etc/web.sandbox.d/10.conf", "[Unit]\n# no line feed");
        unit = load("web.sandbox", 0);
        ck_assert_int_eq(unit_cat(unit, &text), 0);
        expected = strf("# %s/lib/web.sandbox\n" UNIT(
                                "a") "\n# %s/etc/web.sandbox.d/10.conf\n[Unit]\n# no line feed\n",
                        tree_root, tree_root);
        ck_assert_str_eq(str_text(&text), expected);
}
END_TEST

START_TEST(cat_shows_the_others_where_one_cannot_be_read) {
        _cleanup_(str_done) Str text = STR_INIT;
        _cleanup_(unit_freep) Unit *unit = NULL;
        _cleanup_free_ char *fifo = tree_path("etc/web.sandbox.d/10.conf");

        tree_file("lib/web.sandbox", UNIT("a"));
        tree_directory("etc/web.sandbox.d");
        ck_assert_int_eq(mkfifo(fifo, 0644), 0);
        tree_file("etc/web.sandbox.d/20.conf", DROP_IN("b"));
        unit = load("web.sandbox", UNIT_E_INVALID);
        ck_assert_int_eq(unit_cat(unit, &text), 0);
        ck_assert_ptr_nonnull(strstr(str_text(&text), "/10.conf\n# It cannot be read: "));
        ck_assert_ptr_nonnull(strstr(str_text(&text), "/20.conf\n[Unit]\nDescription=b\n"));
}
END_TEST

static int load_path(const char *path, char **ret_diags, Unit **ret) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_free_ char *whole = tree_path(path);
        int r = unit_load_path(&search, whole, &diags, ret);

        *ret_diags = tree_diags(&diags);
        return r;
}

START_TEST(a_path_has_drop_ins_beside_it) {
        _cleanup_free_ char *diags = NULL;
        _cleanup_(unit_freep) Unit *unit = NULL;

        tree_file("work/web.sandbox", UNIT("here"));
        tree_file("etc/web.sandbox.d/10.conf", DROP_IN("etc"));
        ck_assert_int_eq(load_path("work/web.sandbox", &diags, &unit), 0);
        ck_assert_str_eq(unit->spec->description, "here");
        unit = unit_free(unit);
        diags = (free(diags), NULL);
        tree_file("work/web.sandbox.d/10.conf", DROP_IN("beside"));
        ck_assert_int_eq(load_path("work/web.sandbox", &diags, &unit), 0);
        ck_assert_str_eq(unit->spec->description, "beside");
        unit = unit_free(unit);
        diags = (free(diags), NULL);
        /* In the search path it is that unit, and a file of lib counts though etc has one too. */
        tree_file("etc/web.sandbox", UNIT("fragment of etc"));
        tree_file("lib/web.sandbox", UNIT("fragment of lib"));
        ck_assert_int_eq(load_path("lib/web.sandbox", &diags, &unit), 0);
        ck_assert_ptr_nonnull(endswith(unit->fragment_path, "/lib/web.sandbox"));
        ck_assert_str_eq(unit->spec->description, "etc");
}
END_TEST

START_TEST(a_relative_path_is_as_good) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;

        tree_file("work/web.sandbox", "[Sandbox]\nExecStart=/bin/true\nFoooooo=1\n");
        ck_assert_int_eq(chdir(tree_root), 0);
        ck_assert_int_eq(unit_load_path(&search, "work/web.sandbox", &diags, &unit),
                         UNIT_E_INVALID);
        ck_assert_str_eq(diags.diags[0].place.file, "work/web.sandbox");
        unit = unit_free(unit);
        ck_assert_int_eq(chdir("work"), 0);
        ck_assert_int_eq(unit_load_path(&search, "web.sandbox", &diags, &unit), UNIT_E_INVALID);
        ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

static const struct Path {
        const char *path;
        int expected;
        const char *diag;
} paths[] = {
        {"work/no.sandbox", UNIT_E_NOT_FOUND, ""},
        {"nowhere/no.sandbox", UNIT_E_NOT_FOUND, ""},
        {"work/web.conf", UNIT_E_BAD_NAME, ""},
        {"work/.sandbox", UNIT_E_BAD_NAME, ""},
        {"work/fifo.sandbox", UNIT_E_INVALID, "work/fifo.sandbox: error: is a FIFO"},
        {"work/link.sandbox", UNIT_E_INVALID, "work/link.sandbox: error: leads out"},
        {"work/null.sandbox", UNIT_E_MASKED, ""},
};

START_TEST(paths_have_outcomes) {
        _cleanup_free_ char *diags = NULL, *fifo = tree_path("work/fifo.sandbox");
        _cleanup_(unit_freep) Unit *unit = NULL;
        int r;

        tree_file("work/web.conf", UNIT("x"));
        tree_file("etc/out.sandbox", UNIT("x"));
        make_fifo(fifo);
        tree_link("work/link.sandbox", "@etc/out.sandbox");
        tree_link("work/null.sandbox", "/dev/null");
        r = load_path(paths[_i].path, &diags, &unit);
        ck_assert_msg(r == paths[_i].expected, "%s: %d %s", paths[_i].path, r, diags);
        ck_assert_msg(startswith(diags, paths[_i].diag), "%s", diags);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("unit/files");
        TCase *tcase = tcase_create("files");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, the_first_directory_wins);
        tcase_add_test(tcase, what_is_nowhere_is_not_found);
        tcase_add_test(tcase, drop_ins_alone_are_no_unit);
        tcase_add_test(tcase, instances_come_from_templates);
        tcase_add_test(tcase, templates_are_marked);
        tcase_add_loop_test(tcase, drop_ins_have_an_order, 0, ELEMENTS(drop_ins));
        tcase_add_test(tcase, lists_grow_over_files_and_reset);
        tcase_add_test(tcase, a_scalar_of_two_files_is_no_mistake);
        tcase_add_test(tcase, mistakes_of_all_files_are_told);
        tcase_add_test(tcase, masks_mask);
        tcase_add_test(tcase, an_instance_can_be_masked);
        tcase_add_test(tcase, a_drop_in_can_be_masked);
        tcase_add_test(tcase, aliases_are_of_the_unit);
        tcase_add_test(tcase, aliases_of_templates_keep_the_instance);
        tcase_add_loop_test(tcase, links_out_of_the_search_path_are_refused, 0, ELEMENTS(links));
        tcase_add_test(tcase, a_drop_in_out_of_the_search_path_is_refused);
        tcase_add_test(tcase, a_drop_in_directory_out_of_the_search_path_is_refused);
        tcase_add_test(tcase, a_drop_in_directory_that_is_none_is_refused);
        tcase_add_loop_test(tcase, what_is_no_file_is_refused, 0, ELEMENTS(odd));
        tcase_add_loop_test(tcase, a_drop_in_that_is_no_file_is_refused, 0, ELEMENTS(odd));
        tcase_add_test(tcase, drop_ins_have_a_number);
        tcase_add_test(tcase, assignments_have_a_number);
        tcase_add_test(tcase, changes_on_disk_are_seen);
        tcase_add_test(tcase, units_are_listed);
        tcase_add_test(tcase, cat_shows_all_files);
        tcase_add_test(tcase, cat_shows_the_others_where_one_cannot_be_read);
        tcase_add_test(tcase, a_path_has_drop_ins_beside_it);
        tcase_add_test(tcase, a_relative_path_is_as_good);
        tcase_add_loop_test(tcase, paths_have_outcomes, 0, ELEMENTS(paths));
        tcase_set_timeout(tcase, 60);
        suite_add_tcase(suite, tcase);
        return tree_run(suite);
}
