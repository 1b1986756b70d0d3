/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/stats.h"

#include "base/cgroup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/path.h"
#include "manager/manager.h"

typedef struct StatsFile {
        CgroupHierarchy hierarchy;
        const char *file;
        const char *key; /* the line that counts, or NULL: the whole file is the number */
        uint64_t scale;
        bool sum; /* key stands in a line a device: its numbers are added up */
} StatsFile;

#define FILES_MAX 2

/* In this order; cgroup2 counts processor time in hybrid too, where no controller is attached to
 * it. */
static const StatsFile v1_files[_STATS_MAX][FILES_MAX] = {
        [STATS_MEMORY] = {{CGROUP_HIERARCHY_MEMORY, "memory.usage_in_bytes", NULL, 1}},
        [STATS_TASKS] = {{CGROUP_HIERARCHY_PIDS, "pids.current", NULL, 1}},
        [STATS_CPU] = {{CGROUP_HIERARCHY_UNIFIED, "cpu.stat", "usage_usec ", NSEC_PER_USEC},
                       {CGROUP_HIERARCHY_CPU, "cpuacct.usage", NULL, 1}},
        [STATS_IO_READ] = {{CGROUP_HIERARCHY_IO, "blkio.throttle.io_service_bytes", " Read ", 1,
                            .sum = true}},
        [STATS_IO_WRITE] = {{CGROUP_HIERARCHY_IO, "blkio.throttle.io_service_bytes", " Write ", 1,
                             .sum = true}},
};
static const StatsFile v2_files[_STATS_MAX][FILES_MAX] = {
        [STATS_MEMORY] = {{CGROUP_HIERARCHY_MEMORY, "memory.current", NULL, 1}},
        [STATS_TASKS] = {{CGROUP_HIERARCHY_PIDS, "pids.current", NULL, 1}},
        [STATS_CPU] = {{CGROUP_HIERARCHY_UNIFIED, "cpu.stat", "usage_usec ", NSEC_PER_USEC}},
        [STATS_IO_READ] = {{CGROUP_HIERARCHY_IO, "io.stat", " rbytes=", 1, .sum = true}},
        [STATS_IO_WRITE] = {{CGROUP_HIERARCHY_IO, "io.stat", " wbytes=", 1, .sum = true}},
};

/* The number behind key at the start of a line. */
static int find_number(char *text, const char *key, uint64_t *ret) {
        for (char *line = text; *line != '\0';) {
                size_t n = strcspn(line, "\n");
                bool last = line[n] == '\0';
                const char *number = line;

                line[n] = '\0';
                if (!key || (number = startswith(line, key))) {
                        return parse_u64(number, ret);
                }
                line += n + (last ? 0 : 1);
        }
        return -ENODATA;
}

/* The sum of the numbers behind key, wherever it stands. No device: nothing was read or written. */
static uint64_t sum_numbers(const char *text, const char *key) {
        uint64_t sum = 0;

        for (const char *p = text; (p = strstr(p, key));) {
                uint64_t number = 0;

                for (p += strlen(key); *p >= '0' && *p <= '9'; p++) {
                        number = number * 10 + (uint64_t) (*p - '0');
                }
                sum += number;
        }
        return sum;
}

static const char *cgroup_name(const Sandbox *sandbox) {
        return sandbox->manager->backend == BACKEND_SCOPE ? sandbox->scope_name : sandbox->name;
}

int stats_cgroup_of(const Sandbox *sandbox, CgroupHierarchy hierarchy, char **ret) {
        return cgroup_of_pid_above(sandbox->manager->host.cgroup_mode, sandbox->run.leader_pid,
                                   hierarchy, cgroup_name(sandbox), ret);
}

static int read_one(const Sandbox *sandbox, const StatsFile *stats, uint64_t *ret) {
        CgroupMode mode = sandbox->manager->host.cgroup_mode;
        _cleanup_free_ char *path = NULL, *text = NULL;
        _cleanup_fd_ int fd = -EBADF;
        uint64_t number;
        size_t size;
        int r;

        r = stats_cgroup_of(sandbox, stats->hierarchy, &path);
        if (r < 0) {
                return r;
        }
        /* The figures would be of others: without a cgroup of its own in this hierarchy, or where
         * the process has ended and waits to be reaped. */
        if (!streq(path_last(path), cgroup_name(sandbox))) {
                return -ENODATA;
        }
        fd = cgroup_open(mode, stats->hierarchy, path);
        if (fd < 0) {
                return fd;
        }
        r = file_read_at(fd, stats->file, 65536, &text, &size);
        if (r == 0 && stats->sum) {
                number = sum_numbers(text, stats->key);
        } else if (r == 0) {
                r = find_number(text, stats->key, &number);
        }
        if (r < 0) {
                return r;
        }
        *ret = number * stats->scale;
        return 0;
}

uint64_t stats_read(const Sandbox *sandbox, StatsKind kind) {
        CgroupMode mode;
        uint64_t value;

        assert(sandbox);
        assert(kind < _STATS_MAX);

        if (!sandbox_is_live(sandbox) || sandbox->run.leader_pid <= 0) {
                return UINT64_MAX;
        }
        mode = sandbox->manager->host.cgroup_mode;
        for (size_t i = 0; i < FILES_MAX; i++) {
                const StatsFile *file =
                        mode == CGROUP_UNIFIED ? &v2_files[kind][i] : &v1_files[kind][i];

                if (file->file && read_one(sandbox, file, &value) == 0) {
                        return value;
                }
        }
        return UINT64_MAX;
}

char *stats_cgroup(const Sandbox *sandbox) {
        static const CgroupHierarchy order[] = {CGROUP_HIERARCHY_UNIFIED, CGROUP_HIERARCHY_PIDS,
                                                CGROUP_HIERARCHY_MEMORY};
        char *path;

        if (!sandbox_is_live(sandbox) || sandbox->run.leader_pid <= 0) {
                return NULL;
        }
        for (size_t i = 0; i < ELEMENTS(order); i++) {
                if (stats_cgroup_of(sandbox, order[i], &path) == 0) {
                        return path;
                }
        }
        return NULL;
}
