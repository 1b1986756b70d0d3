/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/processes.h"

#include "base/cgroup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "manager/manager.h"
#include "manager/stats.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { FILE_MAX = 16384, PIDS_MAX = 65536 };

/* -- files of /proc -- */

int process_parse_stat(const char *text, uint64_t tick_nsec, uint64_t page_bytes,
                       ProcessEntry *entry) {
        const char *open = strchr(text, '('), *close = strrchr(text, ')');
        uint64_t user, system;
        int64_t pages;
        int parent;

        /* the name may hold blanks, brackets and line breaks: the last bracket is the kernel's */
        if (!open || !close || close < open) {
                return -EBADMSG;
        }
        if (sscanf(close + 1,
                   " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
                   " %*d %*d %*d %*d %*d %*d %*u %*u %" SCNd64,
                   &entry->state, &parent, &user, &system, &pages) != 5) {
                return -EBADMSG;
        }
        entry->parent = parent;
        entry->cpu_nsec = (user + system) * tick_nsec;
        entry->memory_bytes = pages > 0 ? (uint64_t) pages * page_bytes : 0;
        (void) snprintf(entry->comm, sizeof(entry->comm), "%.*s", (int) (close - open - 1),
                        open + 1);
        return 0;
}

int process_parse_status(const char *text, ProcessEntry *entry) {
        const char *ids = strstr(text, "\nUid:"), *pids = strstr(text, "\nNSpid:");
        int outer, inner;

        if (!ids || sscanf(ids, "\nUid: %" SCNu32, &entry->user) != 1) {
                return -EBADMSG;
        }
        /* the first number is ours, the second that of the sandbox's namespace */
        entry->inner = pids && sscanf(pids, "\nNSpid: %d %d", &outer, &inner) == 2 ? inner : 0;
        return 0;
}

uint32_t process_map_user(const char *map, uint32_t outside) {
        uint32_t inner, outer, count;
        int n;

        while (sscanf(map, "%" SCNu32 " %" SCNu32 " %" SCNu32 " %n", &inner, &outer, &count, &n) ==
               3) {
                if (outside >= outer && outside - outer < count) {
                        return inner + (outside - outer);
                }
                map += n;
        }
        return UINT32_MAX;
}

static int read_proc(pid_t pid, const char *name, char **ret) {
        char path[64];
        size_t size;

        (void) snprintf(path, sizeof(path), "/proc/%d/%s", (int) pid, name);
        return file_read_at(AT_FDCWD, path, FILE_MAX, ret, &size);
}

static int process_read(pid_t pid, ProcessEntry *entry) {
        _cleanup_free_ char *stat = NULL, *status = NULL;
        int r;

        *entry = (ProcessEntry){.pid = pid};
        r = read_proc(pid, "stat", &stat);
        r = r < 0 ? r : read_proc(pid, "status", &status);
        if (r == 0) {
                r = process_parse_stat(stat, NSEC_PER_SEC / (uint64_t) sysconf(_SC_CLK_TCK),
                                       (uint64_t) sysconf(_SC_PAGESIZE), entry);
        }
        return r < 0 ? r : process_parse_status(status, entry);
}

/* -- the cgroup and those below it -- */

typedef struct Collector {
        pid_t *pids;
        size_t n, n_cgroups;
} Collector;

static int collect_pids(Collector *collector, int cgroup_fd) {
        _cleanup_free_ pid_t *pids = NULL;
        size_t n = 0;
        pid_t *grown;

        if (collector->n >= PIDS_MAX || cgroup_read_pids(cgroup_fd, &pids, &n) < 0 || n == 0) {
                return 0; /* removed meanwhile, or a domain of threads */
        }
        grown = reallocarray(collector->pids, collector->n + n, sizeof(*grown));
        if (!grown) {
                return -ENOMEM;
        }
        memcpy(grown + collector->n, pids, n * sizeof(*grown));
        collector->pids = grown;
        collector->n += n;
        return 0;
}

/* A workload with Delegate= makes cgroups of its own. The helper has bounded how many; what is here
 * holds for any. */
static int collect(Collector *collector, int cgroup_fd, unsigned depth) {
        _cleanup_dir_ DIR *dir = NULL;
        const struct dirent *entry;
        int r;

        r = collect_pids(collector, cgroup_fd);
        dir = r < 0 ? NULL : fd_list(cgroup_fd);
        if (!dir) {
                return r < 0 || errno != ENOMEM ? r : -ENOMEM;
        }
        while (r == 0 && (entry = readdir(dir))) {
                _cleanup_fd_ int below = -EBADF;

                if (!cgroup_is_child(entry) || depth > CGROUP_DEPTH_MAX ||
                    ++collector->n_cgroups > CGROUP_DESCENDANTS_MAX + 2) {
                        continue;
                }
                below = openat(cgroup_fd, entry->d_name,
                               O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                r = below < 0 ? 0 : collect(collector, below, depth + 1);
        }
        return r;
}

static int collect_sandbox(const Sandbox *sandbox, Collector *collector) {
        static const CgroupHierarchy order[] = {CGROUP_HIERARCHY_UNIFIED, CGROUP_HIERARCHY_PIDS,
                                                CGROUP_HIERARCHY_MEMORY};
        CgroupMode mode = sandbox->manager->host.cgroup_mode;

        if (!sandbox_is_live(sandbox) || sandbox->run.leader_pid <= 0) {
                return 0;
        }
        for (size_t i = 0; i < ELEMENTS(order); i++) {
                _cleanup_free_ char *path = NULL;
                _cleanup_fd_ int fd = -EBADF;

                /* "/": it has ended and waits to be reaped, or is not in its cgroup yet */
                if (stats_cgroup_of(sandbox, order[i], &path) < 0 || streq(path, "/")) {
                        continue;
                }
                fd = cgroup_open(mode, order[i], path);
                if (fd >= 0) {
                        return collect(collector, fd, 0);
                }
        }
        return 0;
}

static int by_number(const void *a, const void *b) {
        pid_t x = *(const pid_t *) a, y = *(const pid_t *) b;

        return (x > y) - (x < y);
}

static int append_process(sd_bus_message *reply, const ProcessEntry *entry, const char *map,
                          bool own_pids) {
        _cleanup_(str_done) Str name = STR_INIT;
        const char state[] = {entry->state, '\0'};
        pid_t inner = entry->inner > 0 || own_pids ? entry->inner : entry->pid;
        int r;

        r = str_append_escaped(&name, entry->comm, strlen(entry->comm));
        return r < 0 ? r
                     : sd_bus_message_append(reply, "(uuuustts)", (uint32_t) entry->pid,
                                             (uint32_t) entry->parent, (uint32_t) inner,
                                             process_map_user(map, entry->user), state,
                                             entry->cpu_nsec, entry->memory_bytes, str_text(&name));
}

int processes_append(const Sandbox *sandbox, sd_bus_message *reply) {
        _cleanup_free_ char *map = NULL;
        Collector collector = {};
        size_t n;
        int r;

        assert(sandbox);
        assert(reply);

        r = collect_sandbox(sandbox, &collector);
        if (r == 0 && collector.n > 0) {
                qsort(collector.pids, collector.n, sizeof(*collector.pids), by_number);
                (void) read_proc(sandbox->run.leader_pid, "uid_map", &map);
        }
        n = MIN(collector.n, (size_t) PROCESSES_SHOWN_MAX);
        r = r < 0 ? r : sd_bus_message_open_container(reply, 'a', "(uuuustts)");
        for (size_t i = 0; r >= 0 && i < n; i++) {
                ProcessEntry entry;

                if (process_read(collector.pids[i], &entry) == 0) {
                        r = append_process(reply, &entry, map ? map : "",
                                           sandbox_spec(sandbox)->private_pids);
                }
        }
        r = r < 0 ? r : sd_bus_message_close_container(reply);
        r = r < 0 ? r : sd_bus_message_append(reply, "u", (uint32_t) collector.n);
        free(collector.pids);
        return r;
}
