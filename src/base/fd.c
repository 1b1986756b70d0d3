/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMFD_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int fd_close(int fd) {
        int saved = errno;

        if (fd >= 0) {
                (void) close(fd);
        }
        errno = saved;
        return -EBADF;
}

int fd_dup(int fd) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

        return copy < 0 ? negative_errno() : copy;
}

int fd_set_cloexec(int fd, bool cloexec) {
        return fcntl(fd, F_SETFD, cloexec ? FD_CLOEXEC : 0) < 0 ? negative_errno() : 0;
}

int fd_set_nonblock(int fd, bool nonblock) {
        int flags = fcntl(fd, F_GETFL);

        if (flags < 0) {
                return negative_errno();
        }
        flags = nonblock ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
        return fcntl(fd, F_SETFL, flags) < 0 ? negative_errno() : 0;
}

DIR *fd_list(int fd) {
        int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *directory = own < 0 ? NULL : fdopendir(own);

        if (!directory) {
                (void) fd_close(own);
        }
        return directory;
}

void fd_limit_raise(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                (void) setrlimit(RLIMIT_NOFILE, &limit);
        }
}

int fd_read_all(int fd, size_t max, char **ret, size_t *ret_size) {
        _cleanup_free_ char *bytes = NULL;
        size_t size = 0, allocated = 0;

        for (;;) {
                ssize_t n;

                if (size + 1 >= allocated) {
                        /* One byte beyond max shows that there is more; one more holds the NUL. */
                        size_t grown = MIN(MAX(allocated * 2, (size_t) 4096), max + 2);
                        char *larger;

                        if (size > max) {
                                return -EFBIG;
                        }
                        larger = realloc(bytes, grown);
                        if (!larger) {
                                return -ENOMEM;
                        }
                        bytes = larger;
                        allocated = grown;
                }
                n = read(fd, bytes + size, allocated - size - 1);
                if (n < 0 && errno == EINTR) {
                        continue;
                }
                if (n < 0) {
                        return negative_errno();
                }
                if (n == 0) {
                        break;
                }
                size += (size_t) n;
        }
        if (size > max) {
                return -EFBIG;
        }
        bytes[size] = '\0';
        *ret = TAKE(bytes);
        if (ret_size) {
                *ret_size = size;
        }
        return 0;
}

int file_read_at(int dirfd, const char *path, size_t max, char **ret, size_t *ret_size) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;

        /* Not blocking: a FIFO would wait for a writer for ever. */
        fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 || fstat(fd, &st) < 0) {
                return negative_errno();
        }
        if (!S_ISREG(st.st_mode)) {
                return -EINVAL;
        }
        return fd_read_all(fd, max, ret, ret_size);
}

int fd_write_all(int fd, const void *bytes, size_t n) {
        const uint8_t *left = bytes;

        while (n > 0) {
                ssize_t written = write(fd, left, n);

                if (written < 0 && errno == EINTR) {
                        continue;
                }
                if (written < 0) {
                        return negative_errno();
                }
                left += written;
                n -= (size_t) written;
        }
        return 0;
}

int file_write_at(int dirfd, const char *path, const char *text) {
        _cleanup_fd_ int fd = -EBADF;
        ssize_t n;

        fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
        if (fd < 0) {
                return negative_errno();
        }
        n = write(fd, text, strlen(text));
        if (n < 0) {
                return negative_errno();
        }
        return (size_t) n == strlen(text) ? 0 : -EIO;
}

int memfd_sealed(const char *name, const void *bytes, size_t n) {
        _cleanup_fd_ int fd = -EBADF;
        int r;

        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0) {
                return negative_errno();
        }
        r = fd_write_all(fd, bytes, n);
        if (r < 0) {
                return r;
        }
        if (lseek(fd, 0, SEEK_SET) < 0 || fcntl(fd, F_ADD_SEALS, MEMFD_SEALS) < 0) {
                return negative_errno();
        }
        return fd_take(&fd);
}

int memfd_check_sealed(int fd) {
        int seals = fcntl(fd, F_GET_SEALS);

        return seals >= 0 && (seals & MEMFD_SEALS) == MEMFD_SEALS ? 0 : -EPERM;
}

typedef union ControlBuffer {
        struct cmsghdr header; /* for its alignment */
        uint8_t bytes[CMSG_SPACE(sizeof(int) * FD_PASS_MAX)];
} ControlBuffer;

int fd_send(int socket, const void *bytes, size_t n, const int *fds, size_t n_fds, int flags) {
        struct iovec iov = {.iov_base = (void *) (uintptr_t) bytes, .iov_len = n};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
        ControlBuffer control = {};
        ssize_t sent;

        if (n_fds > FD_PASS_MAX) {
                return -E2BIG;
        }
        if (n_fds > 0) {
                struct cmsghdr *header;

                message.msg_control = &control;
                message.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
                header = CMSG_FIRSTHDR(&message);
                header->cmsg_level = SOL_SOCKET;
                header->cmsg_type = SCM_RIGHTS;
                header->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
                memcpy(CMSG_DATA(header), fds, sizeof(int) * n_fds);
        }
        do {
                sent = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
        } while (sent < 0 && errno == EINTR);
        if (sent < 0) {
                return negative_errno();
        }
        return (size_t) sent == n ? 0 : -EMSGSIZE;
}

/* Collects descriptors of a received message; those beyond capacity are closed and counted as cut.
 */
static bool message_take_fds(struct msghdr *message, int *fds, size_t capacity, size_t *ret_n) {
        size_t n = 0;
        bool cut = false;

        for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
             header = CMSG_NXTHDR(message, header)) {
                size_t count;

                if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
                        continue;
                }
                count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                for (size_t i = 0; i < count; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
                        if (n < capacity) {
                                fds[n++] = fd;
                        } else {
                                (void) fd_close(fd);
                                cut = true;
                        }
                }
        }
        *ret_n = n;
        return cut;
}

ssize_t fd_receive(int socket, void *bytes, size_t size, int *fds, size_t *n_fds, int flags) {
        struct iovec iov = {.iov_base = bytes, .iov_len = size};
        ControlBuffer control;
        struct msghdr message = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        size_t capacity = n_fds ? *n_fds : 0, n = 0;
        ssize_t received;
        bool cut;

        do {
                received = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
        } while (received < 0 && errno == EINTR);
        if (received < 0) {
                return negative_errno();
        }
        cut = message_take_fds(&message, fds, capacity, &n);
        if (cut || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
                for (size_t i = 0; i < n; i++) {
                        fds[i] = fd_close(fds[i]);
                }
                return -EMSGSIZE;
        }
        if (n_fds) {
                *n_fds = n;
        }
        return received;
}
