/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/unit.h"

#include "base/fd.h"
#include "unit/nodes.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* The disk behind a path, as systemd finds it for IODeviceWeight= and its kin: a node is itself,
 * any other file the file system that it lies on; then what a mapping and a partition lie on. */

#define MAPPINGS_MAX 8

/* The number in a file of sysfs, "8:0". False where there is none. */
static bool read_number(const char *path, dev_t *ret) {
        _cleanup_free_ char *text = NULL;
        unsigned major_number, minor_number;

        if (file_read_at(AT_FDCWD, path, 64, &text, NULL) < 0 ||
            sscanf(text, "%u:%u", &major_number, &minor_number) != 2) {
                return false;
        }
        *ret = makedev(major_number, minor_number);
        return true;
}

/* A mapping (of LUKS, LVM) of one disk is that disk; of several it is itself. */
static bool follow_mapping(dev_t *number) {
        _cleanup_free_ char *path =
                strf("/sys/dev/block/%u:%u/slaves", major(*number), minor(*number));
        _cleanup_free_ char *found = NULL;
        struct dirent *entry;
        DIR *directory;
        size_t n = 0;

        directory = path ? opendir(path) : NULL;
        if (!directory) {
                return false;
        }
        while ((entry = readdir(directory))) {
                if (entry->d_name[0] != '.' && n++ == 0) {
                        found = strf("%s/%s/dev", path, entry->d_name);
                }
        }
        closedir(directory);
        return n == 1 && found && read_number(found, number);
}

static void follow_partition(dev_t *number) {
        _cleanup_free_ char *partition =
                strf("/sys/dev/block/%u:%u/partition", major(*number), minor(*number));
        _cleanup_free_ char *whole =
                strf("/sys/dev/block/%u:%u/../dev", major(*number), minor(*number));
        struct stat st;

        if (partition && whole && stat(partition, &st) == 0) {
                (void) read_number(whole, number);
        }
}

/* 0, or -errno: -ENOTBLK for a character device, -ENODEV where the file system has no disk. */
static int find_disk(const char *path, dev_t *ret) {
        struct stat st;
        dev_t number;

        if (stat(path, &st) < 0) {
                return negative_errno();
        }
        if (S_ISCHR(st.st_mode)) {
                return -ENOTBLK;
        }
        number = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
        if (major(number) == 0) {
                return -ENODEV;
        }
        for (int i = 0; i < MAPPINGS_MAX && follow_mapping(&number); i++) {
        }
        follow_partition(&number);
        *ret = number;
        return 0;
}

int unit_disk_name(uint32_t major_number, uint32_t minor_number, char **ret) {
        _cleanup_free_ char *path = strf("/sys/dev/block/%u:%u/uevent", major_number, minor_number);
        _cleanup_free_ char *text = NULL;
        const char *name = NULL;

        assert(ret);

        if (!path) {
                return -ENOMEM;
        }
        if (file_read_at(AT_FDCWD, path, 4096, &text, NULL) == 0) {
                name = strstr(text, "DEVNAME=");
        }
        if (name) {
                name += strlen("DEVNAME=");
                *ret = strf("/dev/%.*s", (int) strcspn(name, "\n"), name);
        } else {
                *ret = strf("/dev/block/%u:%u", major_number, minor_number);
        }
        return *ret ? 0 : -ENOMEM;
}

static int add_device(DeviceSources *found, const char *path, dev_t number) {
        DeviceSource *grown;

        grown = reallocarray(found->sources, found->n + 1, sizeof(DeviceSource));
        if (!grown) {
                return -ENOMEM;
        }
        found->sources = grown;
        grown[found->n] = (DeviceSource){
                .path = strdup(path), .major = major(number), .minor = minor(number)};
        if (!grown[found->n].path) {
                return -ENOMEM;
        }
        found->n++;
        return 0;
}

/* 0, UNIT_E_INVALID with a diagnostic, or -ENOMEM. Without diags what is not there is left out. */
static int resolve(const Directive *directive, const ValueItem *item, DiagList *diags,
                   DeviceSources *found) {
        dev_t number = 0;
        int r;

        if (device_sources_find(found, item->text)) {
                return 0;
        }
        r = find_disk(item->text, &number);
        if (r == 0) {
                return add_device(found, item->text, number);
        }
        if (!diags) {
                return 0;
        }
        diag_add(diags, DIAG_ERROR, &item->place, directive->name,
                 r == -ENOTBLK ? "%s is no disk but a character device%s"
                 : r == -ENODEV
                         ? "%s lies on a file system whose disk is not known: name the disk's "
                           "own node below /dev%s"
                         : "%s: %s",
                 item->text, r == -ENOTBLK || r == -ENODEV ? "" : strerror(-r));
        return UNIT_E_INVALID;
}

static bool names_disks(const Directive *directive) {
        ValueKind kind = directive->type->kind;

        return kind == VALUE_DEVICE_RATES || kind == VALUE_DEVICE_WEIGHTS ||
               kind == VALUE_DEVICE_TIMES;
}

int unit_resolve_devices(const Spec *spec, const bool *wanted, DiagList *diags,
                         DeviceSources *ret) {
        _cleanup_(device_sources_done) DeviceSources found = {};
        int outcome = 0;

        assert(spec);
        assert(ret);

        if (!wanted || wanted[DIRECTIVE_DeviceAllow]) {
                outcome = nodes_resolve(&spec->device_allow, diags, &found);
        }
        for (size_t i = 0; i < _DIRECTIVE_MAX && outcome >= 0; i++) {
                const Directive *directive = &directive_table[i];
                const ValueList *list;

                if (!names_disks(directive) || (wanted && !wanted[directive->id])) {
                        continue;
                }
                list = directive_field_const(directive, spec);
                for (size_t j = 0; j < list->n; j++) {
                        int r = resolve(directive, &list->items[j], diags, &found);

                        if (r < 0) {
                                return r;
                        }
                        outcome = r > 0 ? r : outcome;
                }
        }
        if (outcome == 0) {
                *ret = found;
                found = (DeviceSources){};
        }
        return outcome;
}
