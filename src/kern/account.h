/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Users and groups by name in a sandbox's own root: its /etc/passwd and /etc/group alone, no NSS.
 * The parsers are pure and believe nothing of what they read. */

#include "base/macros.h"

#include <sys/types.h>

#define ACCOUNT_FILE_MAX (4u << 20)
#define ACCOUNT_GROUPS_MAX 256

typedef struct Account {
        uid_t uid;
        gid_t gid;
        gid_t groups[ACCOUNT_GROUPS_MAX]; /* without gid */
        size_t n_groups;
} Account;

/* Pure: a name (or digits) in the text of a passwd file; *ret_name is the name found there, in the
 * caller's buffer, or "". -ESRCH where it is not there. */
#define ACCOUNT_NAME_MAX 256
int account_parse_user(const char *text, const char *user, uid_t *ret_uid, gid_t *ret_gid,
                       char ret_name[static ACCOUNT_NAME_MAX]);
/* Pure: a name in the text of a group file. -ESRCH. */
int account_parse_group(const char *text, const char *group, gid_t *ret);
/* Pure: the groups that list this name as a member; more than max: -E2BIG. */
int account_parse_memberships(const char *text, const char *name, gid_t *groups, size_t max,
                              size_t *ret_n);

/* user: a name, digits, or "" for uid 0; group: the same, or "" for the user's own. Digits need no
 * entry (the group is then the same number), "root" and "nobody" neither. -ESRCH: no such user;
 * -ENXIO: no such group; -EINVAL: not a regular file; -EFBIG. */
int account_find(int root, const char *user, const char *group, Account *ret);
/* More groups of the account: digits, or names. -ENXIO, with *ret_name: there is no such group;
 * -E2BIG: they are too many. */
int account_add_groups(int root, char *const *groups, Account *account, const char **ret_name);
