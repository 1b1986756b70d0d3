/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/device.h"

#include "base/str.h"

void device_sources_done(DeviceSources *devices) {
        assert(devices);

        for (size_t i = 0; i < devices->n; i++) {
                free(devices->sources[i].path);
        }
        free(devices->sources);
        for (size_t i = 0; i < devices->n_nodes; i++) {
                free(devices->nodes[i].name);
                free(devices->nodes[i].path);
        }
        free(devices->nodes);
        *devices = (DeviceSources){};
}

const DeviceSource *device_sources_find(const DeviceSources *devices, const char *path) {
        assert(devices);
        assert(path);

        for (size_t i = 0; i < devices->n; i++) {
                if (streq(devices->sources[i].path, path)) {
                        return &devices->sources[i];
                }
        }
        return NULL;
}

static bool nodes_equal(const DeviceSources *a, const DeviceSources *b) {
        if (a->n_nodes != b->n_nodes) {
                return false;
        }
        for (size_t i = 0; i < a->n_nodes; i++) {
                const NodeSource *one = &a->nodes[i], *other = &b->nodes[i];

                if (!streq(one->name, other->name) || !streq_ptr(one->path, other->path) ||
                    one->block != other->block || one->major != other->major ||
                    one->minor != other->minor) {
                        return false;
                }
        }
        return true;
}

bool device_sources_equal(const DeviceSources *a, const DeviceSources *b) {
        assert(a);
        assert(b);

        if (a->n != b->n) {
                return false;
        }
        for (size_t i = 0; i < a->n; i++) {
                const DeviceSource *one = &a->sources[i], *other = &b->sources[i];

                if (!streq(one->path, other->path) || one->major != other->major ||
                    one->minor != other->minor) {
                        return false;
                }
        }
        return nodes_equal(a, b);
}
