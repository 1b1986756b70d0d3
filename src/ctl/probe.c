/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/probe.h"

#include "base/fd.h"
#include "kern/mount.h"
#include "kern/namespace.h"
#include "kern/privilege.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIMEOUT_SECONDS = 5 };

/* -- the child -- */

static int enter_namespaces(int namespaces) {
        bool unprivileged = geteuid() != 0;

        if (unprivileged) {
                namespaces |= CLONE_NEWUSER;
        }
        if (namespaces != 0 && unshare(namespaces) < 0) {
                return negative_errno();
        }
        /* mounts of the probe must not spread to the host */
        if ((namespaces & CLONE_NEWNS) && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
                return negative_errno();
        }
        return 0;
}

static _noreturn_ void child(Probe probe, const void *argument, int namespaces, int result_fd) {
        int result;

        /* whatever hangs in the kernel is killed, and so is the child of a client that was */
        (void) alarm(TIMEOUT_SECONDS);
        result = enter_namespaces(namespaces);
        if (result == 0) {
                result = probe(argument);
        }
        _exit(fd_write_all(result_fd, &result, sizeof(result)) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

int probe_run(Probe probe, const void *argument, int namespaces) {
        int fds[2], status = 0, result;
        ssize_t n;
        pid_t pid;

        assert(probe);

        if (pipe2(fds, O_CLOEXEC) < 0) {
                return negative_errno();
        }
        pid = fork();
        if (pid == 0) {
                child(probe, argument, namespaces, fds[1]);
        }
        fd_close(fds[1]);
        if (pid < 0) {
                fd_close(fds[0]);
                return -EAGAIN;
        }
        n = read(fds[0], &result, sizeof(result));
        fd_close(fds[0]);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        if (n == (ssize_t) sizeof(result)) {
                return result;
        }
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? -ETIMEDOUT : -ECHILD;
}

int probe_nothing(const void *argument) {
        return 0;
}

/* -- mounts -- */

/* Three folders on a tmpfs that stands over /tmp of this process's own mount namespace. */
static int overlay_ground(void) {
        static const char *const names[] = {"l", "u", "w"};
        _cleanup_fd_ int tree = -EBADF, target = -EBADF;
        int r;

        tree = mount_make("tmpfs", NULL, 0, 0);
        target = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (tree < 0 || target < 0) {
                return tree < 0 ? tree : negative_errno();
        }
        r = mount_attach(tree, target);
        if (r < 0) {
                return r;
        }
        if (fchdir(tree) < 0) {
                return negative_errno();
        }
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                if (mkdir(names[i], 0700) < 0) {
                        return negative_errno();
                }
        }
        return 0;
}

int probe_overlay(const void *argument) {
        struct statvfs fs;
        int r;

        r = overlay_ground();
        if (r < 0) {
                return r;
        }
        if (mount("overlay", "l", "overlay", 0, "lowerdir=l,upperdir=u,workdir=w") < 0 ||
            statvfs("l", &fs) < 0) {
                return negative_errno();
        }
        /* overlayfs makes itself read-only where upper or work do not please it */
        if (fs.f_flag & ST_RDONLY) {
                return -EROFS;
        }
        return mount_probe_overlay_by_fd();
}

/* A user namespace with an id range, held by a process that is killed once it was opened. */
static int open_userns(int proc) {
        static const IdRange range = {.inside = 0, .outside = 524288, .count = 65536};
        const IdMap map = {&range, 1};
        _cleanup_fd_ int pidfd = -EBADF, directory = -EBADF;
        int fd;
        pid_t pid;

        pid = process_clone(CLONE_NEWUSER, -EBADF, &pidfd);
        if (pid == 0) {
                (void) alarm(TIMEOUT_SECONDS);
                for (;;) {
                        (void) pause();
                }
        }
        if (pid < 0) {
                return (int) pid;
        }
        directory = process_directory(proc, pid);
        fd = directory < 0 ? directory : namespace_write_maps(directory, &map, &map);
        if (fd == 0) {
                fd = namespace_open(directory, "user");
        }
        (void) pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
        while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR) {
        }
        return fd;
}

int probe_idmap(const void *path) {
        _cleanup_fd_ int proc = -EBADF, place = -EBADF, tree = -EBADF, userns = -EBADF;

        proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        place = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (proc < 0 || place < 0) {
                return negative_errno();
        }
        userns = open_userns(proc);
        tree = userns < 0 ? -EBADF : mount_clone(place, /* recursive= */ false);
        if (userns < 0 || tree < 0) {
                return userns < 0 ? userns : tree;
        }
        return mount_idmap(tree, userns, 0, /* recursive= */ false);
}

int probe_file_system(const void *type) {
        _cleanup_fd_ int context = fsopen(type, FSOPEN_CLOEXEC);

        return context < 0 ? negative_errno() : 0;
}

/* -- confinement -- */

int probe_seccomp(const void *argument) {
        static const struct sock_filter allow[] = {
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        int r;

        r = privilege_no_new();
        return r < 0 ? r : seccomp_load(allow, sizeof(allow));
}

int probe_landlock(void) {
        long version =
                syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

        return version < 0 ? negative_errno() : (int) version;
}

/* -- network -- */

int probe_nftables(const void *argument) {
        struct {
                struct nlmsghdr header;
                struct nfgenmsg body;
        } request = {
                .header = {.nlmsg_len = sizeof(request),
                           .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
                           .nlmsg_flags = NLM_F_REQUEST},
                .body = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0},
        };
        union {
                struct nlmsghdr header;
                char bytes[4096];
        } reply;
        const struct nlmsgerr *error;
        _cleanup_fd_ int fd = -EBADF;
        ssize_t n;

        fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
        if (fd < 0 || send(fd, &request, sizeof(request), 0) < 0) {
                return negative_errno();
        }
        n = recv(fd, &reply, sizeof(reply), 0);
        if (n < (ssize_t) sizeof(reply.header)) {
                return n < 0 ? negative_errno() : -EBADMSG;
        }
        if (reply.header.nlmsg_type != NLMSG_ERROR) {
                return 0;
        }
        error = NLMSG_DATA(&reply.header);
        return n < (ssize_t) NLMSG_LENGTH(sizeof(*error)) ? -EBADMSG : error->error;
}
