/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What every launch stands on and the helper makes once: the almost empty mount namespace E, a
 * procfs of our own, and what the running kernel can do. A namespace that is copied from E costs
 * the same however many mounts the host has. */

#include "helper/parts.h"
#include "kern/mount.h"
#include "kern/path.h"
#include "kern/privilege.h"
#include "kern/process.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static int attach_new(int root, const char *type, const char *path) {
        _cleanup_fd_ int tree = -EBADF, target = -EBADF;

        /* Wholly visible and writable ones: the kernel lets a user namespace mount procfs and sysfs
         * only where its own mount namespace shows them unrestricted already. */
        tree = mount_make(type, NULL, 0, 0);
        if (tree < 0) {
                return tree;
        }
        target = root_make_directory(root, path, 0755, LINKS_REFUSED);
        return target < 0 ? target : mount_attach(tree, target);
}

static int make_empty(void) {
        const MountOption options[] = {MOUNT_TEXT("mode", "0755"), MOUNT_TEXT("size", "64k")};
        static const char *const directories[] = {"/root", "/scratch"};
        _cleanup_fd_ int root = -EBADF, host = -EBADF;
        int r;

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
                return negative_errno();
        }
        root = mount_make("tmpfs", options, ELEMENTS(options),
                          MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        if (root < 0) {
                return root;
        }
        /* Any directory does for a moment; procfs is mounted on one everywhere. */
        host = host_open("/proc", O_PATH | O_DIRECTORY);
        if (host < 0) {
                return host;
        }
        r = mount_attach(root, host);
        for (size_t i = 0; i < ELEMENTS(directories) && r == 0; i++) {
                r = mkdirat(root, directories[i] + 1, 0700) < 0 ? negative_errno() : 0;
        }
        r = r < 0 ? r : attach_new(root, "proc", "/proc");
        r = r < 0 ? r : attach_new(root, "sysfs", "/sys");
        r = r < 0 ? r : mount_pivot(root);
        return r < 0 ? r : mount_set(root, MOUNT_ATTR_RDONLY, false, true);
}

static int make_empty_namespace(void *userdata) {
        int r = make_empty();

        if (r < 0) {
                return r;
        }
        r = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
        return r < 0 ? negative_errno() : r;
}

static int make_proc(void) {
        _cleanup_fd_ int proc = -EBADF;
        struct statfs fs;

        proc = mount_make("proc", NULL, 0,
                          MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        if (proc < 0) {
                return proc;
        }
        if (fstatfs(proc, &fs) < 0) {
                return negative_errno();
        }
        return fs.f_type == PROC_SUPER_MAGIC ? fd_take(&proc) : -ENODEV;
}

int launch_ground_make(const char *relay_path, LaunchGround *ret) {
        _cleanup_fd_ int empty = -EBADF, proc = -EBADF;

        assert(ret);

        /* in a child, so that the helper's own root and namespace stay as they are */
        empty = process_fetch_fd(make_empty_namespace, NULL);
        if (empty < 0) {
                return empty;
        }
        proc = make_proc();
        if (proc < 0) {
                return proc;
        }
        *ret = (LaunchGround){
                .empty_ns = fd_take(&empty),
                .proc = fd_take(&proc),
                .relay_exe = -EBADF,
                .overlay_by_fd = mount_probe_overlay_by_fd(),
                .image_by_file = true,
        };
        if (relay_path) {
                int relay = host_open(relay_path, O_PATH);

                ret->relay_exe = relay < 0 ? -EBADF : relay;
        }
        return 0;
}

void launch_ground_done(LaunchGround *ground) {
        ground->empty_ns = fd_close(ground->empty_ns);
        ground->proc = fd_close(ground->proc);
        ground->relay_exe = fd_close(ground->relay_exe);
}
