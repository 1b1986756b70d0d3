/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What kind of file system an image holds, by the magic number of its superblock. Nothing else of
 * it is looked at: that is the kernel's to do. */

#include "base/macros.h"

typedef enum ImageType {
        IMAGE_EROFS,
        IMAGE_SQUASHFS,
        IMAGE_EXT4,
        _IMAGE_TYPE_MAX,
        _IMAGE_TYPE_INVALID = -EINVAL,
} ImageType;
/* The kernel's name of it. */
const char *image_type_name(ImageType type);

/* Positive outcomes of image_identify(). */
enum { _IMAGE_E_SUCCESS, IMAGE_E_UNKNOWN, IMAGE_E_PARTITIONED };
/* fd: a file that can be read at any place. */
int image_identify(int fd, ImageType *ret);
