/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Drop-ins of a unit, and what files.c shares with them. */

#include "unit/files.h"

void unit_file_done(UnitFile *file);

/* An error about a whole file. UNIT_E_INVALID or -ENOMEM. */
int diag_path(DiagList *diags, const char *path, const char *format, ...) _printf_(3, 4);

/* Resolves path: 0, UNIT_E_NOT_FOUND, UNIT_E_INVALID with diags, -ENOMEM. */
int unit_file_resolve(const UnitSearch *search, const char *path, DiagList *diags, UnitFile *ret);

/* The names below which drop-ins of a unit are looked up, the closest first: for a-b@x.sandbox
 * itself, a-b@.sandbox, a-@x.sandbox, a-@.sandbox. */
int drop_in_names(const char *name, char ***ret);

/* All *.conf of NAME.d for these names and of sandbox.d, in all directories: of two with the same
 * file name the first counts, by directory, then by closeness; sandbox.d comes last. They are read
 * in the order of their file names. Masked ones are left out. UNIT_E_INVALID where some could not
 * be looked at. */
int drop_ins_find(const UnitSearch *search, const char *name, DiagList *diags, UnitFile **ret,
                  size_t *ret_n);
