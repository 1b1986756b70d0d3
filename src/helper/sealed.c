/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/sealed.h"

#include "base/fd.h"
#include "base/str.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
/* Set once the copy runs: that the copy is not seen as sealed must not make a loop. */
#define MARK "SBX_HELPER_SEALED"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u /* 6.3 */
#endif

static int copy_make(void) {
        int fd = memfd_create("sbx-helper", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

        if (fd < 0 && errno == EINVAL) {
                fd = memfd_create("sbx-helper", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        }
        return fd < 0 ? negative_errno() : fd;
}

static int copy_fill(int copy, int own) {
        struct stat st;
        off_t left;

        if (fstat(own, &st) < 0) {
                return negative_errno();
        }
        for (left = st.st_size; left > 0;) {
                ssize_t n = sendfile(copy, own, NULL, (size_t) left);

                if (n < 0) {
                        return negative_errno();
                }
                if (n == 0) {
                        return -EIO;
                }
                left -= n;
        }
        return fcntl(copy, F_ADD_SEALS, COPY_SEALS) < 0 ? negative_errno() : 0;
}

/* systemd's variables and nothing else: what a unit or a user wrote never comes this way. */
static int environment_make(char ***ret) {
        static const char *const names[] = {"LISTEN_FDS", "LISTEN_PID", "NOTIFY_SOCKET"};
        _cleanup_(strv_freep) char **list = NULL;
        int r;

        r = strv_append(&list, MARK "=1");
        for (size_t i = 0; i < ELEMENTS(names) && r == 0; i++) {
                const char *value = getenv(names[i]);

                if (value) {
                        r = strv_append_take(&list, strf("%s=%s", names[i], value));
                }
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE(list);
        return 0;
}

int sealed_ensure(char **argv) {
        _cleanup_(strv_freep) char **environment = NULL;
        _cleanup_fd_ int own = -EBADF, copy = -EBADF;
        int r;

        own = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        if (own < 0) {
                return negative_errno();
        }
        if (memfd_check_sealed(own) == 0) {
                return 0;
        }
        if (getenv(MARK)) {
                return -EPERM;
        }
        copy = copy_make();
        if (copy < 0) {
                return copy;
        }
        r = copy_fill(copy, own);
        if (r == 0) {
                r = environment_make(&environment);
        }
        if (r < 0) {
                return r;
        }
        (void) execveat(copy, "", argv, environment, AT_EMPTY_PATH);
        return negative_errno();
}
