/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kern/device.h"

#include "base/fd.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

int device_open(const char *path, unsigned major_number, unsigned minor_number) {
        _cleanup_fd_ int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0) {
                return negative_errno();
        }
        if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(major_number, minor_number)) {
                return -ENODEV;
        }
        return fd_take(&fd);
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
