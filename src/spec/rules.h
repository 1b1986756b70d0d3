/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The rules across fields, as a table: spec_check() runs all of them, the manual page prints them.
 */

#include "spec/spec.h"

typedef struct Rule {
        const char *name;      /* "exec-start-missing" */
        DirectiveId directive; /* the one that is complained about */
        DiagSeverity severity;
        const char *summary; /* a sentence for the manual page */
        /* Adds all that it finds to diags. 0 or -ENOMEM. */
        int (*check)(const struct Rule *rule, const Spec *spec, DiagList *diags);
} Rule;

extern const Rule rule_table[];
extern const size_t n_rules;
