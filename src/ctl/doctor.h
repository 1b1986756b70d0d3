/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this host offers to sandboxes, and the way to get what it does not. */

#include "ctl/ctl.h"
#include "ctl/output.h"

typedef enum FindingState {
        FINDING_OK,
        FINDING_LIMITED, /* sbx works, with less */
        FINDING_MISSING,
        FINDING_UNKNOWN, /* it takes root to know */
        _FINDING_STATE_MAX,
} FindingState;
const char *finding_state_name(FindingState state);
int finding_state_parse(const char *text);

/* Looks at everything: appends {"check", "state", "essential", "detail", "fix"} for each finding to
 * the array. *ret_fit: nothing essential is missing. */
int doctor_examine(Ctl *ctl, json_object *findings, bool *ret_fit);
