/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The devices that a unit names and their numbers: the meeting point of unit (which looks them up)
 * and plan (which uses them). */

#include "base/diag.h"

/* The disk behind a path of IODeviceWeight= and its kin. */
typedef struct DeviceSource {
        char *path; /* as in the unit */
        uint32_t major, minor;
} DeviceSource;

/* Of DeviceAllow=: a node, or a driver (of a pattern, one for each that it fits). */
typedef struct NodeSource {
        char *name; /* as in the unit */
        char *path; /* of the node, below /dev and without links; NULL: all of a driver */
        bool block;
        uint32_t major, minor; /* NODE_ANY: all of them */
} NodeSource;
#define NODE_ANY UINT32_MAX

typedef struct DeviceSources {
        DeviceSource *sources;
        size_t n;
        NodeSource *nodes;
        size_t n_nodes;
} DeviceSources;

void device_sources_done(DeviceSources *devices);
/* NULL where the path was not looked up. */
const DeviceSource *device_sources_find(const DeviceSources *devices, const char *path);
bool device_sources_equal(const DeviceSources *a, const DeviceSources *b);
