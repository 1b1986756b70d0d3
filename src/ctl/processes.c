/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/processes.h"

#include "base/cgroup.h"
#include "base/fd.h"

#include <fcntl.h>
#include <unistd.h>

enum { SHOWN_MAX = 64, COMMAND_MAX = 160 };

static int open_cgroup(const char *cgroup) {
        CgroupMode mode = cgroup_mode_detect();
        int fd = cgroup_open(mode, CGROUP_HIERARCHY_UNIFIED, cgroup);

        return fd >= 0 ? fd : cgroup_open(mode, CGROUP_HIERARCHY_MEMORY, cgroup);
}

/* The command line with blanks between its words, cut; NULL where the process has gone. */
static char *process_command(pid_t pid) {
        _cleanup_free_ char *path = strf("/proc/%d/cmdline", (int) pid), *text = NULL;
        _cleanup_fd_ int fd = -EBADF;
        ssize_t n;

        fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        text = fd >= 0 ? calloc(1, COMMAND_MAX + 1) : NULL;
        n = text ? read(fd, text, COMMAND_MAX) : -1;
        if (n <= 0) {
                return NULL;
        }
        while (n > 0 && (text[n - 1] == '\0' || text[n - 1] == ' ')) {
                n--;
        }
        for (ssize_t i = 0; i < n; i++) {
                text[i] = text[i] == '\0' ? ' ' : text[i];
        }
        text[n] = '\0';
        return TAKE(text);
}

static int by_number(const void *a, const void *b) {
        pid_t x = *(const pid_t *) a, y = *(const pid_t *) b;

        return (x > y) - (x < y);
}

static int process_append(pid_t pid, bool last, size_t indent, bool colours, Str *out) {
        _cleanup_free_ char *command = process_command(pid);
        _cleanup_free_ char *text = strf("%d %s", (int) pid, command ? command : "n/a");
        int r;

        if (!text) {
                return -ENOMEM;
        }
        r = str_appendf(out, "%*s%s", (int) indent, "", last ? "└─" : "├─");
        r = r < 0 ? r : text_append(out, colours, COLOUR_DIM, text);
        return r < 0 ? r : str_append_char(out, '\n');
}

int processes_append(const char *cgroup, size_t indent, bool colours, Str *out) {
        _cleanup_fd_ int fd = -EBADF;
        _cleanup_free_ pid_t *pids = NULL;
        size_t n = 0;
        int r = 0;

        fd = *cgroup ? open_cgroup(cgroup) : -ENOENT;
        if (fd < 0 || cgroup_read_pids(fd, &pids, &n) < 0 || n == 0) {
                return 0;
        }
        qsort(pids, n, sizeof(*pids), by_number);
        for (size_t i = 0; r == 0 && i < MIN(n, (size_t) SHOWN_MAX); i++) {
                r = process_append(pids[i], i + 1 == n, indent, colours, out);
        }
        if (r == 0 && n > SHOWN_MAX) {
                r = str_appendf(out, "%*s└─… and %zu more\n", (int) indent, "", n - SHOWN_MAX);
        }
        return r;
}
