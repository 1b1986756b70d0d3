/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kern/cgroup.h"

#include "base/fd.h"
#include "base/parse.h"
#include "kern/process.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define DEVICES_MAX 65536u
#define EVENTS_MAX 4096u
/* From the base of all sandboxes down to the deepest that one may make. */
#define DEPTH_MAX (CGROUP_DEPTH_MAX + 4)
#define KILL_ROUNDS_MAX 32u

bool cgroup_name_is_valid(const char *name) {
        size_t n = strlen(name);

        if (n == 0 || n > NAME_MAX || name[0] == '.' || startswith(name, "cgroup.")) {
                return false;
        }
        for (size_t i = 0; i < n; i++) {
                if (name[i] == '/' || name[i] < ' ' || name[i] == 0x7f) {
                        return false;
                }
        }
        return true;
}

int cgroup_open_at(int parent_fd, const char *name) {
        int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

        return fd < 0 ? negative_errno() : fd;
}

int cgroup_make(int parent_fd, const char *name) {
        _cleanup_fd_ int fd = -EBADF;

        if (!cgroup_name_is_valid(name)) {
                return -EINVAL;
        }
        if (mkdirat(parent_fd, name, 0755) < 0) {
                return negative_errno();
        }
        fd = cgroup_open_at(parent_fd, name);
        if (fd < 0) {
                return fd;
        }
        /* Whatever the umask: the sandbox is shown its own. */
        return fchmod(fd, 0755) < 0 ? negative_errno() : fd_take(&fd);
}

int cgroup_give(int cgroup_fd, uid_t user, gid_t group) {
        static const char *const files[] = {"cgroup.procs", "cgroup.subtree_control",
                                            "cgroup.threads"};

        for (size_t i = 0; i < ELEMENTS(files); i++) {
                if (fchownat(cgroup_fd, files[i], user, group, AT_SYMLINK_NOFOLLOW) < 0) {
                        return negative_errno();
                }
        }
        return fchown(cgroup_fd, user, group) < 0 ? negative_errno() : 0;
}

int cgroup_attach(int cgroup_fd, pid_t pid) {
        char text[16];

        (void) snprintf(text, sizeof(text), "%d", (int) pid);
        return file_write_at(cgroup_fd, "cgroup.procs", text);
}

bool cgroup_is_unified(int cgroup_fd) {
        struct statfs fs;

        return fstatfs(cgroup_fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

int cgroup_open_join(int cgroup_fd) {
        const char *file = cgroup_is_unified(cgroup_fd) ? "cgroup.procs" : "tasks";
        int fd = openat(cgroup_fd, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

        return fd < 0 ? negative_errno() : fd;
}

int cgroup_enable(int cgroup_fd, uint32_t controllers) {
        int result = 0;

        for (int i = CGROUP_HIERARCHY_MEMORY; i < _CGROUP_HIERARCHY_MAX; i++) {
                char text[32];
                int r;

                if ((controllers & (UINT32_C(1) << i)) == 0) {
                        continue;
                }
                /* One at a time: the kernel takes all of a write or nothing of it. */
                (void) snprintf(text, sizeof(text), "+%s",
                                i == CGROUP_HIERARCHY_IO ? "io" : cgroup_hierarchy_name(i));
                r = file_write_at(cgroup_fd, "cgroup.subtree_control", text);
                if (r < 0 && result == 0) {
                        result = r;
                }
        }
        return result;
}

static int check_program(int unified_fd, enum bpf_attach_type type) {
        union bpf_attr attributes = {
                .query = {.target_fd = (uint32_t) unified_fd, .attach_type = type},
        };

        if (syscall(SYS_bpf, BPF_PROG_QUERY, &attributes, sizeof(attributes)) < 0) {
                return negative_errno();
        }
        return attributes.query.prog_cnt > 0 ? 0 : -EOPNOTSUPP;
}

int cgroup_check_device_filter(int cgroup_fd) {
        _cleanup_free_ char *text = NULL;
        int r;

        if (cgroup_is_unified(cgroup_fd)) {
                return check_program(cgroup_fd, BPF_CGROUP_DEVICE);
        }
        r = file_read_at(cgroup_fd, "devices.list", DEVICES_MAX, &text, NULL);
        if (r < 0) {
                return r;
        }
        return startswith(text, "a ") ? -EOPNOTSUPP : 0;
}

int cgroup_check_address_filter(int unified_fd) {
        int r = check_program(unified_fd, BPF_CGROUP_INET_INGRESS);

        return r < 0 ? r : check_program(unified_fd, BPF_CGROUP_INET_EGRESS);
}

int cgroup_freeze(int unified_fd, bool freeze) {
        return file_write_at(unified_fd, "cgroup.freeze", freeze ? "1" : "0");
}

typedef int (*ChildFn)(int parent_fd, const char *name, unsigned depth, const void *userdata);

/* Calls fn for every cgroup directly below; stops at its first error. */
static int for_each_child(int cgroup_fd, unsigned depth, ChildFn fn, const void *userdata) {
        _cleanup_dir_ DIR *directory = NULL;
        int result = 0;

        if (depth >= DEPTH_MAX) {
                return -ELOOP;
        }
        directory = fd_list(cgroup_fd);
        if (!directory) {
                return negative_errno();
        }
        for (struct dirent *entry = readdir(directory); entry && result >= 0;
             entry = readdir(directory)) {
                if (cgroup_is_child(entry)) {
                        result = fn(cgroup_fd, entry->d_name, depth + 1, userdata);
                }
        }
        return result;
}

/* What is threaded has no list of processes: they stand in the list of the domain above. */
static int read_processes(int cgroup_fd, pid_t **ret, size_t *ret_n) {
        int r = cgroup_read_pids(cgroup_fd, ret, ret_n);

        return r == -EOPNOTSUPP ? 0 : r;
}

static int count_below(int parent_fd, const char *name, unsigned depth, const void *userdata);

static int count_in(int cgroup_fd, unsigned depth) {
        _cleanup_free_ pid_t *pids = NULL;
        size_t n = 0;
        int r;

        r = read_processes(cgroup_fd, &pids, &n);
        if (r < 0) {
                return r;
        }
        return n > 0 ? -EBUSY : for_each_child(cgroup_fd, depth, count_below, NULL);
}

static int count_below(int parent_fd, const char *name, unsigned depth, const void *userdata) {
        _cleanup_fd_ int fd = cgroup_open_at(parent_fd, name);

        if (fd < 0) {
                return fd == -ENOENT ? 0 : fd;
        }
        return count_in(fd, depth);
}

bool cgroup_is_empty(int cgroup_fd) {
        return count_in(cgroup_fd, 0) == 0;
}

/* A signal for all but a few. */
typedef struct Signalling {
        int signal;
        const pid_t *except;
        size_t n_except;
} Signalling;

static int signal_below(int parent_fd, const char *name, unsigned depth, const void *userdata);

static int signal_in(int cgroup_fd, unsigned depth, const Signalling *signalling) {
        _cleanup_free_ pid_t *pids = NULL;
        size_t n = 0;
        int r;

        r = read_processes(cgroup_fd, &pids, &n);
        if (r < 0) {
                return r;
        }
        for (size_t i = 0; i < n; i++) {
                _cleanup_free_ pid_t *again = NULL;
                _cleanup_fd_ int pidfd = -EBADF;
                size_t n_again = 0;

                if (cgroup_pids_contain(signalling->except, signalling->n_except, pids[i])) {
                        continue;
                }
                /* The number may have passed to another process between reading and opening: it is
                 * ours only if it still stands here now that the descriptor pins it. */
                pidfd = process_open(pids[i]);
                if (pidfd >= 0 && read_processes(cgroup_fd, &again, &n_again) == 0 &&
                    cgroup_pids_contain(again, n_again, pids[i])) {
                        (void) process_signal(pidfd, signalling->signal);
                }
        }
        return for_each_child(cgroup_fd, depth, signal_below, signalling);
}

static int signal_below(int parent_fd, const char *name, unsigned depth, const void *userdata) {
        _cleanup_fd_ int fd = cgroup_open_at(parent_fd, name);

        if (fd < 0) {
                return fd == -ENOENT ? 0 : fd;
        }
        return signal_in(fd, depth, userdata);
}

int cgroup_signal(int cgroup_fd, int signal, const pid_t *except, size_t n_except) {
        const Signalling signalling = {signal, except, n_except};

        return signal_in(cgroup_fd, 0, &signalling);
}

int cgroup_kill(int cgroup_fd) {
        int r;

        r = file_write_at(cgroup_fd, "cgroup.kill", "1");
        if (r != -ENOENT) {
                return r;
        }
        for (unsigned i = 0; i < KILL_ROUNDS_MAX; i++) {
                r = cgroup_signal(cgroup_fd, SIGKILL, NULL, 0);
                if (r < 0) {
                        return r;
                }
                if (cgroup_is_empty(cgroup_fd)) {
                        return 0;
                }
        }
        return -EAGAIN;
}

static int remove_one(int parent_fd, const char *name, unsigned depth, const void *userdata) {
        _cleanup_fd_ int fd = -EBADF;
        int r;

        /* Most have nothing below: no need to look first. */
        if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
                return 0;
        }
        if (errno != EBUSY && errno != ENOTEMPTY) {
                return negative_errno();
        }
        fd = cgroup_open_at(parent_fd, name);
        if (fd < 0) {
                return fd == -ENOENT ? 0 : fd;
        }
        r = for_each_child(fd, depth, remove_one, NULL);
        if (r < 0) {
                return r;
        }
        if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT) {
                return errno == ENOTEMPTY ? -EBUSY : negative_errno();
        }
        return 0;
}

int cgroup_remove(int parent_fd, const char *name) {
        if (!cgroup_name_is_valid(name)) {
                return -EINVAL;
        }
        return remove_one(parent_fd, name, 0, NULL);
}

int cgroup_open_memory_events(int cgroup_fd, CgroupMode mode) {
        int fd = openat(cgroup_fd, mode == CGROUP_UNIFIED ? "memory.events" : "memory.oom_control",
                        O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        return fd < 0 ? negative_errno() : fd;
}

int cgroup_open_events(int unified_fd) {
        int fd = openat(unified_fd, "cgroup.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        return fd < 0 ? negative_errno() : fd;
}

/* The number behind key, which ends in a blank, at the start of a line. */
static int read_event(int events_fd, const char *key, uint32_t *ret) {
        char text[EVENTS_MAX], *rest = NULL;
        ssize_t n;

        n = pread(events_fd, text, sizeof(text) - 1, 0);
        if (n < 0) {
                return negative_errno();
        }
        text[n] = '\0';
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                const char *number = startswith(line, key);

                if (number) {
                        return parse_u32(number, ret);
                }
        }
        return -ENODATA;
}

int cgroup_notify_oom(int cgroup_fd, int notifier, int events_fd) {
        char text[32];

        (void) snprintf(text, sizeof(text), "%d %d", notifier, events_fd);
        return file_write_at(cgroup_fd, "cgroup.event_control", text);
}

int cgroup_group_oom(int cgroup_fd) {
        return file_write_at(cgroup_fd, "memory.oom.group", "1");
}

int cgroup_read_oom_kills(int events_fd, uint32_t *ret) {
        return read_event(events_fd, "oom_kill ", ret);
}

int cgroup_read_frozen(int events_fd, bool *ret) {
        uint32_t frozen;
        int r;

        r = read_event(events_fd, "frozen ", &frozen);
        if (r == 0) {
                *ret = frozen != 0;
        }
        return r;
}
