/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the processes of a launch say to the helper's loop. */

#include "helper/parts.h"
#include "kern/process.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int fault_set(Fault *fault, int r, Step step, int op, const char *object) {
        if (!fault->known) {
                fault->known = true;
                fault->step = step;
                fault->op = op;
                (void) snprintf(fault->object, sizeof(fault->object), "%s", object ? object : "");
        }
        return r;
}

int report_send(int report_fd, const Report *report, const int *fds, size_t n_fds) {
        return fd_send(report_fd, report, sizeof(*report), fds, n_fds, 0);
}

static Report failed(const Fault *fault, int r) {
        Report report = {
                .type = REPORT_FAILED,
                .step = (uint32_t) fault->step,
                .fault = -r,
                .op = fault->op,
        };

        memcpy(report.object, fault->object, sizeof(report.object));
        return report;
}

int report_failed(int report_fd, const Fault *fault, int r) {
        Report report = failed(fault, r);

        /* A helper that is gone hears nothing, and the caller's end is the same. */
        (void) report_send(report_fd, &report, NULL, 0);
        return step_table[fault->step].exit_status;
}

int report_failed_plainly(int report_fd, LaunchStatus *status, const Fault *fault, int r) {
        Report report = failed(fault, r);

        if (report_fd >= 0) {
                (void) fd_write_all(report_fd, &report, sizeof(report));
        } else if (status) {
                status->failure = report;
        }
        return step_table[fault->step].exit_status;
}

static bool report_is_valid(const Report *report, ssize_t size) {
        return size == (ssize_t) sizeof(*report) && report->type < _REPORT_MAX &&
               report->step < _STEP_MAX && memchr(report->object, '\0', sizeof(report->object));
}

bool report_is_failure(const Report *report) {
        return report_is_valid(report, sizeof(*report)) && report->type == REPORT_FAILED &&
               report->fault > 0;
}

int launch_read_report(int report_fd, Report *ret, int *fds, size_t *n_fds) {
        ssize_t n = fd_receive(report_fd, ret, sizeof(*ret), fds, n_fds, MSG_DONTWAIT);

        if (n == 0 || n == -ECONNRESET) {
                return 0;
        }
        if (n < 0) {
                return (int) n;
        }
        if (!report_is_valid(ret, n)) {
                while (*n_fds > 0) {
                        (void) fd_close(fds[--*n_fds]);
                }
                return -EBADMSG;
        }
        if (ret->type == REPORT_WORKLOAD && *n_fds > 0) {
                pid_t pid;

                /* It knows but its own number inside; gone already: 0. */
                ret->pid = process_pid(fds[0], &pid) == 0 ? (int32_t) pid : 0;
        }
        return 1;
}

int launch_go(Launch *launch, const LaunchGo *go) {
        const char tag = 'G';
        int fds[LAUNCH_GO_FDS];
        size_t n = 0;

        if (go->payload >= 0) {
                fds[n++] = go->payload;
                fds[n++] = go->enter;
                fds[n++] = go->leave;
        }
        if (go->events >= 0) {
                fds[n++] = go->events;
        }
        return fd_send(launch->report_fd, &tag, sizeof(tag), fds, n, MSG_DONTWAIT);
}

int launch_take_go(int report_fd, bool delegated, LaunchGo *ret) {
        int fds[LAUNCH_GO_FDS] = {-EBADF, -EBADF, -EBADF, -EBADF};
        size_t n = ELEMENTS(fds), at = 0;
        char tag;

        if (fd_receive(report_fd, &tag, sizeof(tag), fds, &n, 0) != 1 || tag != 'G' ||
            n < (delegated ? 3 : 0) || n > (delegated ? 4 : 1)) {
                return -EPROTO;
        }
        *ret = LAUNCH_GO_NONE;
        if (delegated) {
                ret->payload = fds[at++];
                ret->enter = fds[at++];
                ret->leave = fds[at++];
        }
        ret->events = at < n ? fds[at] : -EBADF;
        return 0;
}
