/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kern/account.h"

#include "base/fd.h"
#include "base/parse.h"
#include "base/str.h"
#include "kern/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define ID_INVALID UINT32_MAX
#define NOBODY 65534u
#define FIELDS_MAX 8

/* One line cut at its colons: views into the text. */
typedef struct Line {
        struct {
                const char *start;
                size_t length;
        } fields[FIELDS_MAX];
        size_t n;
} Line;

static bool next_line(const char **position, Line *ret) {
        const char *start = *position, *end;

        if (*start == '\0') {
                return false;
        }
        end = start + strcspn(start, "\n");
        *position = *end ? end + 1 : end;
        ret->n = 0;
        while (ret->n < FIELDS_MAX) {
                const char *colon = memchr(start, ':', (size_t) (end - start));
                const char *stop = colon ? colon : end;

                ret->fields[ret->n].start = start;
                ret->fields[ret->n].length = (size_t) (stop - start);
                ret->n++;
                if (!colon) {
                        break;
                }
                start = colon + 1;
        }
        return true;
}

static bool field_is(const Line *line, size_t i, const char *text) {
        return line->fields[i].length == strlen(text) &&
               memcmp(line->fields[i].start, text, line->fields[i].length) == 0;
}

static int parse_id(const char *text, uint32_t *ret) {
        int r = parse_u32(text, ret);

        /* (uid_t) -1 means "leave it" to the calls that take one. */
        return r == 0 && *ret == ID_INVALID ? -ERANGE : r;
}

static int field_id(const Line *line, size_t i, uint32_t *ret) {
        char text[16];

        if (line->fields[i].length >= sizeof(text)) {
                return -EINVAL;
        }
        memcpy(text, line->fields[i].start, line->fields[i].length);
        text[line->fields[i].length] = '\0';
        return parse_id(text, ret);
}

int account_parse_user(const char *text, const char *user, uid_t *ret_uid, gid_t *ret_gid,
                       char ret_name[static ACCOUNT_NAME_MAX]) {
        uint32_t number = ID_INVALID;
        bool is_number = parse_id(user, &number) == 0;
        Line line;

        while (next_line(&text, &line)) {
                uint32_t uid, gid;

                if (line.n < 4 || line.fields[0].length == 0 ||
                    line.fields[0].length >= ACCOUNT_NAME_MAX || field_id(&line, 2, &uid) < 0 ||
                    field_id(&line, 3, &gid) < 0) {
                        continue;
                }
                if (is_number ? uid != number : !field_is(&line, 0, user)) {
                        continue;
                }
                memcpy(ret_name, line.fields[0].start, line.fields[0].length);
                ret_name[line.fields[0].length] = '\0';
                *ret_uid = uid;
                *ret_gid = gid;
                return 0;
        }
        return -ESRCH;
}

int account_parse_group(const char *text, const char *group, gid_t *ret) {
        Line line;

        while (next_line(&text, &line)) {
                uint32_t gid;

                if (line.n >= 3 && line.fields[0].length > 0 && field_is(&line, 0, group) &&
                    field_id(&line, 2, &gid) == 0) {
                        *ret = gid;
                        return 0;
                }
        }
        return -ESRCH;
}

static bool lists_member(const Line *line, const char *name) {
        const char *position = line->fields[3].start, *end = position + line->fields[3].length;
        size_t length = strlen(name);

        while (position < end) {
                const char *comma = memchr(position, ',', (size_t) (end - position));
                const char *stop = comma ? comma : end;

                if ((size_t) (stop - position) == length && memcmp(position, name, length) == 0) {
                        return true;
                }
                position = stop + 1;
        }
        return false;
}

int account_parse_memberships(const char *text, const char *name, gid_t *groups, size_t max,
                              size_t *ret_n) {
        size_t n = 0;
        Line line;

        while (next_line(&text, &line)) {
                uint32_t gid;

                if (line.n < 4 || !lists_member(&line, name) || field_id(&line, 2, &gid) < 0) {
                        continue;
                }
                if (n == max) {
                        return -E2BIG;
                }
                groups[n++] = gid;
        }
        *ret_n = n;
        return 0;
}

/* *ret is "" where there is no such file. */
static int read_file(int root, const char *path, char **ret) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;

        /* O_NONBLOCK: a FIFO of that name must not hold us; it is refused as not regular. */
        fd = root_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, LINKS_INSIDE);
        if (fd == -ENOENT || fd == -ENOTDIR) {
                *ret = strdup("");
                return *ret ? 0 : -ENOMEM;
        }
        if (fd < 0) {
                return fd;
        }
        if (fstat(fd, &st) < 0) {
                return negative_errno();
        }
        if (!S_ISREG(st.st_mode)) {
                return -EINVAL;
        }
        return fd_read_all(fd, ACCOUNT_FILE_MAX, ret, NULL);
}

/* What needs no entry anywhere. */
static int find_fixed_user(const char *user, uid_t *ret_uid, gid_t *ret_gid) {
        uint32_t number;

        if (user[0] == '\0' || streq(user, "root")) {
                *ret_uid = 0;
                *ret_gid = 0;
                return 0;
        }
        if (streq(user, "nobody")) {
                *ret_uid = NOBODY;
                *ret_gid = NOBODY;
                return 0;
        }
        if (parse_id(user, &number) < 0) {
                return -ESRCH;
        }
        *ret_uid = number;
        *ret_gid = number;
        return 0;
}

static int find_group(const char *text, const char *group, gid_t *ret) {
        uint32_t number;

        if (parse_id(group, &number) == 0) {
                *ret = number;
                return 0;
        }
        if (account_parse_group(text, group, ret) == 0) {
                return 0;
        }
        if (streq(group, "root")) {
                *ret = 0;
                return 0;
        }
        return -ENXIO;
}

int account_find(int root, const char *user, const char *group, Account *ret) {
        _cleanup_free_ char *users = NULL, *groups = NULL;
        char name[ACCOUNT_NAME_MAX] = "";
        int r;

        *ret = (Account){};
        if ((user[0] == '\0' || streq(user, "0")) && group[0] == '\0') {
                return 0; /* the common case reads no file of the sandbox's */
        }
        r = read_file(root, "/etc/passwd", &users);
        if (r < 0) {
                return r;
        }
        r = account_parse_user(users, user[0] ? user : "0", &ret->uid, &ret->gid, name);
        if (r < 0) {
                r = find_fixed_user(user, &ret->uid, &ret->gid);
        }
        if (r < 0) {
                return r;
        }
        r = read_file(root, "/etc/group", &groups);
        if (r < 0) {
                return r;
        }
        if (name[0]) {
                r = account_parse_memberships(groups, name, ret->groups, ACCOUNT_GROUPS_MAX,
                                              &ret->n_groups);
                if (r < 0) {
                        return r;
                }
        }
        return group[0] ? find_group(groups, group, &ret->gid) : 0;
}

static bool has_group(const Account *account, gid_t gid) {
        for (size_t i = 0; i < account->n_groups; i++) {
                if (account->groups[i] == gid) {
                        return true;
                }
        }
        return account->gid == gid;
}

int account_add_groups(int root, char *const *groups, Account *account, const char **ret_name) {
        _cleanup_free_ char *text = NULL;

        STRV_FOREACH (group, groups) {
                uint32_t gid;
                int r = 0;

                /* Where all are digits, no file of the sandbox's is read. */
                if (parse_id(*group, &gid) < 0) {
                        r = text ? 0 : read_file(root, "/etc/group", &text);
                        r = r < 0 ? r : find_group(text, *group, &gid);
                }
                if (r == 0 && has_group(account, gid)) {
                        continue;
                }
                if (r == 0 && account->n_groups == ACCOUNT_GROUPS_MAX) {
                        r = -E2BIG;
                }
                if (r < 0) {
                        *ret_name = *group;
                        return r;
                }
                account->groups[account->n_groups++] = gid;
        }
        return 0;
}
