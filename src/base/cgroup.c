/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cgroup.h"

#include "base/fd.h"
#include "base/lookup.h"
#include "base/parse.h"
#include "base/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/statfs.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP_UNIFIED_ROOT CGROUP_ROOT "/unified"
#define CGROUP_TEXT_MAX (1u << 20)
#define CGROUP_PIDS_MAX 65536u

static const char *const mode_names[_CGROUP_MODE_MAX] = {
        [CGROUP_NONE] = "none",
        [CGROUP_V1] = "v1",
        [CGROUP_HYBRID] = "hybrid",
        [CGROUP_UNIFIED] = "unified",
};

const char *cgroup_mode_name(CgroupMode mode) {
        return lookup_name(mode_names, ELEMENTS(mode_names), (int) mode);
}

/* name: as in /proc/PID/cgroup and as systemd mounts it; v2: as in cgroup.controllers */
static const struct Hierarchy {
        const char *name;
        const char *v2;
        const char *mount_point;
} hierarchies[_CGROUP_HIERARCHY_MAX] = {
        [CGROUP_HIERARCHY_UNIFIED] = {"", NULL, CGROUP_UNIFIED_ROOT},
        [CGROUP_HIERARCHY_MEMORY] = {"memory", "memory", CGROUP_ROOT "/memory"},
        [CGROUP_HIERARCHY_PIDS] = {"pids", "pids", CGROUP_ROOT "/pids"},
        [CGROUP_HIERARCHY_CPU] = {"cpu", "cpu", CGROUP_ROOT "/cpu"},
        [CGROUP_HIERARCHY_CPUSET] = {"cpuset", "cpuset", CGROUP_ROOT "/cpuset"},
        [CGROUP_HIERARCHY_IO] = {"blkio", "io", CGROUP_ROOT "/blkio"},
        [CGROUP_HIERARCHY_FREEZER] = {"freezer", NULL, CGROUP_ROOT "/freezer"},
        [CGROUP_HIERARCHY_DEVICES] = {"devices", NULL, CGROUP_ROOT "/devices"},
};

static bool is_cgroup2(const char *path) {
        struct statfs fs;

        return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

static bool is_cgroup1(const char *path) {
        struct statfs fs;

        return statfs(path, &fs) == 0 && fs.f_type == CGROUP_SUPER_MAGIC;
}

CgroupMode cgroup_mode_detect(void) {
        if (is_cgroup2(CGROUP_ROOT)) {
                return CGROUP_UNIFIED;
        }
        if (is_cgroup2(CGROUP_UNIFIED_ROOT)) {
                return CGROUP_HYBRID;
        }
        for (int i = CGROUP_HIERARCHY_MEMORY; i < _CGROUP_HIERARCHY_MAX; i++) {
                if (is_cgroup1(hierarchies[i].mount_point)) {
                        return CGROUP_V1;
                }
        }
        return CGROUP_NONE;
}

const char *cgroup_hierarchy_name(CgroupHierarchy hierarchy) {
        return (unsigned) hierarchy < _CGROUP_HIERARCHY_MAX ? hierarchies[hierarchy].name : NULL;
}

const char *cgroup_mount_point(CgroupMode mode, CgroupHierarchy hierarchy) {
        if ((unsigned) hierarchy >= _CGROUP_HIERARCHY_MAX || mode == CGROUP_NONE) {
                return NULL;
        }
        if (mode == CGROUP_UNIFIED) {
                return CGROUP_ROOT;
        }
        if (hierarchy == CGROUP_HIERARCHY_UNIFIED) {
                return mode == CGROUP_HYBRID ? CGROUP_UNIFIED_ROOT : NULL;
        }
        return hierarchies[hierarchy].mount_point;
}

static uint32_t controllers_v1(void) {
        uint32_t mask = 0;

        for (int i = CGROUP_HIERARCHY_MEMORY; i < _CGROUP_HIERARCHY_MAX; i++) {
                if (is_cgroup1(hierarchies[i].mount_point)) {
                        mask |= UINT32_C(1) << i;
                }
        }
        return mask;
}

/* True where word stands in a blank-separated list. */
static bool has_word(const char *list, const char *word) {
        size_t n = strlen(word);

        for (const char *p = list; *p; p += strcspn(p, " \n"), p += strspn(p, " \n")) {
                if (strncmp(p, word, n) == 0 && strchr(" \n", p[n])) {
                        return true;
                }
        }
        return false;
}

int cgroup_read_controllers(int cgroup_fd, uint32_t *ret) {
        _cleanup_free_ char *text = NULL;
        uint32_t mask = 0;
        int r;

        r = file_read_at(cgroup_fd, "cgroup.controllers", CGROUP_TEXT_MAX, &text, NULL);
        if (r < 0) {
                return r;
        }
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                if (hierarchies[i].v2 && has_word(text, hierarchies[i].v2)) {
                        mask |= UINT32_C(1) << i;
                }
        }
        *ret = mask;
        return 0;
}

static uint32_t controllers_v2(const char *path) {
        _cleanup_free_ char *own = NULL;
        _cleanup_fd_ int fd = -EBADF;
        uint32_t mask = 0;

        if (!path && cgroup_of_pid(CGROUP_UNIFIED, 0, CGROUP_HIERARCHY_UNIFIED, &own) < 0) {
                return 0;
        }
        fd = cgroup_open(CGROUP_UNIFIED, CGROUP_HIERARCHY_UNIFIED, path ? path : own);
        return fd >= 0 && cgroup_read_controllers(fd, &mask) == 0 ? mask : 0;
}

uint32_t cgroup_controllers(CgroupMode mode, const char *path) {
        switch (mode) {
        case CGROUP_UNIFIED:
                return controllers_v2(path);
        case CGROUP_HYBRID:
        case CGROUP_V1:
                return controllers_v1();
        case CGROUP_NONE:
        case _CGROUP_MODE_MAX:
        default:
                return 0;
        }
}

/* A line is ID:CONTROLLERS:PATH, cgroups(7); controllers may be several, with commas between. */
static bool line_is_of(const char *controllers, size_t n, const char *wanted) {
        size_t length = strlen(wanted);

        if (length == 0) {
                return n == 0;
        }
        for (const char *p = controllers; p < controllers + n;) {
                size_t word = MIN(strcspn(p, ","), (size_t) (controllers + n - p));

                if (word == length && strncmp(p, wanted, length) == 0) {
                        return true;
                }
                p += word + 1;
        }
        return false;
}

int cgroup_of_pid(CgroupMode mode, pid_t pid, CgroupHierarchy hierarchy, char **ret) {
        _cleanup_free_ char *file = NULL, *text = NULL;
        const char *wanted = mode == CGROUP_UNIFIED ? "" : cgroup_hierarchy_name(hierarchy);
        char *rest = NULL;
        int r;

        file = pid == 0 ? strdup("/proc/self/cgroup") : strf("/proc/%d/cgroup", (int) pid);
        if (!file) {
                return -ENOMEM;
        }
        r = file_read_at(AT_FDCWD, file, CGROUP_TEXT_MAX, &text, NULL);
        if (r < 0) {
                return r == -ENOENT ? -ESRCH : r;
        }
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                char *controllers = strchr(line, ':');
                char *path = controllers ? strchr(controllers + 1, ':') : NULL;

                if (!path ||
                    !line_is_of(controllers + 1, (size_t) (path - controllers - 1), wanted)) {
                        continue;
                }
                *ret = strdup(path + 1);
                return *ret ? 0 : -ENOMEM;
        }
        return -ENODATA;
}

/* Where the component ends, or NULL. */
static char *find_component(char *path, const char *name) {
        size_t n = strlen(name);

        for (char *start = path; n > 0 && (start = strchr(start, '/'));) {
                start++;
                if (strncmp(start, name, n) == 0 && (start[n] == '/' || start[n] == '\0')) {
                        return start + n;
                }
        }
        return NULL;
}

int cgroup_of_pid_above(CgroupMode mode, pid_t pid, CgroupHierarchy hierarchy, const char *name,
                        char **ret) {
        char *end;
        int r;

        r = cgroup_of_pid(mode, pid, hierarchy, ret);
        if (r < 0) {
                return r;
        }
        end = find_component(*ret, name);
        if (end) {
                *end = '\0';
        }
        return 0;
}

int cgroup_open(CgroupMode mode, CgroupHierarchy hierarchy, const char *path) {
        const char *mount_point = cgroup_mount_point(mode, hierarchy);
        _cleanup_free_ char *full = NULL;
        int fd;

        if (!mount_point) {
                return -ENODATA;
        }
        if (!path_is_safe(path)) {
                return -EINVAL;
        }
        full = path_join(mount_point, path);
        if (!full) {
                return -ENOMEM;
        }
        fd = open(full, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? negative_errno() : fd;
}

int cgroup_read_pids(int cgroup_fd, pid_t **ret, size_t *ret_n) {
        _cleanup_free_ char *text = NULL;
        _cleanup_free_ pid_t *pids = NULL;
        char *rest = NULL;
        size_t n = 0, lines = 1;
        int r;

        r = file_read_at(cgroup_fd, "cgroup.procs", CGROUP_TEXT_MAX, &text, NULL);
        if (r < 0) {
                return r;
        }
        for (const char *p = text; *p; p++) {
                lines += *p == '\n';
        }
        pids = calloc(MIN(lines, (size_t) CGROUP_PIDS_MAX), sizeof(pid_t));
        if (!pids) {
                return -ENOMEM;
        }
        for (char *line = strtok_r(text, "\n", &rest); line && n < CGROUP_PIDS_MAX;
             line = strtok_r(NULL, "\n", &rest)) {
                uint32_t pid;

                /* 0 is a process of another pid namespace: it has no number here. */
                if (parse_u32(line, &pid) < 0 || pid == 0) {
                        continue;
                }
                pids[n++] = (pid_t) pid;
        }
        *ret = TAKE(pids);
        *ret_n = n;
        return 0;
}

bool cgroup_pids_contain(const pid_t *pids, size_t n, pid_t pid) {
        for (size_t i = 0; i < n; i++) {
                if (pids[i] == pid) {
                        return true;
                }
        }
        return false;
}

bool cgroup_is_child(const struct dirent *entry) {
        return entry->d_type == DT_DIR && !streq(entry->d_name, ".") && !streq(entry->d_name, "..");
}
