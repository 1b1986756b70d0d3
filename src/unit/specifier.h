/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Specifiers of systemd.unit(5) in values. What they give never depends on who asks: a plan printed
 * by a user is the plan that the manager makes. */

#include "unit/unit.h"

typedef struct SpecifierContext {
        const char *name; /* of the unit; an instance, where it is a template's */
        const char *path; /* of the fragment, or NULL */
} SpecifierContext;

/* Where the bytes of an expanded text come from. */
typedef struct SpecifierBreak {
        size_t expanded, original;
        bool verbatim; /* from here on byte by byte; else all of it from the one specifier */
} SpecifierBreak;

typedef struct SpecifierMap {
        SpecifierBreak *breaks;
        size_t n;
} SpecifierMap;

void specifier_map_done(SpecifierMap *map);
size_t specifier_map_offset(const SpecifierMap *map, size_t expanded);

/* Texts have specifiers; numbers, names of fixed sets and percentages ("CPUQuota=50%") have not. */
bool specifier_applies(ValueKind kind);

/* Expands the value of entry. 0; UNIT_E_INVALID with diags, each at its specifier; -ENOMEM. */
int specifier_expand(const SpecifierContext *context, const IniEntry *entry, DiagList *diags,
                     Str *out, SpecifierMap *map);
