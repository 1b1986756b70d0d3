/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "helper/images.h"

#include "base/fd.h"
#include "base/str.h"

static int64_t to_nsec(const struct timespec *ts) {
        return (int64_t) ts->tv_sec * 1000000000 + ts->tv_nsec;
}

ImageKey image_key(const struct stat *st) {
        return (ImageKey){
                .device = st->st_dev,
                .inode = st->st_ino,
                .size = (uint64_t) st->st_size,
                .modified_nsec = to_nsec(&st->st_mtim),
                .changed_nsec = to_nsec(&st->st_ctim),
        };
}

int images_find(const Images *images, const ImageKey *key) {
        for (size_t i = 0; i < images->n; i++) {
                if (memcmp(&images->kept[i].key, key, sizeof(*key)) == 0) {
                        return images->kept[i].tree;
                }
        }
        return -ENOENT;
}

static void drop(Images *images, size_t index) {
        Image *image = &images->kept[index];

        image->tree = fd_close(image->tree);
        free(image->path);
        *image = images->kept[--images->n];
}

static size_t find_oldest(const Images *images) {
        size_t oldest = 0;

        for (size_t i = 1; i < images->n; i++) {
                if (images->kept[i].used_usec < images->kept[oldest].used_usec) {
                        oldest = i;
                }
        }
        return oldest;
}

int images_keep(Images *images, const char *path, const ImageKey *key, int *tree) {
        Image image = {.key = *key, .used_usec = usec_now(CLOCK_MONOTONIC)};

        assert(*tree >= 0);

        if (images_find(images, key) >= 0) {
                return 0; /* another start was faster */
        }
        image.path = strdup(path);
        if (!image.path) {
                return -ENOMEM;
        }
        if (images->n == IMAGES_KEPT) {
                drop(images, find_oldest(images));
        }
        image.tree = fd_take(tree);
        images->kept[images->n++] = image;
        return 0;
}

bool images_sweep(Images *images, bool (*is_used)(void *userdata, const char *path),
                  void *userdata) {
        usec_t now = usec_now(CLOCK_MONOTONIC);
        bool unused = false;

        for (size_t i = images->n; i > 0; i--) {
                Image *image = &images->kept[i - 1];

                if (is_used(userdata, image->path)) {
                        image->used_usec = now;
                } else if (now - image->used_usec >= IMAGES_LINGER_USEC) {
                        drop(images, i - 1);
                } else {
                        unused = true;
                }
        }
        return unused;
}

void images_done(Images *images) {
        while (images->n > 0) {
                drop(images, images->n - 1);
        }
}
