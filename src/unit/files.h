/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which files make up a unit: names and links, not contents. */

#include "unit/unit.h"

typedef struct UnitFile {
        char *path;   /* what places show: the file itself where a link led there */
        char *real;   /* without any link; NULL where it was refused */
        bool masked;  /* a link to /dev/null, or empty */
        bool refused; /* diags say why; it is not to be read */
} UnitFile;

typedef struct UnitFiles {
        char *name; /* behind all aliases */
        UnitFile fragment;
        UnitFile *drop_ins; /* in the order in which they are read */
        size_t n_drop_ins;
        uint64_t stamp;
        uint64_t mtime_nsec;
} UnitFiles;

void unit_files_done(UnitFiles *files);

/* Finds the files of a unit. fragment: NULL, or the path of the fragment that is to be taken. 0,
 * UNIT_E_NOT_FOUND, UNIT_E_INVALID with diags (*ret is then what was found), or -ENOMEM. */
int unit_files_find(const UnitSearch *search, const char *name, const char *fragment,
                    DiagList *diags, UnitFiles *ret);

/* Opens the directory that holds real, a path without links, one component at a time; with
 * check_owner each of them has to be root's and closed to others. Gives the descriptor; -EPERM with
 * the directory at fault in *reterr; -errno. */
int trusted_directory_open(const char *real, bool check_owner, char **reterr);
