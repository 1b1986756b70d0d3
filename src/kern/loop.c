/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kern/loop.h"

#include "base/fd.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Another process may configure the device that we were told is free. */
#define LOOP_TRIES 64

static int loop_open(int number) {
        _cleanup_fd_ int fd = -EBADF;
        char path[32];
        struct stat st;

        (void) snprintf(path, sizeof(path), "/dev/loop%d", number);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0) {
                return negative_errno();
        }
        if (fstat(fd, &st) < 0) {
                return negative_errno();
        }
        if (!S_ISBLK(st.st_mode) || major(st.st_rdev) != LOOP_MAJOR) {
                return -ENOTBLK;
        }
        return fd_take(&fd);
}

int loop_attach(int file) {
        struct loop_config config = {
                .fd = (uint32_t) file,
                .info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR,
        };
        _cleanup_fd_ int control = -EBADF;

        control = open("/dev/loop-control", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (control < 0) {
                return negative_errno();
        }
        for (unsigned i = 0; i < LOOP_TRIES; i++) {
                _cleanup_fd_ int device = -EBADF;
                int number = ioctl(control, LOOP_CTL_GET_FREE);

                if (number < 0) {
                        return negative_errno();
                }
                device = loop_open(number);
                if (device < 0) {
                        return device;
                }
                if (ioctl(device, LOOP_CONFIGURE, &config) == 0) {
                        return fd_take(&device);
                }
                if (errno != EBUSY) {
                        return negative_errno();
                }
        }
        return -EBUSY;
}
