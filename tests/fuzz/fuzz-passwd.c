/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The sandbox's own passwd and group files: whatever stands there, names are found or not, and what
 * is found is sane. The first line is the name to look for. */

#include "base/macros.h"
#include "kern/account.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
        _cleanup_free_ char *all = malloc(size + 1);
        char found[ACCOUNT_NAME_MAX];
        gid_t groups[8], gid;
        const char *text;
        size_t n = 0;
        uid_t uid;

        if (!all) {
                return 0;
        }
        memcpy(all, bytes, size);
        all[size] = '\0';
        text = all + strcspn(all, "\n");
        if (*text) {
                all[text++ - all] = '\0';
        }
        if (account_parse_user(text, all, &uid, &gid, found) == 0) {
                assert(found[0] && strlen(found) < sizeof(found));
                assert(uid != (uid_t) -1 && gid != (gid_t) -1);
        }
        if (account_parse_group(text, all, &gid) == 0) {
                assert(gid != (gid_t) -1);
        }
        if (account_parse_memberships(text, all, groups, ELEMENTS(groups), &n) == 0) {
                assert(n <= ELEMENTS(groups));
        }
        return 0;
}
