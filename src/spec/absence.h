/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Directives of systemd's that are none here, and why. */

#include "base/macros.h"

typedef struct DirectiveAbsence {
        const char *name;
        const char *reason; /* a part of a sentence */
} DirectiveAbsence;

extern const DirectiveAbsence directive_absences[];
extern const size_t n_directive_absences;

/* NULL: nothing is known of such a name. */
const DirectiveAbsence *directive_absence_find(const char *name);
