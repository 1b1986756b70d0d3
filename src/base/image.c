/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/image.h"

#include "base/lookup.h"

#include <unistd.h>

#define HEAD_SIZE 2048u /* no superblock begins later */

static const char *const image_type_names[_IMAGE_TYPE_MAX] = {
        [IMAGE_EROFS] = "erofs",
        [IMAGE_SQUASHFS] = "squashfs",
        [IMAGE_EXT4] = "ext4",
};

/* File systems first: a boot sector may stand before one. */
static const struct {
        int outcome;
        ImageType type;
        size_t offset, size;
        const char *magic;
} signatures[] = {
        {0, IMAGE_EROFS, 1024, 4, "\xe2\xe1\xf5\xe0"},
        {0, IMAGE_SQUASHFS, 0, 4, "hsqs"},
        {0, IMAGE_EXT4, 1024 + 56, 2, "\x53\xef"},
        {IMAGE_E_PARTITIONED, _IMAGE_TYPE_INVALID, 512, 8, "EFI PART"},
        {IMAGE_E_PARTITIONED, _IMAGE_TYPE_INVALID, 510, 2, "\x55\xaa"},
};

const char *image_type_name(ImageType type) {
        return lookup_name(image_type_names, ELEMENTS(image_type_names), (int) type);
}

static int read_head(int fd, uint8_t head[static HEAD_SIZE]) {
        size_t n = 0;

        memset(head, 0, HEAD_SIZE);
        while (n < HEAD_SIZE) {
                ssize_t got = pread(fd, head + n, HEAD_SIZE - n, (off_t) n);

                if (got < 0 && errno != EINTR) {
                        return negative_errno();
                }
                if (got == 0) {
                        break;
                }
                n += got > 0 ? (size_t) got : 0;
        }
        return 0;
}

int image_identify(int fd, ImageType *ret) {
        uint8_t head[HEAD_SIZE];
        int r = read_head(fd, head);

        assert(ret);

        if (r < 0) {
                return r;
        }
        for (size_t i = 0; i < ELEMENTS(signatures); i++) {
                if (memcmp(head + signatures[i].offset, signatures[i].magic, signatures[i].size) ==
                    0) {
                        *ret = signatures[i].type;
                        return signatures[i].outcome;
                }
        }
        return IMAGE_E_UNKNOWN;
}
