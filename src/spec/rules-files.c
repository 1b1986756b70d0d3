/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rules about the root and the files in it. */

#include "spec/rule-checks.h"

#include "base/path.h"

#define LAYERS_MAX 499u /* overlayfs takes 500 directories, one of them the upper */

/* Mount points that every root has from sbx itself: nothing may be put over or below them. */
static const char *const reserved_paths[] = {"/proc", "/sys", "/dev/pts", "/dev/mqueue"};

RULE_CHECK(root_or_layers) {
        if (spec->root_directory && spec->layers.n > 0) {
                report_here(rule,
                            "It cannot stand beside Layers=: a root is one directory, or layers; "
                            "remove one of the two");
        }
        return 0;
}

RULE_CHECK(root_image_alone) {
        if (spec->root_image && (spec->root_directory || spec->layers.n > 0)) {
                report_here(
                        rule,
                        "It cannot stand beside %s=: the image is the whole root; remove one of "
                        "the two",
                        spec->root_directory ? "RootDirectory" : "Layers");
        }
        return 0;
}

/* One name of a layer: a file name that no path or option can hide in. */
static bool layer_name_is_valid(const char *name) {
        static const char allowed[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-+@";
        size_t n = strlen(name);

        return n > 0 && n < 248 && name[0] != '.' && name[0] != '-' && strspn(name, allowed) == n;
}

RULE_CHECK(layer_names) {
        for (size_t i = 0; i < spec->layers.n; i++) {
                const ValueItem *item = &spec->layers.items[i];

                if (!layer_name_is_valid(item->text)) {
                        report(rule, &item->place,
                               "\"%.80s\" is no name of a layer; write letters, digits and "
                               "\"_.-+@\", without "
                               "a path: layers are looked up in the layer directories",
                               item->text);
                }
                for (size_t j = 0; j < i; j++) {
                        if (streq(spec->layers.items[j].text, item->text)) {
                                report(rule, &item->place,
                                       "The layer %.80s is named twice; remove one", item->text);
                                break;
                        }
                }
        }
        return 0;
}

RULE_CHECK(layer_count) {
        if (spec->layers.n > LAYERS_MAX) {
                report(rule, &spec->layers.items[LAYERS_MAX].place,
                       "There are %zu layers; the kernel's overlay takes %u", spec->layers.n,
                       LAYERS_MAX);
        }
        return 0;
}

RULE_CHECK(overlay_size) {
        if (spec->set[rule->directive] && spec->root_upper == ROOT_UPPER_NONE) {
                report_here(rule,
                            "It has no meaning with RootUpper=none, which holds no writes; remove "
                            "one of the lines");
        }
        return 0;
}

static void check_destination(const Rule *rule, const ValueItem *item, const char *path,
                              DiagList *diags) {
        if (streq(path, "/dev")) {
                report(rule, &item->place,
                       "/dev is made by sbx; use PrivateDevices=no for the host's");
                return;
        }
        for (size_t i = 0; i < ELEMENTS(reserved_paths); i++) {
                if (path_is_below(path, reserved_paths[i])) {
                        report(rule, &item->place,
                               "Nothing can be mounted at \"%.80s\": %s is made by sbx; choose "
                               "another "
                               "place inside",
                               path, reserved_paths[i]);
                        return;
                }
        }
}

RULE_CHECK(bind_destination) {
        for (size_t i = 0; i < spec->bind_paths.n; i++) {
                check_destination(rule, &spec->bind_paths.items[i],
                                  spec->bind_paths.items[i].second, diags);
        }
        return 0;
}

RULE_CHECK(bind_read_only_destination) {
        const ValueList *binds = &spec->bind_read_only_paths;

        for (size_t i = 0; i < binds->n; i++) {
                check_destination(rule, &binds->items[i], binds->items[i].second, diags);
        }
        return 0;
}

RULE_CHECK(tmpfs_destination) {
        const ValueList *list = &spec->temporary_file_system;

        for (size_t i = 0; i < list->n; i++) {
                check_destination(rule, &list->items[i], list->items[i].text, diags);
        }
        return 0;
}

typedef struct Destination {
        const char *path;
        const ValueItem *item;
        DirectiveId directive;
} Destination;

static int destination_compare(const void *a, const void *b) {
        const Destination *x = a, *y = b;
        int order = strcmp(x->path, y->path);

        if (order != 0) {
                return order;
        }
        return (x->directive > y->directive) - (x->directive < y->directive);
}

/* Sorted, since lists may be long and a quadratic look would take a manager's time. */
RULE_CHECK(destination_twice) {
        const struct {
                const ValueList *list;
                DirectiveId directive;
        } lists[] = {
                {&spec->bind_paths, DIRECTIVE_BindPaths},
                {&spec->bind_read_only_paths, DIRECTIVE_BindReadOnlyPaths},
                {&spec->temporary_file_system, DIRECTIVE_TemporaryFileSystem},
        };
        _cleanup_free_ Destination *all = NULL;
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTS(lists); i++) {
                n += lists[i].list->n;
        }
        all = calloc(MAX(n, (size_t) 1), sizeof(*all));
        if (!all) {
                return -ENOMEM;
        }
        n = 0;
        for (size_t i = 0; i < ELEMENTS(lists); i++) {
                for (size_t j = 0; j < lists[i].list->n; j++) {
                        const ValueItem *item = &lists[i].list->items[j];

                        all[n++] = (Destination){.path = item->second && i < 2 ? item->second
                                                                               : item->text,
                                                 .item = item,
                                                 .directive = lists[i].directive};
                }
        }
        qsort(all, n, sizeof(*all), destination_compare);
        for (size_t i = 1; i < n; i++) {
                if (streq(all[i].path, all[i - 1].path)) {
                        diag_add(diags, rule->severity, &all[i].item->place,
                                 directive_table[all[i].directive].name,
                                 "\"%.80s\" is mounted twice, here and by %s=; remove one",
                                 all[i].path, directive_table[all[i - 1].directive].name);
                }
        }
        return 0;
}

RULE_CHECK(inaccessible_root) {
        for (size_t i = 0; i < spec->inaccessible_paths.n; i++) {
                const ValueItem *item = &spec->inaccessible_paths.items[i];

                if (streq(item->text, "/")) {
                        report(rule, &item->place,
                               "\"/\" cannot be made inaccessible: nothing could be executed; name "
                               "paths below it");
                }
        }
        return 0;
}

/* An exception without a rule around it may be meant to open what another directive closes. */
static int check_exception(const Rule *rule, const ValueList *exceptions, const ValueList *rules,
                           const char *name, DiagList *diags) {
        for (size_t i = 0; i < exceptions->n && rules->n == 0; i++) {
                report(rule, &exceptions->items[i].place,
                       "\"%.80s\" has no effect without %s=, from which it is an exception",
                       exceptions->items[i].text, name);
        }
        return 0;
}

RULE_CHECK(read_write_alone) {
        return check_exception(rule, &spec->read_write_paths, &spec->read_only_paths,
                               "ReadOnlyPaths", diags);
}

RULE_CHECK(exec_alone) {
        return check_exception(rule, &spec->exec_paths, &spec->no_exec_paths, "NoExecPaths", diags);
}
