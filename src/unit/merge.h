/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Entries of files into a spec, one file after another. */

#include "unit/specifier.h"

typedef struct Merge {
        SpecifierContext context;
        Spec *spec;
        DiagList *diags;
        size_t n; /* assignments so far */
        bool full;
} Merge;

/* Sections, directives, specifiers and values of one file. 0 or -ENOMEM; mistakes go to diags. */
int merge_file(Merge *merge, const IniFile *file);

/* One "Directive=value" or "Port:NAME:Directive=value" of a transient unit, the one of that number
 * (from 1). 0 or -ENOMEM. */
int merge_assignment(Merge *merge, const char *assignment, size_t number);
