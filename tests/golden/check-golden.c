/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Golden files: NAME.sandbox is read, and what comes of it is compared with NAME.spec (what was
 * set, where) and NAME.plan (scope properties and ops, for both back ends). For each directive
 * there is a unit that sets it; its .plan holds only what differs from directives/default.plan.
 * With SBX_UPDATE_GOLDEN=1 the files are written instead. The host is a made-up one. */

#include "base/fd.h"
#include "plan/build.h"
#include "unit/unit.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define GOLDEN_MAX (1u << 20)

static const HostFacts host = {
        .kernel_major = 6,
        .kernel_minor = 1,
        .cgroup_mode = CGROUP_UNIFIED,
        .cgroup_controllers = 1u << CGROUP_HIERARCHY_UNIFIED | 1u << CGROUP_HIERARCHY_MEMORY |
                              1u << CGROUP_HIERARCHY_PIDS | 1u << CGROUP_HIERARCHY_CPU |
                              1u << CGROUP_HIERARCHY_CPUSET | 1u << CGROUP_HIERARCHY_IO,
        .systemd_booted = true,
        .journal = true,
        .oomd = true,
        .time_namespace = true,
        .cgroup_namespace = true,
        .user_namespace = true,
};

/* Compiled once for all units. */
static FilterCache *filters;

/* Directives that the manager alone acts on; no plan may depend on them. */
static const DirectiveId managers[] = {
        DIRECTIVE_Type,           DIRECTIVE_KillSignal, DIRECTIVE_TimeoutStartSec,
        DIRECTIVE_SendSIGHUP,     DIRECTIVE_TimeoutStopSec, DIRECTIVE_Restart,    DIRECTIVE_RestartSec,
        DIRECTIVE_WantedBy,
};

static char *golden_path(const char *format, ...) _printf_(1, 2);
static char *golden_path(const char *format, ...) {
        _cleanup_(str_done) Str path = STR_INIT;
        va_list list;

        ck_assert_ptr_nonnull(getenv("SBX_SOURCE_ROOT"));
        ck_assert_int_eq(str_appendf(&path, "%s/tests/golden/", getenv("SBX_SOURCE_ROOT")), 0);
        va_start(list, format);
        ck_assert_int_eq(str_vappendf(&path, format, list), 0);
        va_end(list);
        return str_take(&path);
}

/* -- from unit to text -- */

/* Replaces every match by with; a number and blanks behind it go too where digits is set. */
static char *replace(const char *text, const char *match, const char *with, bool digits) {
        _cleanup_(str_done) Str out = STR_INIT;
        const char *found;

        while ((found = strstr(text, match))) {
                ck_assert_int_eq(str_append_n(&out, text, (size_t) (found - text)), 0);
                ck_assert_int_eq(str_append(&out, with), 0);
                text = found + strlen(match);
                if (digits) {
                        text += strspn(text, "0123456789");
                        text += strspn(text, " ");
                }
        }
        ck_assert_int_eq(str_append(&out, text), 0);
        return str_take(&out);
}

/* The lengths of filters depend on libseccomp's version, the paths on where the sources are. */
static char *normalise(const char *text, const char *directory) {
        _cleanup_free_ char *one = replace(text, directory, "", false);

        return replace(one, "instructions=", "instructions=N  ", true);
}

static DeviceSource disk_list[] = {
        {.path = (char *) "/dev/vda", .major = 254, .minor = 0},
        {.path = (char *) "/dev/vdb", .major = 254, .minor = 16},
};
static NodeSource node_list[] = {
        {(char *) "/dev/fuse", (char *) "/dev/fuse", false, 10, 229},
        {(char *) "/dev/disk/by-id/data", (char *) "/dev/vdb", true, 254, 16},
        {(char *) "/dev/null", (char *) "/dev/null", false, 1, 3},
        {(char *) "char-pts", NULL, false, 136, NODE_ANY},
};
static const DeviceSources disks = {disk_list, ELEMENTS(disk_list), node_list,
                                    ELEMENTS(node_list)};

static LayerSources made_up_layers(const Spec *spec) {
        LayerSources layers = {.sources = calloc(spec->layers.n + 1, sizeof(LayerSource))};

        ck_assert_ptr_nonnull(layers.sources);
        for (size_t i = 0; i < spec->layers.n; i++) {
                const ValueItem *item = &spec->layers.items[i];
                bool image = streq(item->text, "busybox");

                layers.sources[layers.n++] = (LayerSource){
                        .name = strdup(item->text),
                        .path = strf("/usr/lib/sbx/layers/%s%s", item->text, image ? ".erofs" : ""),
                        .image = image,
                        .place = item->place};
        }
        if (layers.n == 0) {
                const char *path = spec->root_image       ? spec->root_image
                                   : spec->root_directory ? spec->root_directory
                                                          : "/";

                layers.sources[layers.n++] = (LayerSource){
                        .path = strdup(path),
                        .image = spec->root_image != NULL,
                        .place = spec->places[spec->root_image ? DIRECTIVE_RootImage
                                                               : DIRECTIVE_RootDirectory]};
        }
        return layers;
}

static void print_diags(const DiagList *diags) {
        for (size_t i = 0; i < diags->n; i++) {
                _cleanup_(str_done) Str text = STR_INIT;

                ck_assert_int_eq(diag_format(&diags->diags[i], &text), 0);
                fprintf(stderr, "%s\n", str_text(&text));
        }
}

static Unit *load_unit(const char *path) {
        UnitSearch search = {};
        DiagList diags = {};
        Unit *unit = NULL;
        int r = unit_load_path(&search, path, &diags, &unit);

        print_diags(&diags);
        ck_assert_msg(r == 0, "%s: %d", path, r);
        diag_list_done(&diags);
        unit_search_done(&search);
        return unit;
}

static int append_value(Str *out, const Spec *spec, const Directive *directive, bool defaults) {
        _cleanup_(strv_freep) char **values = NULL;
        const Place *place = &spec->places[directive->id];
        int r;

        if (directive->record || (!spec->set[directive->id] && !defaults)) {
                return 0;
        }
        r = spec_format(spec, directive, &values);
        STRV_FOREACH (value, values) {
                if (r == 0) {
                        r = str_appendf(out, "[%s] %s=%s", directive->section, directive->name,
                                        *value);
                }
                if (r == 0 && place->file) {
                        r = str_appendf(out, "  %s:%u:%u", place->file, place->line, place->column);
                }
                if (r == 0) {
                        r = str_append_char(out, '\n');
                }
        }
        return r;
}

static char *spec_text(const Unit *unit, const char *directory, bool defaults) {
        _cleanup_(str_done) Str out = STR_INIT;

        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                ck_assert_int_eq(append_value(&out, unit->spec, &directive_table[i], defaults), 0);
        }
        for (size_t i = 0; i < unit->spec->n_ports; i++) {
                const PortSpec *port = &unit->spec->ports[i];

                ck_assert_int_eq(str_appendf(&out, "[Port %s] Listen=%s Target=%s\n", port->name,
                                             port->listen, port->target ? port->target : ""),
                                 0);
        }
        return normalise(str_text(&out), directory);
}

#define REFUSES " refuses\n"

/* What a back end cannot do is as much part of the result as what it does. */
static void append_refusals(Str *out, Backend backend, const DiagList *diags) {
        ck_assert_int_eq(str_appendf(out, "backend %s" REFUSES, backend_name(backend)), 0);
        for (size_t i = 0; i < diags->n; i++) {
                ck_assert_int_eq(diag_format(&diags->diags[i], out), 0);
                ck_assert_int_eq(str_append_char(out, '\n'), 0);
        }
}

static char *backend_text(const Unit *unit, const char *directory, Backend backend) {
        static char *const manager[] = {(char *) "MADE_UP=passed on", NULL};
        static char *const files[] = {(char *) "FROM_A_FILE=made up", NULL};
        LayerSources layers = made_up_layers(unit->spec);
        _cleanup_(launch_plan_freep) LaunchPlan *launch = NULL;
        _cleanup_(str_done) Str out = STR_INIT;
        DiagList diags = {};
        const PlanInput input = {
                .unit_name = "golden.sandbox",
                .spec = unit->spec,
                .layers = &layers,
                .devices = &disks,
                .host = &host,
                .backend = backend,
                .invocation = "0123456789abcdef0123456789abcdef",
                .filters = filters,
                .variables = {.manager = manager,
                              .files = unit->spec->environment_file.n > 0 ? files : NULL},
        };
        int r = launch_plan_build(&input, &diags, &launch);

        if (r == PLAN_E_UNSUPPORTED) {
                append_refusals(&out, backend, &diags);
        } else {
                print_diags(&diags);
                ck_assert_msg(r == 0, "%s: %d", unit->name, r);
                ck_assert_int_eq(launch_plan_format(launch, backend, &out), 0);
        }
        diag_list_done(&diags);
        layer_sources_done(&layers);
        return normalise(str_text(&out), directory);
}

static char *plan_text(const Unit *unit, const char *directory) {
        _cleanup_(str_done) Str out = STR_INIT;

        for (Backend backend = 0; backend < _BACKEND_MAX; backend++) {
                _cleanup_free_ char *text = backend_text(unit, directory, backend);

                ck_assert_int_eq(str_append(&out, text), 0);
        }
        return str_take(&out);
}

/* -- comparing -- */

static void compare_with_file(const char *path, const char *text) {
        const char *update = getenv("SBX_UPDATE_GOLDEN");
        _cleanup_free_ char *expected = NULL;
        size_t size;
        int r;

        if (update && streq(update, "1")) {
                _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

                ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
                return;
        }
        r = file_read_at(AT_FDCWD, path, GOLDEN_MAX, &expected, &size);
        ck_assert_msg(r == 0, "%s: %s; SBX_UPDATE_GOLDEN=1 writes it", path, strerror(-r));
        if (!streq(expected, text)) {
                ck_abort_msg("%s differs; SBX_UPDATE_GOLDEN=1 writes it anew. It is now:\n%s", path,
                             text);
        }
}

/* Lines with runs of blanks made one: columns depend on the longest line. */
static char **lines_of(const char *text) {
        char **lines = NULL;

        while (*text) {
                size_t n = strcspn(text, "\n");
                _cleanup_(str_done) Str line = STR_INIT;

                for (size_t i = 0; i < n; i++) {
                        if (text[i] != ' ' || (i > 0 && text[i - 1] != ' ')) {
                                ck_assert_int_eq(str_append_char(&line, text[i]), 0);
                        }
                }
                ck_assert_int_eq(strv_append(&lines, str_text(&line)), 0);
                text += n + (text[n] == '\n');
        }
        return lines;
}

static void append_changed(Str *out, char sign, const char *line) {
        ck_assert_ptr_nonnull(line);
        ck_assert_int_eq(str_append_char(out, sign), 0);
        ck_assert_int_eq(str_append(out, line), 0);
        ck_assert_int_eq(str_append_char(out, '\n'), 0);
}

/* The longest common subsequence, printed as diff does without context; a refusal is printed whole,
 * and nothing of what is not done because of it. */
static char *difference(const char *before, const char *after) {
        _cleanup_(strv_freep) char **a = lines_of(before), **b = lines_of(after);
        size_t n = strv_length(a), m = strv_length(b), width = m + 1;
        _cleanup_free_ unsigned *common = calloc((n + 1) * width, sizeof(unsigned));
        _cleanup_(str_done) Str out = STR_INIT;

        ck_assert_ptr_nonnull(common);
        n = strstr(after, REFUSES) ? 0 : n;
        for (size_t i = n; i-- > 0;) {
                for (size_t j = m; j-- > 0;) {
                        common[i * width + j] = streq(a[i], b[j])
                                                        ? common[(i + 1) * width + j + 1] + 1
                                                        : MAX(common[(i + 1) * width + j],
                                                              common[i * width + j + 1]);
                }
        }
        for (size_t i = 0, j = 0; i < n || j < m;) {
                if (i < n && j < m && streq(a[i], b[j])) {
                        i++;
                        j++;
                } else if (j >= m ||
                           (i < n && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
                        append_changed(&out, '-', a[i++]);
                } else {
                        append_changed(&out, '+', b[j++]);
                }
        }
        return str_take(&out);
}

/* -- tests -- */

/* The last shows all that is a default. */
static const char *const whole[] = {"web", "database", "loose", "tight", "directives/default"};

START_TEST(unit_gives_this_spec_and_this_plan) {
        const char *name = whole[_i];
        bool defaults = _i == ELEMENTS(whole) - 1;
        _cleanup_free_ char *path = golden_path("%s.sandbox", name);
        _cleanup_free_ char *directory =
                defaults ? golden_path("directives/") : golden_path("%s", "");
        _cleanup_free_ char *spec_path = golden_path("%s.spec", name);
        _cleanup_free_ char *plan_path = golden_path("%s.plan", name);
        _cleanup_(unit_freep) Unit *unit = load_unit(path);
        _cleanup_free_ char *spec = spec_text(unit, directory, defaults);
        _cleanup_free_ char *plan = plan_text(unit, directory);

        compare_with_file(spec_path, spec);
        compare_with_file(plan_path, plan);
}
END_TEST

static bool is_managers(DirectiveId id) {
        for (size_t i = 0; i < ELEMENTS(managers); i++) {
                if (managers[i] == id) {
                        return true;
                }
        }
        return false;
}

/* A directive that nobody acts on cannot be forgotten: its unit is missing, or gives no difference.
 */
START_TEST(directive_changes_this_of_the_plan) {
        const Directive *directive = &directive_table[_i];
        const char *prefix = directive->record ? "PORT_" : "";
        _cleanup_free_ char *directory = golden_path("directives/");
        _cleanup_free_ char *default_path = golden_path("directives/default.sandbox");
        _cleanup_free_ char *path = golden_path("directives/%s%s.sandbox", prefix, directive->name);
        _cleanup_free_ char *spec_path =
                golden_path("directives/%s%s.spec", prefix, directive->name);
        _cleanup_free_ char *plan_path =
                golden_path("directives/%s%s.plan", prefix, directive->name);
        _cleanup_(unit_freep) Unit *unit = load_unit(path), *standard = load_unit(default_path);
        _cleanup_free_ char *file = strf("%s%s.sandbox", prefix, directive->name);
        _cleanup_free_ char *spec = spec_text(unit, directory, false);
        _cleanup_(str_done) Str change = STR_INIT;

        for (Backend backend = 0; backend < _BACKEND_MAX; backend++) {
                _cleanup_free_ char *plan = backend_text(unit, directory, backend);
                _cleanup_free_ char *before = backend_text(standard, directory, backend);
                _cleanup_free_ char *same = replace(before, "default.sandbox", file, false);
                _cleanup_free_ char *part = difference(same, plan);

                ck_assert_int_eq(str_append(&change, part), 0);
        }
        ck_assert(directive->record || unit->spec->set[directive->id]);
        ck_assert_msg((change.length == 0) == is_managers(directive->id),
                      "%s=: the plan %s; see managers[]", directive->name,
                      change.length == 0 ? "does not change" : "changes");
        compare_with_file(spec_path, spec);
        compare_with_file(plan_path, str_text(&change));
}
END_TEST

static bool is_expected(const char *stem) {
        if (streq(stem, "default")) {
                return true;
        }
        return startswith(stem, "PORT_") ? directive_find("Port", stem + 5) != NULL
                                         : directive_find_name(stem) != NULL;
}

START_TEST(no_file_is_left_over) {
        _cleanup_free_ char *path = golden_path("directives");
        DIR *directory = opendir(path);

        ck_assert_ptr_nonnull(directory);
        for (struct dirent *entry; (entry = readdir(directory));) {
                char *dot = strrchr(entry->d_name, '.');

                if (entry->d_name[0] == '.' || !dot) {
                        continue;
                }
                *dot = '\0';
                ck_assert_msg(is_expected(entry->d_name), "%s: no such directive", entry->d_name);
        }
        closedir(directory);
}
END_TEST

/* Before any test, which may run in a process of its own. */
static void compile_filters(void) {
        const OpBlob *arguments, *calls;
        Spec *spec;

        ck_assert_int_eq(spec_new(&spec), 0);
        ck_assert_int_eq(filter_cache_new(&filters), 0);
        ck_assert_int_eq(filter_cache_get(filters, spec, &arguments, &calls), 0);
        (void) spec_free(spec);
}

static void release_filters(void) {
        filters = filter_cache_free(filters);
}

int main(void) {
        Suite *suite = suite_create("golden");
        TCase *tcase = tcase_create("files");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tcase, 60);
        tcase_add_unchecked_fixture(tcase, compile_filters, release_filters);
        tcase_add_loop_test(tcase, unit_gives_this_spec_and_this_plan, 0, ELEMENTS(whole));
        tcase_add_loop_test(tcase, directive_changes_this_of_the_plan, 0, _DIRECTIVE_MAX);
        tcase_add_test(tcase, no_file_is_left_over);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
