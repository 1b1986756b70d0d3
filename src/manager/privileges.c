/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/privileges.h"

#include "base/macros.h"

#include <sys/capability.h>
#include <sys/prctl.h>

static void caps_freep(cap_t *caps) {
        if (*caps) {
                (void) cap_free(*caps);
        }
}

int privileges_drop(void) {
        _cleanup_(caps_freep) cap_t none = NULL;

        for (cap_value_t cap = 0; CAP_IS_SUPPORTED(cap); cap++) {
                /* Without CAP_SETPCAP the bounding set stays; no_new_privs below makes it useless.
                 */
                if (cap_get_bound(cap) > 0 && cap_drop_bound(cap) < 0 && errno != EPERM) {
                        return negative_errno();
                }
        }
        none = cap_init();
        if (!none || cap_set_proc(none) < 0) {
                return negative_errno();
        }
        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? negative_errno() : 0;
}
