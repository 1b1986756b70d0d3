/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/output.h"

#include "base/fd.h"
#include "base/str.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_SIZE 16384u
/* A pipe holds 64 KiB; more than that is there at the end only if somebody still writes. */
#define DRAIN_MAX (256u * 1024u)

struct Output {
        int directory; /* borrowed */
        char *name, *old_name;
        int file;
        uint64_t size;
        int pipe;
        Watch *watch;
};

static int output_open(Output *output) {
        struct stat st;

        output->file =
                openat(output->directory, output->name,
                       O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (output->file < 0 || fstat(output->file, &st) < 0) {
                return negative_errno();
        }
        if (!S_ISREG(st.st_mode)) {
                return -EINVAL;
        }
        output->size = (uint64_t) st.st_size;
        return 0;
}

static int output_rotate(Output *output) {
        output->file = fd_close(output->file);
        if (renameat(output->directory, output->name, output->directory, output->old_name) < 0) {
                return negative_errno();
        }
        return output_open(output);
}

static void output_write(Output *output, const char *bytes, size_t n) {
        if (output->size > 0 && output->size + n > OUTPUT_FILE_MAX && output_rotate(output) < 0) {
                return;
        }
        if (output->file >= 0 && fd_write_all(output->file, bytes, n) == 0) {
                output->size += n;
        }
}

/* The bytes taken, 0 at the end of file, -EAGAIN. */
static ssize_t output_turn(Output *output) {
        char bytes[CHUNK_SIZE];
        ssize_t n = read(output->pipe, bytes, sizeof(bytes));

        if (n < 0) {
                return negative_errno();
        }
        if (n > 0) {
                output_write(output, bytes, (size_t) n);
        }
        return n;
}

static void on_readable(void *userdata, uint32_t events) {
        Output *output = userdata;
        ssize_t n = output_turn(output);

        if (n == 0 || (n < 0 && n != -EAGAIN && n != -EINTR)) {
                output->watch = watch_free(output->watch);
                output->pipe = fd_close(output->pipe);
        }
}

int output_new(Loop *loop, int directory_fd, const char *unit, int *ret_write_end, Output **ret) {
        _cleanup_(output_freep) Output *output = NULL;
        _cleanup_fd_ int write_end = -EBADF;
        int ends[2], r;

        output = calloc(1, sizeof(*output));
        if (!output) {
                return -ENOMEM;
        }
        output->directory = directory_fd;
        output->file = output->pipe = -EBADF;
        output->name = strf("%s.log", unit);
        output->old_name = strf("%s.log.1", unit);
        if (!output->name || !output->old_name) {
                return -ENOMEM;
        }
        r = output_open(output);
        if (r < 0) {
                return r;
        }
        if (pipe2(ends, O_CLOEXEC) < 0) {
                return negative_errno();
        }
        output->pipe = ends[0];
        write_end = ends[1];
        /* The reading end alone: the workload's must block as a file does. */
        r = fd_set_nonblock(output->pipe, true);
        if (r < 0) {
                return r;
        }
        r = watch_new(loop, output->pipe, EPOLLIN, on_readable, output, &output->watch);
        if (r < 0) {
                return r;
        }
        *ret_write_end = fd_take(&write_end);
        *ret = TAKE(output);
        return 0;
}

Output *output_free(Output *output) {
        if (!output) {
                return NULL;
        }
        for (size_t taken = 0; output->pipe >= 0 && taken < DRAIN_MAX;) {
                ssize_t n = output_turn(output);

                if (n <= 0) {
                        break;
                }
                taken += (size_t) n;
        }
        output->watch = watch_free(output->watch);
        (void) fd_close(output->pipe);
        (void) fd_close(output->file);
        free(output->name);
        free(output->old_name);
        free(output);
        return NULL;
}
