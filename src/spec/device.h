/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A block device that a unit names by a path, and its number: the meeting point of unit (which
 * looks it up) and plan (which uses it). */

#include "base/diag.h"

typedef struct DeviceSource {
        char *path; /* as in the unit */
        uint32_t major, minor;
} DeviceSource;

typedef struct DeviceSources {
        DeviceSource *sources;
        size_t n;
} DeviceSources;

void device_sources_done(DeviceSources *devices);
/* NULL where the path was not looked up. */
const DeviceSource *device_sources_find(const DeviceSources *devices, const char *path);
bool device_sources_equal(const DeviceSources *a, const DeviceSources *b);
