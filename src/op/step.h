/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/lookup.h"

typedef enum Step {
#define S(STEP, ...) STEP_##STEP,
#include "op/steps.def"
#undef S
        _STEP_MAX,
        _STEP_INVALID = -EINVAL,
} Step;

typedef struct StepSchema {
        const char *name;
        int exit_status; /* systemd.exec(5) */
        const char *summary;
} StepSchema;

extern const StepSchema step_table[_STEP_MAX];

DECLARE_LOOKUP(step, Step)
