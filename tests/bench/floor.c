/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The floor: what the kernel alone takes for a sandbox. One straight program without checks of
 * input, policy, ids or filters: namespaces, an overlay over a directory, the kernel's file
 * systems, a handful of devices, pivot_root, execve. Everything that sbx does beyond it is to be
 * paid on top of this.
 *
 *     floor --lower DIR --scratch DIR [--cgroup DIR]… [--serve] COMMAND
 *
 * Runs COMMAND (one path) once and ends with its status; with --serve once for each line on stdin,
 * and prints the microseconds from the first step to the last. --cgroup: a cgroup below DIR is
 * made, entered and removed with each. */

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CGROUPS_MAX = 16 };
#define CGROUP_NAME "floor"

typedef struct Floor {
        const char *lower, *scratch, *command;
        int cgroups[CGROUPS_MAX]; /* the folders to make one below */
        size_t n_cgroups;
        bool serve;
} Floor;

static void must(bool good, const char *what) {
        if (!good) {
                fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
                _exit(125);
        }
}

static void make_root(const Floor *floor) {
        char options[1024];

        must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "make / private");
        must(mount("tmpfs", floor->scratch, "tmpfs", 0, "mode=755") == 0, "mount scratch");
        must(chdir(floor->scratch) == 0, "enter scratch");
        must(mkdir("upper", 0755) == 0 && mkdir("work", 0755) == 0 && mkdir("root", 0755) == 0,
             "mkdir");
        (void) snprintf(options, sizeof(options), "lowerdir=%s,upperdir=upper,workdir=work",
                        floor->lower);
        must(mount("overlay", "root", "overlay", 0, options) == 0, "mount overlay");
        must(chdir("root") == 0, "enter root");
}

static void make_devices(void) {
        static const char *const nodes[] = {"null", "zero", "full", "random", "urandom", "tty"};
        char from[64], to[64];

        must(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755") == 0, "mount dev");
        for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
                int fd;

                (void) snprintf(from, sizeof(from), "/dev/%s", nodes[i]);
                (void) snprintf(to, sizeof(to), "dev/%s", nodes[i]);
                fd = open(to, O_CREAT | O_CLOEXEC | O_WRONLY, 0666);
                must(fd >= 0 && close(fd) == 0, "make a node");
                must(mount(from, to, NULL, MS_BIND, NULL) == 0, "bind a node");
        }
        must(mkdir("dev/pts", 0755) == 0 && mkdir("dev/shm", 01777) == 0 &&
                     mkdir("dev/mqueue", 0755) == 0,
             "mkdir in dev");
        must(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
                   "newinstance,ptmxmode=666") == 0,
             "mount devpts");
        must(mount("tmpfs", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") == 0,
             "mount shm");
        must(mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV, NULL) == 0,
             "mount mqueue");
}

static void make_network(void) {
        struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
        int fd;

        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        must(fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0, "set lo up");
        must(close(fd) == 0, "close");
}

/* Gives the one of cgroup2, into which the child can be born, or -1. */
static int make_cgroups(const Floor *floor) {
        struct statfs fs;
        int into = -1;

        for (size_t i = 0; i < floor->n_cgroups; i++) {
                must(mkdirat(floor->cgroups[i], CGROUP_NAME, 0755) == 0, "make the cgroup");
                must(fstatfs(floor->cgroups[i], &fs) == 0, "statfs");
                if (fs.f_type == CGROUP2_SUPER_MAGIC) {
                        into = openat(floor->cgroups[i], CGROUP_NAME, O_PATH | O_CLOEXEC);
                        must(into >= 0, "open the cgroup");
                }
        }
        return into;
}

/* By the one who moves, and through "tasks", which cgroup2 does not have: a write to cgroup.procs
 * waits for a grace period of the kernel's. */
static void join_cgroups(const Floor *floor) {
        for (size_t i = 0; i < floor->n_cgroups; i++) {
                int fd = openat(floor->cgroups[i], CGROUP_NAME "/tasks", O_WRONLY | O_CLOEXEC);

                if (fd < 0 && errno == ENOENT) {
                        continue;
                }
                must(fd >= 0 && write(fd, "0", 1) == 1, "join the cgroup");
                must(close(fd) == 0, "close");
        }
}

static void child_run(const Floor *floor) {
        char *const argv[] = {(char *) floor->command, NULL};
        char *const environment[] = {NULL};

        join_cgroups(floor);
        make_root(floor);
        must(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0,
             "mount proc");
        must(mount("sysfs", "sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) ==
                     0,
             "mount sysfs");
        make_devices();
        must(syscall(SYS_pivot_root, ".", ".") == 0, "pivot_root");
        must(umount2(".", MNT_DETACH) == 0, "detach the old root");
        make_network();
        must(sethostname("floor", strlen("floor")) == 0, "sethostname");
        must(unshare(CLONE_NEWCGROUP) == 0, "unshare cgroup");
        execve(floor->command, argv, environment);
        must(false, "execve");
}

static void remove_cgroups(const Floor *floor) {
        for (size_t i = 0; i < floor->n_cgroups; i++) {
                must(unlinkat(floor->cgroups[i], CGROUP_NAME, AT_REMOVEDIR) == 0,
                     "remove the cgroup");
        }
}

/* Starts, waits, and gives back the wait status. */
static int floor_run(const Floor *floor) {
        struct clone_args args = {
                .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET,
                .exit_signal = SIGCHLD,
        };
        int status, into = make_cgroups(floor);
        pid_t pid;

        if (into >= 0) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (uint64_t) into;
        }
        pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
        must(pid >= 0, "clone3");
        if (pid == 0) {
                child_run(floor);
        }
        must(waitpid(pid, &status, 0) == pid, "wait");
        must(into < 0 || close(into) == 0, "close");
        remove_cgroups(floor);
        return status;
}

static int64_t now_usec(void) {
        struct timespec ts;

        must(clock_gettime(CLOCK_MONOTONIC, &ts) == 0, "clock_gettime");
        return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int serve(const Floor *floor) {
        char line[16];

        while (fgets(line, sizeof(line), stdin)) {
                int64_t start = now_usec();
                int status = floor_run(floor);

                printf("%lld %d\n", (long long) (now_usec() - start), status);
                must(fflush(stdout) == 0, "print");
        }
        return 0;
}

static void add_cgroup(Floor *floor, const char *path) {
        must(floor->n_cgroups < CGROUPS_MAX, "count cgroups");
        floor->cgroups[floor->n_cgroups] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        must(floor->cgroups[floor->n_cgroups] >= 0, path);
        floor->n_cgroups++;
}

int main(int argc, char **argv) {
        Floor floor = {0};
        int i, status;

        for (i = 1; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
                if (strcmp(argv[i], "--serve") == 0) {
                        floor.serve = true;
                } else if (i + 1 < argc && strcmp(argv[i], "--lower") == 0) {
                        floor.lower = argv[++i];
                } else if (i + 1 < argc && strcmp(argv[i], "--scratch") == 0) {
                        floor.scratch = argv[++i];
                } else if (i + 1 < argc && strcmp(argv[i], "--cgroup") == 0) {
                        add_cgroup(&floor, argv[++i]);
                }
        }
        if (i + 1 != argc || !floor.lower || !floor.scratch) {
                fprintf(stderr, "usage: floor --lower DIR --scratch DIR [--cgroup DIR]… [--serve] "
                                "COMMAND\n");
                return 2;
        }
        floor.command = argv[i];
        if (floor.serve) {
                return serve(&floor);
        }
        status = floor_run(&floor);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
