/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What DeviceAllow= names, on this host. Of no use outside this room: unit_resolve_devices(). */

#include "spec/device.h"
#include "spec/spec.h"

/* Adds the nodes and drivers of the list; without diags what is not there is left out. 0,
 * UNIT_E_INVALID with a diagnostic, or -ENOMEM. */
int nodes_resolve(const ValueList *list, DiagList *diags, DeviceSources *found);
