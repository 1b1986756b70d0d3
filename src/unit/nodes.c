/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/nodes.h"

#include "base/fd.h"
#include "base/parse.h"
#include "base/path.h"
#include "unit/unit.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define DRIVERS_SIZE_MAX 65536u
#define MAJOR_MAX ((1u << 12) - 1)

static bool is_known(const DeviceSources *found, const char *name) {
        for (size_t i = 0; i < found->n_nodes; i++) {
                if (streq(found->nodes[i].name, name)) {
                        return true;
                }
        }
        return false;
}

/* Name and path are copied. */
static int add_node(DeviceSources *found, NodeSource node) {
        const char *path = node.path;
        NodeSource *grown;

        grown = reallocarray(found->nodes, found->n_nodes + 1, sizeof(NodeSource));
        if (!grown) {
                return -ENOMEM;
        }
        found->nodes = grown;
        node.name = strdup(node.name);
        node.path = path ? strdup(path) : NULL;
        if (!node.name || (path && !node.path)) {
                free(node.name);
                free(node.path);
                return -ENOMEM;
        }
        grown[found->n_nodes++] = node;
        return 0;
}

/* Links such as those of /dev/disk are followed as far as they stay below /dev: what others lead to
 * is no device that the unit's author saw there. -EXDEV: out of /dev; -ENODEV: no node. */
static int find_node(DeviceSources *found, const char *name) {
        char path[PATH_MAX];
        struct stat st;

        if (!realpath(name, path)) {
                return negative_errno();
        }
        if (!path_is_below(path, "/dev") || !path_is_safe(path)) {
                return -EXDEV;
        }
        if (lstat(path, &st) < 0) {
                return negative_errno();
        }
        if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)) {
                return -ENODEV;
        }
        return add_node(found, (NodeSource){.name = (char *) name,
                                            .path = path,
                                            .block = S_ISBLK(st.st_mode),
                                            .major = major(st.st_rdev),
                                            .minor = minor(st.st_rdev)});
}

/* One line of /proc/devices; 1 where it fits, and a heading changes *block. */
static int add_driver(DeviceSources *found, const char *name, const char *pattern, char *line,
                      bool wanted, bool *block) {
        unsigned number;
        int offset = 0, r;

        if (startswith(line, "Block devices:")) {
                *block = true;
        }
        if (*block != wanted || sscanf(line, "%u %n", &number, &offset) != 1 || offset == 0 ||
            number > MAJOR_MAX || fnmatch(pattern, line + offset, 0) != 0) {
                return 0;
        }
        r = add_node(found, (NodeSource){.name = (char *) name,
                                         .block = wanted,
                                         .major = number,
                                         .minor = NODE_ANY});
        return r < 0 ? r : 1;
}

static int find_in_list(DeviceSources *found, const char *name, const char *pattern, bool block) {
        _cleanup_free_ char *text = NULL;
        char *rest = NULL;
        bool section = false;
        int r, matches = 0;

        r = file_read_at(AT_FDCWD, "/proc/devices", DRIVERS_SIZE_MAX, &text, NULL);
        if (r < 0) {
                return r;
        }
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                r = add_driver(found, name, pattern, line, block, &section);
                if (r < 0) {
                        return r;
                }
                matches += r;
        }
        return matches > 0 ? 0 : -ESRCH;
}

/* As with systemd: a number is a major one, and * all of a kind. -ESRCH: no such driver. */
static int find_drivers(DeviceSources *found, const char *name, const char *driver, bool block) {
        NodeSource all = {
                .name = (char *) name, .block = block, .major = NODE_ANY, .minor = NODE_ANY};

        if (streq(driver, "*") || (parse_u32(driver, &all.major) == 0 && all.major <= MAJOR_MAX)) {
                return add_node(found, all);
        }
        return find_in_list(found, name, driver, block);
}

static const char *explain(int fault) {
        switch (fault) {
        case -ENOENT:
        case -ENOTDIR:
                return "is not there: make it before the start, or write - before it to do without";
        case -EXDEV:
                return "leads out of /dev: name the node itself";
        case -ENODEV:
                return "is no device node";
        case -ESRCH:
                return "fits no driver of /proc/devices: load its module before the start, or "
                       "write "
                       "- before it to do without";
        default:
                return strerror(-fault);
        }
}

static bool may_be_missing(const ValueItem *item, int fault) {
        return (item->flags & VALUE_MISSING_OK) != 0 &&
               (fault == -ENOENT || fault == -ENOTDIR || fault == -ESRCH);
}

static int resolve(const ValueItem *item, DiagList *diags, DeviceSources *found) {
        const char *block = startswith(item->text, "block-"),
                   *driver = block ? block : startswith(item->text, "char-");
        int r;

        if (is_known(found, item->text)) {
                return 0;
        }
        r = driver ? find_drivers(found, item->text, driver, block != NULL)
                   : find_node(found, item->text);
        if (r == -ENOMEM || r == 0 || may_be_missing(item, r)) {
                return r == -ENOMEM ? r : 0;
        }
        if (!diags) {
                return 0;
        }
        diag_add(diags, DIAG_ERROR, &item->place, "DeviceAllow", "%s %s", item->text, explain(r));
        return UNIT_E_INVALID;
}

int nodes_resolve(const ValueList *list, DiagList *diags, DeviceSources *found) {
        int outcome = 0;

        assert(list);
        assert(found);

        for (size_t i = 0; i < list->n; i++) {
                int r = resolve(&list->items[i], diags, found);

                if (r < 0) {
                        return r;
                }
                outcome = r > 0 ? r : outcome;
        }
        return outcome;
}
