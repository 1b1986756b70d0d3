/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Device nodes come from the host, as binds of what was looked at first: in a user namespace
 * none can be made. */

#include "helper/parts.h"
#include "kern/device.h"
#include "kern/mount.h"

#include <sys/mount.h>

int device_source(const Op *op) {
        _cleanup_fd_ int device = -EBADF, tree = -EBADF;
        int r;

        device = device_open(op->args[0].string, op->args[2].u64 == OP_DEVICE_BLOCK,
                             (unsigned) op->args[3].u64, (unsigned) op->args[4].u64);
        if (device < 0) {
                return device;
        }
        tree = mount_clone(device, false);
        if (tree < 0) {
                return tree;
        }
        r = mount_set(tree, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, false, true);
        return r < 0 ? r : fd_take(&tree);
}
