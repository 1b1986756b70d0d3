/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kern/descriptors.h"

#include "base/fd.h"

#include <limits.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIRST 3

static int close_between(unsigned first, unsigned last) {
        if (first > last) {
                return 0;
        }
        return syscall(SYS_close_range, first, last, 0) < 0 ? negative_errno() : 0;
}

static int compare(const void *a, const void *b) {
        int x = *(const int *) a, y = *(const int *) b;

        return (x > y) - (x < y);
}

int descriptors_keep(int *keep, size_t n) {
        unsigned next = FIRST;

        qsort(keep, n, sizeof(*keep), compare);
        for (size_t i = 0; i < n; i++) {
                int r;

                if (keep[i] < (int) next) {
                        continue;
                }
                r = close_between(next, (unsigned) keep[i] - 1);
                if (r < 0) {
                        return r;
                }
                next = (unsigned) keep[i] + 1;
        }
        return close_between(next, UINT_MAX);
}

int descriptors_close_from(unsigned first) {
        return close_between(first, UINT_MAX);
}

int descriptor_place(int fd, int number) {
        if (fd == number) {
                return fd_set_cloexec(fd, false);
        }
        return dup2(fd, number) < 0 ? negative_errno() : 0;
}

int signals_reset(void) {
        const struct sigaction fallback = {.sa_handler = SIG_DFL};
        sigset_t none;

        for (int i = 1; i < NSIG; i++) {
                /* EINVAL for KILL, STOP and the two that libc keeps for itself. */
                if (sigaction(i, &fallback, NULL) < 0 && errno != EINVAL) {
                        return negative_errno();
                }
        }
        if (sigemptyset(&none) < 0 || sigprocmask(SIG_SETMASK, &none, NULL) < 0) {
                return negative_errno();
        }
        return 0;
}
