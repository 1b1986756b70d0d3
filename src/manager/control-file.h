/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The drop-ins that `set-property` makes: DIRECTORY/UNIT.d/50-DIRECTIVE.conf. Written under another
 * name first, so that nothing has changed until all that belongs together can be. */

#include "base/macros.h"

typedef struct ControlFile {
        int control_fd, directory_fd; /* DIRECTORY; UNIT.d */
        char *folder;                 /* "UNIT.d" */
        char *name, *temporary;
        char *path; /* of the drop-in, for messages */
} ControlFile;
#define CONTROL_FILE_NONE ((ControlFile){.control_fd = -EBADF, .directory_fd = -EBADF})

/* Makes the directories where they are not there, writes and syncs. -errno: nothing is left. */
int control_file_write(const char *directory, const char *unit, const char *directive,
                       const char *text, ControlFile *ret);
/* Puts it in its place, over an earlier one, for good. */
int control_file_keep(ControlFile *file);
/* What was not kept is removed, the directory too where it is empty. */
void control_file_done(ControlFile *file);
