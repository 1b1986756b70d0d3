/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a sandbox sent and received: systemd counts it for the scope, and is asked for it. */

#include "ctl/ctl.h"
#include "ctl/output.h"

/* Adds IPIngressBytes and IPEgressBytes to the properties of a sandbox for which they are counted.
 * Where systemd does not answer they are left out: 0 or -ENOMEM. */
int traffic_add(Ctl *ctl, json_object *properties);
