/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* DeviceAllow= to nodes and drivers of this host. */

#include "tree.h"

#include "spec/device.h"

/* What the lines ask for, a line each: "name path kind major:minor". */
static int resolve(const char *lines, char **ret_diags, char **ret) {
        _cleanup_free_ char *text = strf("[Sandbox]\nExecStart=/bin/true\n%s", lines);
        _cleanup_(device_sources_done) DeviceSources found = {};
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;
        _cleanup_(str_done) Str out = STR_INIT;
        int r;

        ck_assert_int_eq(unit_load_bytes("web.sandbox", "t", text, strlen(text), &diags, &unit), 0);
        r = unit_resolve_devices(unit->spec, NULL, &diags, &found);
        for (size_t i = 0; i < found.n_nodes; i++) {
                const NodeSource *node = &found.nodes[i];

                ck_assert_int_eq(str_appendf(&out, "%s %s %s %d:%d\n", node->name,
                                             node->path ? node->path : "-",
                                             node->block ? "block" : "char", (int) node->major,
                                             (int) node->minor),
                                 0);
        }
        *ret_diags = tree_diags(&diags);
        *ret = str_take(&out);
        return r;
}

static const struct Case {
        const char *lines;
        int expected;
        const char *nodes, *diag;
} cases[] = {
        {"", 0, "", ""},
        {"DeviceAllow=/dev/null r\n", 0, "/dev/null /dev/null char 1:3\n", ""},
        {"DeviceAllow=/dev/null r\nDeviceAllow=/dev/null w\n", 0, "/dev/null /dev/null char 1:3\n",
         ""},
        {"DeviceAllow=-/dev/no/such\nDeviceAllow=-char-no-such\n", 0, "", ""},
        {"DeviceAllow=char-*\nDeviceAllow=block-12\n", 0,
         "char-* - char -1:-1\nblock-12 - block 12:-1\n", ""},
        {"DeviceAllow=char-mem\n", 0, "char-mem - char 1:-1\n", ""},
        {"DeviceAllow=char-me[m]\n", 0, "char-me[m] - char 1:-1\n", ""},
        {"DeviceAllow=/dev/no/such\n", UNIT_E_INVALID, "",
         "t:3:13: error: DeviceAllow=: /dev/no/such is not there: make it before the start"},
        {"DeviceAllow=/dev/null/x\n", UNIT_E_INVALID, "",
         "t:3:13: error: DeviceAllow=: /dev/null/x is not there"},
        {"DeviceAllow=/dev/shm\n", UNIT_E_INVALID, "",
         "t:3:13: error: DeviceAllow=: /dev/shm is no device node"},
        {"DeviceAllow=-/dev/shm\n", UNIT_E_INVALID, "",
         "t:3:13: error: DeviceAllow=: /dev/shm is no device node"},
        /* of the block devices none is called so */
        {"DeviceAllow=block-mem\n", UNIT_E_INVALID, "",
         "t:3:13: error: DeviceAllow=: block-mem fits no driver of /proc/devices"},
        {"DeviceAllow=char-4096\n", UNIT_E_INVALID, "",
         "t:3:13: error: DeviceAllow=: char-4096 fits no driver"},
        /* all mistakes at once; what a failure found before is freed */
        {"DeviceAllow=/dev/null\nDeviceAllow=/dev/a\nDeviceAllow=/dev/b\n", UNIT_E_INVALID, "",
         "t:4:13: error: DeviceAllow=: /dev/a is not there: make it before the start, or write - "
         "before it to do without\nt:5:13: error: DeviceAllow=: /dev/b is not there"},
};

START_TEST(nodes_and_drivers_are_found) {
        const struct Case *c = &cases[_i];
        _cleanup_free_ char *diags = NULL, *nodes = NULL;

        ck_assert_int_eq(resolve(c->lines, &diags, &nodes), c->expected);
        ck_assert_str_eq(nodes, c->nodes);
        ck_assert_msg(startswith(diags, c->diag), "%s: %s", c->lines, diags);
}
END_TEST

START_TEST(a_plan_fits_the_nodes_that_it_was_made_for) {
        NodeSource one = {(char *) "/dev/a", (char *) "/dev/b", true, 8, 1}, other = one;
        const DeviceSources none = {}, a = {.nodes = &one, .n_nodes = 1},
                            b = {.nodes = &other, .n_nodes = 1};

        ck_assert(!device_sources_equal(&a, &none));
        ck_assert(device_sources_equal(&a, &b));
        other.minor = 2;
        ck_assert(!device_sources_equal(&a, &b));
        other = one;
        other.path = NULL;
        ck_assert(!device_sources_equal(&a, &b));
        other = one;
        other.block = false;
        ck_assert(!device_sources_equal(&a, &b));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("unit/nodes");
        TCase *tcase = tcase_create("nodes");

        tcase_add_loop_test(tcase, nodes_and_drivers_are_found, 0, ELEMENTS(cases));
        tcase_add_test(tcase, a_plan_fits_the_nodes_that_it_was_made_for);
        suite_add_tcase(suite, tcase);
        return tree_run(suite);
}
