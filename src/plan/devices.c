/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The devices of a sandbox: the nodes of a /dev of its own. */

#include "base/path.h"
#include "plan/builder.h"

#define DEV_SIZE (UINT64_C(4) << 20)

/* What every private /dev has. The numbers are checked before a node is bound: what a host calls
 * /dev/null need not be it. */
static const struct {
        const char *path;
        uint64_t major, minor;
} devices[] = {
        {"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
        {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};
static const struct {
        const char *path, *target;
} links[] = {
        {"/dev/fd", "/proc/self/fd"},       {"/dev/stdin", "/proc/self/fd/0"},
        {"/dev/stdout", "/proc/self/fd/1"}, {"/dev/stderr", "/proc/self/fd/2"},
        {"/dev/ptmx", "pts/ptmx"},
};

int build_private_devices(Builder *builder) {
        int r;

        r = builder_add(builder, OP_TMPFS, FROM(builder, PrivateDevices), "/dev",
                        U64(OP_MOUNT_NO_EXEC), DEV_SIZE, U64(0755));
        for (size_t i = 0; i < ELEMENTS(devices) && r == 0; i++) {
                r = builder_add(builder, OP_DEVICE, FROM(builder, PrivateDevices), devices[i].path,
                                devices[i].path, U64(OP_DEVICE_CHARACTER), devices[i].major,
                                devices[i].minor);
        }
        for (size_t i = 0; i < ELEMENTS(links) && r == 0; i++) {
                r = builder_add(builder, OP_SYMLINK, FROM(builder, PrivateDevices), links[i].path,
                                links[i].target);
        }
        return r;
}

/* -- DeviceAllow= -- */

static bool is_there_anyway(const char *path) {
        for (size_t i = 0; i < ELEMENTS(devices); i++) {
                if (streq(path, devices[i].path)) {
                        return true;
                }
        }
        for (size_t i = 0; i < ELEMENTS(links); i++) {
                if (streq(path, links[i].path)) {
                        return true;
                }
        }
        return streq(path, "/dev/pts/ptmx");
}

/* File systems of the sandbox's own: what the host has there is something else. */
static bool is_elsewhere(const char *path) {
        static const char *const own[] = {"/dev/pts", "/dev/shm", "/dev/mqueue"};

        for (size_t i = 0; i < ELEMENTS(own); i++) {
                if (path_is_below(path, own[i])) {
                        return true;
                }
        }
        return false;
}

static const NodeSource *find_source(const Builder *builder, const char *name, size_t *index) {
        const DeviceSources *found = builder->input->devices;

        for (; found && *index < found->n_nodes; (*index)++) {
                if (streq(found->nodes[*index].name, name)) {
                        return &found->nodes[(*index)++];
                }
        }
        return NULL;
}

/* NULL, with a diagnostic unless it may be missing. */
static const NodeSource *find_allowed(Builder *builder, const ValueItem *item) {
        size_t index = 0;
        const NodeSource *source = find_source(builder, item->text, &index);

        if (!source && (item->flags & VALUE_MISSING_OK) == 0) {
                builder_refuse(builder, DIRECTIVE_DeviceAllow, item->place,
                               "The device %s is not known", item->text);
        }
        return source;
}

static int build_allowed(Builder *builder, const ValueItem *item) {
        const NodeSource *source;

        if (!startswith(item->text, "/") || is_there_anyway(item->text)) {
                return 0;
        }
        if (is_elsewhere(item->text)) {
                builder_refuse(builder, DIRECTIVE_DeviceAllow, item->place,
                               "%s cannot be made: the sandbox has a file system of its own there",
                               item->text);
                return 0;
        }
        source = find_allowed(builder, item);
        return source ? builder_add(builder, OP_DEVICE, DIRECTIVE_DeviceAllow, item->place,
                                    source->path, item->text,
                                    U64(source->block ? OP_DEVICE_BLOCK : OP_DEVICE_CHARACTER),
                                    U64(source->major), U64(source->minor))
                      : 0;
}

int build_allowed_devices(Builder *builder) {
        const ValueList *list = &builder->spec->device_allow;
        int r = 0;

        for (size_t i = 0; i < list->n && r == 0; i++) {
                r = build_allowed(builder, &list->items[i]);
        }
        return r;
}
