/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* In words: why a sandbox did not start or ended, and what to do; or what is weaker than usual in
 * one that runs. Pure. */

#include "ctl/output.h"

typedef struct ExplainInput {
        json_object *properties; /* of the unit, as D-Bus has them */
        const char *log;         /* its last lines, escaped; "" */
        const char *host;        /* one line about the host */
        const char *source;      /* the line of the unit file at fault, or NULL */
} ExplainInput;

/* {"unit", "summary", "reason", "step", "errno", "directive", "place", "source", "diagnostics",
 * "advice", "weaker", "degraded", "host", "log"} */
int explain_to_json(const ExplainInput *input, json_object **ret);
/* The same for people. width: columns of the terminal, 0 for no bound. */
int explain_format(json_object *explanation, size_t width, bool colours, Str *out);

/* The place ("FILE:LINE:COLUMN") of the directive that failed, or NULL. Borrowed. */
const char *explain_place(json_object *properties);
