/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "op/step.h"

const StepSchema step_table[_STEP_MAX] = {
#define S(STEP, Name, Status, Summary) \
        [STEP_##STEP] = {.name = (Name), .exit_status = (Status), .summary = (Summary)},
#include "op/steps.def"
#undef S
};

static const char *const step_names[_STEP_MAX] = {
#define S(STEP, Name, Status, Summary) [STEP_##STEP] = (Name),
#include "op/steps.def"
#undef S
};

DEFINE_LOOKUP(step, Step, step_names)
