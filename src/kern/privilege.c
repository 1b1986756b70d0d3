/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kern/privilege.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534
#define CAPABILITY_MAX 63 /* the kernel says EINVAL behind its last */

int capabilities_get(Capabilities *ret) {
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct words[2] = {};

        if (syscall(SYS_capget, &header, words) < 0) {
                return negative_errno();
        }
        *ret = (Capabilities){
                .permitted = words[0].permitted | (uint64_t) words[1].permitted << 32,
                .effective = words[0].effective | (uint64_t) words[1].effective << 32,
                .inheritable = words[0].inheritable | (uint64_t) words[1].inheritable << 32,
        };
        return 0;
}

int capabilities_set(const Capabilities *capabilities) {
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct words[2];

        for (unsigned i = 0; i < 2; i++) {
                words[i] = (struct __user_cap_data_struct){
                        .permitted = (uint32_t) (capabilities->permitted >> (32 * i)),
                        .effective = (uint32_t) (capabilities->effective >> (32 * i)),
                        .inheritable = (uint32_t) (capabilities->inheritable >> (32 * i)),
                };
        }
        return syscall(SYS_capset, &header, words) < 0 ? negative_errno() : 0;
}

int capabilities_bound(uint64_t keep) {
        for (unsigned long i = 0; i <= CAPABILITY_MAX; i++) {
                if (keep & (UINT64_C(1) << i)) {
                        continue;
                }
                if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0) {
                        return errno == EINVAL && i > 0 ? 0 : negative_errno();
                }
        }
        return 0;
}

int capabilities_set_ambient(uint64_t ambient) {
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) {
                return negative_errno();
        }
        for (unsigned long i = 0; i <= CAPABILITY_MAX; i++) {
                if ((ambient & (UINT64_C(1) << i)) &&
                    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0) {
                        return negative_errno();
                }
        }
        return 0;
}

int privilege_lock_root(void) {
        unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                             SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                             SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

        return prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0 ? negative_errno() : 0;
}

int privilege_keep_capabilities(void) {
        return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ? negative_errno() : 0;
}

int privilege_no_new(void) {
        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? negative_errno() : 0;
}

int seccomp_load(const void *program, size_t size) {
        struct sock_fprog filter = {
                .len = (unsigned short) (size / sizeof(struct sock_filter)),
                .filter = (struct sock_filter *) program,
        };

        if (size == 0 || size % sizeof(struct sock_filter) != 0 ||
            size / sizeof(struct sock_filter) > BPF_MAXINSNS) {
                return -EINVAL;
        }
        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0 ? negative_errno() : 0;
}

int privilege_become(uid_t uid, gid_t gid, const gid_t *groups, size_t n_groups) {
        /* In this order: the user last, since it takes the right to change the others along. */
        if (setgroups(n_groups, groups) < 0 || setresgid(gid, gid, gid) < 0 ||
            setresuid(uid, uid, uid) < 0) {
                return negative_errno();
        }
        return privilege_hide();
}

int privilege_drop(void) {
        const Capabilities none = {};
        int r = capabilities_bound(0);

        r = r < 0 ? r : privilege_lock_root();
        r = r < 0 ? r : privilege_become(NOBODY, NOBODY, NULL, 0);
        r = r < 0 ? r : capabilities_set(&none);
        return r < 0 ? r : privilege_no_new();
}

int privilege_hide(void) {
        return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? negative_errno() : 0;
}

int personality_set(unsigned long domain) {
        return personality(domain) < 0 ? negative_errno() : 0;
}

int keyring_renew(void) {
        return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ? negative_errno() : 0;
}

int keyring_share(void) {
        return syscall(SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING) < 0
                       ? negative_errno()
                       : 0;
}
