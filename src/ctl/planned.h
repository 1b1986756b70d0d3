/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A launch plan as one JSON document, from the table of ops. */

#include "ctl/output.h"
#include "plan/build.h"

/* {"unit", "backend", "ops": [{"op", "phase", "directive", "place", "arguments": {…}, "text"}],
 * "scope":
 * [{"name", "value", "directive", "place"}], "degraded": […]}. Bytes of filters are given by their
 * size. */
int planned_to_json(const char *unit_name, const LaunchPlan *launch, Backend backend,
                    json_object **ret);
