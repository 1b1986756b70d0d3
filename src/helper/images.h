/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Images of layers, mounted once for all sandboxes that have them: a new superblock for each start
 * takes longer than the rest of the sandbox, and reads everything anew. What is kept are detached
 * mounts that stand nowhere; a builder clones the one that it needs and maps the ids of its clone.
 * A file that was changed or replaced is another image. */

#include "base/time.h"

#include <sys/stat.h>

#define IMAGES_KEPT 16
/* How long one stays that no sandbox uses: for what is started again and again. */
#define IMAGES_LINGER_USEC USEC_PER_SEC

typedef struct ImageKey {
        uint64_t device, inode, size;
        int64_t modified_nsec, changed_nsec;
} ImageKey;

typedef struct Image {
        char *path;
        ImageKey key;
        int tree;
        usec_t used_usec; /* the last time that a sandbox had it */
} Image;

typedef struct Images {
        Image kept[IMAGES_KEPT];
        size_t n;
} Images;

ImageKey image_key(const struct stat *st);
/* The tree, still the table's, or -ENOENT. */
int images_find(const Images *images, const ImageKey *key);
/* Takes the tree; the one that has been unused for longest makes room. */
int images_keep(Images *images, const char *path, const ImageKey *key, int *tree);
/* Lets go of what nobody has had for IMAGES_LINGER_USEC; is_used() tells of a path whether a
 * sandbox has it now. True: some are left that nobody uses. */
bool images_sweep(Images *images, bool (*is_used)(void *userdata, const char *path),
                  void *userdata);
void images_done(Images *images);
