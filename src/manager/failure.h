/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What went wrong, as sentences for people: the step, the object, the directive and its place, and
 * what to do. Pure. */

#include "op/limit.h"
#include "op/step.h"
#include "spec/spec.h"

typedef struct Failure {
        Step step;          /* anything else is named as unknown, never trusted as an index */
        int fault;          /* positive errno */
        int64_t op;         /* index into the plan, or -1 */
        const char *object; /* the path or name at fault, or NULL; from the helper: escaped here */
        const Plan *plan;   /* what was asked for, or NULL */
        const Spec *spec;   /* for places, or NULL */
} Failure;

/* The DirectiveId that asked for what failed; UINT16_MAX where none did. */
uint16_t failure_directive(const Failure *failure);
/* Appends "Assembling the root from its layers failed on …". */
int failure_format(const Failure *failure, Str *out);
/* Appends "Layers= at /etc/…:4:8" or "Layers=, a default" for a directive's id; nothing where
 * origin is none. place: of the op; falls back to the spec's. */
int failure_format_origin(uint16_t origin, const Place *place, const Spec *spec, Str *out);
/* A sentence on what to do about it, or NULL. op may be NULL. */
const char *failure_advice(Step step, const Op *op, int fault);
/* Appends that a limit is not in force: what was asked for, what the kernel's file says. fault: why
 * it could not be read (positive errno), or 0. */
int failure_format_limit(const Limit *limit, uint64_t asked, uint64_t read_back, int fault,
                         uint16_t origin, const Place *place, const Spec *spec, Str *out);
/* The same for a line of a TextLimit; content: the whole file, NULL with fault. */
int failure_format_text_limit(const char *asked, const char *content, int fault, uint16_t origin,
                              const Place *place, const Spec *spec, Str *out);
/* Appends that a limit which only BestEffort= makes do without is not in force. file: the helper's
 * word for where it stands. */
int failure_format_degraded(uint16_t origin, int fault, const char *file, const Spec *spec,
                            Str *out);
/* The DirectiveId of the first error; UINT16_MAX where it is about none. */
uint16_t failure_diags_directive(const DiagList *diags);
/* Appends the diagnostics, one a line, at most 8 of them. */
int failure_format_diags(const DiagList *diags, Str *out);
