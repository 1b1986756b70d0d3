/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kern/device.h"

#include "base/fd.h"

#include "kern/path.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

int device_open(const char *path, bool block, unsigned major_number, unsigned minor_number) {
        _cleanup_fd_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;
        struct statvfs fs;
        struct stat st;

        if (root < 0) {
                return negative_errno();
        }
        fd = root_open(root, path, O_PATH | O_NOFOLLOW, LINKS_REFUSED);
        if (fd < 0) {
                return fd;
        }
        if (fstat(fd, &st) < 0 || fstatvfs(fd, &fs) < 0) {
                return negative_errno();
        }
        if ((st.st_mode & S_IFMT) != (block ? S_IFBLK : S_IFCHR) ||
            st.st_rdev != makedev(major_number, minor_number)) {
                return -ENODEV;
        }
        return fs.f_flag & ST_NODEV ? -EACCES : fd_take(&fd);
}

int terminal_open(int devpts, unsigned rows, unsigned columns, int *ret_master, int *ret_slave) {
        const struct winsize size = {
                .ws_row = (unsigned short) rows,
                .ws_col = (unsigned short) columns,
        };
        _cleanup_fd_ int master = -EBADF, slave = -EBADF;
        int unlock = 0;

        master = openat(devpts, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);
        if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0) {
                return negative_errno();
        }
        /* Not by name: /dev/pts of the sandbox may hold anything by now. */
        slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (slave < 0) {
                return negative_errno();
        }
        if (rows > 0 && columns > 0 && ioctl(master, TIOCSWINSZ, &size) < 0) {
                return negative_errno();
        }
        *ret_master = fd_take(&master);
        *ret_slave = fd_take(&slave);
        return 0;
}

int terminal_take(int slave) {
        /* EPERM: a leader already. */
        if (setsid() < 0 && errno != EPERM) {
                return negative_errno();
        }
        return ioctl(slave, TIOCSCTTY, 0) < 0 ? negative_errno() : 0;
}

int loopback_up(void) {
        _cleanup_fd_ int fd = -EBADF;
        struct ifreq request = {.ifr_name = "lo"};

        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0) {
                /* A kernel without IPv4 has a loopback all the same. */
                fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        }
        if (fd < 0) {
                return negative_errno();
        }
        request.ifr_flags = IFF_UP | IFF_RUNNING;
        return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? negative_errno() : 0;
}
