/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Paths of the host's to what a sandbox is given. */

#include "base/macros.h"

#include <sys/types.h>

typedef struct FileId {
        dev_t device;
        ino_t inode;
} FileId;
int file_id(int fd, FileId *ret);

/* O_PATH, past links that nobody but root has put there: root owns them and their directory, in
 * which others cannot write, and they are not at or below one of the others, which sandboxes write
 * to as root. Any other link is -ELOOP. path: absolute. */
int host_open_past(const char *path, bool directory, const FileId *others, size_t n_others);
