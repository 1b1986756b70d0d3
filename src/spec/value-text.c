/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/value-type.h"

#include "base/lookup.h"
#include "base/parse.h"
#include "base/path.h"

#include <inttypes.h>
#include <strings.h>

/* Types whose field is a text, and the two small structs: STRING, HOSTNAME, SLICE, PATH,
 * PATH_OPTIONAL, USERS. */

#define HOSTNAME_LENGTH_MAX 64u /* __NEW_UTS_LEN */
#define UNIT_NAME_MAX 255u

/* -- STRING -- */

/* Stores a copy; "" is NULL. */
static int text_set(void *field, const char *text) {
        char *copy = NULL;

        if (text[0]) {
                copy = strdup(text);
                if (!copy) {
                        return -ENOMEM;
                }
        }
        value_string_set(field, copy);
        return 0;
}

static bool char_is_control(char c) {
        return (uint8_t) c < 0x20 || c == 0x7f;
}

static int string_parse(const Directive *directive, const char *text, const Place *place,
                        void *field, char **reterr, size_t *reterr_offset) {
        size_t n = strlen(text);

        for (size_t i = 0; i < n; i++) {
                if (char_is_control(text[i])) {
                        *reterr_offset = i;
                        return value_fail(reterr, -EINVAL,
                                          "Control characters are not allowed here");
                }
        }
        if (directive->max > 0 && (n < directive->min || n > directive->max)) {
                return value_fail(reterr, -ERANGE,
                                  "The text has %zu bytes; it may have %" PRIu64 " to %" PRIu64, n,
                                  directive->min, directive->max);
        }
        return text_set(field, text);
}

const ValueType value_type_STRING = {
        .kind = VALUE_STRING,
        .sample = "Static site",
        .label = "text",
        .signature = "s",
        .grammar = "TEXT",
        .size = sizeof(char *),
        .parse = string_parse,
        .format = value_string_format,
        .done = value_string_done,
        .copy = value_string_copy,
};

/* -- HOSTNAME -- */

static bool char_is_alphanumeric(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* systemd's hostname_is_valid(): labels of letters, digits, - and _, none empty, no hyphen at an
 * end. */
static bool hostname_is_valid(const char *text) {
        char before = '.';

        for (const char *c = text; *c; c++) {
                bool separator = *c == '.' || *c == '-';

                if (!char_is_alphanumeric(*c) && *c != '_' && !separator) {
                        return false;
                }
                if ((*c == '.' && (before == '.' || before == '-')) ||
                    (*c == '-' && before == '.')) {
                        return false;
                }
                before = *c;
        }
        return before != '.' && before != '-';
}

static int hostname_parse(const Directive *directive, const char *text, const Place *place,
                          void *field, char **reterr, size_t *reterr_offset) {
        if (strlen(text) > HOSTNAME_LENGTH_MAX) {
                return value_fail(reterr, -ERANGE, "The host name has %zu bytes; the most is %u",
                                  strlen(text), HOSTNAME_LENGTH_MAX);
        }
        if (text[0] && !hostname_is_valid(text)) {
                return value_fail(reterr, -EINVAL,
                                  QUOTED
                                  " is no host name; write letters, digits and hyphens, in labels "
                                  "joined by dots, with no hyphen at the end of a label",
                                  text);
        }
        return text_set(field, text);
}

const ValueType value_type_HOSTNAME = {
        .kind = VALUE_HOSTNAME,
        .sample = "web.example",
        .label = "host name",
        .signature = "s",
        .grammar = "LABEL[.LABEL…]",
        .size = sizeof(char *),
        .parse = hostname_parse,
        .format = value_string_format,
        .done = value_string_done,
        .copy = value_string_copy,
};

/* -- SLICE -- */

/* Names as systemd's slice_name_is_valid(): "-.slice", or parts that are not empty joined by "-".
 */
static bool slice_is_valid(const char *text, size_t n) {
        char before = '-';

        if (n == 1 && text[0] == '-') {
                return true;
        }
        for (size_t i = 0; i < n; i++) {
                if (!char_is_alphanumeric(text[i]) && !strchr(":-_.\\", text[i])) {
                        return false;
                }
                if (text[i] == '-' && before == '-') {
                        return false;
                }
                before = text[i];
        }
        return before != '-';
}

static int slice_parse(const Directive *directive, const char *text, const Place *place,
                       void *field, char **reterr, size_t *reterr_offset) {
        const char *suffix = endswith(text, ".slice");

        if (text[0] && !suffix) {
                return value_fail(reterr, -EINVAL, QUOTED " is no slice; the name ends with .slice",
                                  text);
        }
        if (text[0] &&
            (strlen(text) > UNIT_NAME_MAX || !slice_is_valid(text, (size_t) (suffix - text)))) {
                return value_fail(
                        reterr, -EINVAL,
                        QUOTED " is no slice; write parts of letters, digits and \":_.\" joined by "
                               "single dashes, such as sbx-web.slice (which lies in sbx.slice)",
                        text);
        }
        return text_set(field, text);
}

const ValueType value_type_SLICE = {
        .kind = VALUE_SLICE,
        .sample = "sbx-web.slice",
        .label = "slice",
        .signature = "s",
        .grammar = "NAME.slice",
        .size = sizeof(char *),
        .parse = slice_parse,
        .format = value_string_format,
        .done = value_string_done,
        .copy = value_string_copy,
};

/* -- PATH -- */

int value_parse_path(const char *text, char **ret, char **reterr) {
        _cleanup_free_ char *path = NULL;

        if (text[0] != '/') {
                return value_fail(reterr, -EINVAL, QUOTED " is not absolute; a path starts with /",
                                  text);
        }
        path = strdup(text);
        if (!path) {
                return -ENOMEM;
        }
        path_simplify(path);
        if (!path_is_safe(path)) {
                return value_fail(reterr, -EINVAL,
                                  QUOTED
                                  " is no path that can be used; write it without \"..\", without "
                                  "control characters, and in less than 4096 bytes",
                                  text);
        }
        *ret = TAKE(path);
        return 0;
}

static int path_parse(const Directive *directive, const char *text, const Place *place, void *field,
                      char **reterr, size_t *reterr_offset) {
        char *path = NULL;
        int r;

        if (text[0]) {
                r = value_parse_path(text, &path, reterr);
                if (r < 0) {
                        return r;
                }
        }
        value_string_set(field, path);
        return 0;
}

const ValueType value_type_PATH = {
        .kind = VALUE_PATH,
        .sample = "/srv/root",
        .label = "path",
        .signature = "s",
        .grammar = "/PATH",
        .size = sizeof(char *),
        .parse = path_parse,
        .format = value_string_format,
        .done = value_string_done,
        .copy = value_string_copy,
};

static int optional_path_parse(const Directive *directive, const char *text, const Place *place,
                               void *field, char **reterr, size_t *reterr_offset) {
        OptionalPath *optional = field;
        bool missing_ok = text[0] == '-';
        char *path = NULL;
        int r;

        if (streq(text + (missing_ok ? 1 : 0), "~")) {
                return value_fail(
                        reterr, -EINVAL,
                        "~ is not supported; write the path of the directory inside the root");
        }
        if (text[0]) {
                r = value_parse_path(text + (missing_ok ? 1 : 0), &path, reterr);
                if (r < 0) {
                        *reterr_offset = missing_ok ? 1 : 0;
                        return r;
                }
        }
        free(optional->path);
        *optional = (OptionalPath){.path = path, .missing_ok = missing_ok};
        return 0;
}

static int optional_path_format(const Directive *directive, const void *field, char ***ret) {
        const OptionalPath *optional = field;

        return value_one(
                strf("%s%s", optional->missing_ok ? "-" : "", optional->path ? optional->path : ""),
                ret);
}

static void optional_path_done(void *field) {
        OptionalPath *optional = field;

        free(optional->path);
        *optional = (OptionalPath){};
}

static int optional_path_copy(const void *field, void *ret) {
        const OptionalPath *optional = field;
        OptionalPath *copy = ret;
        char *path = NULL;
        int r;

        r = value_string_copy(&optional->path, &path);
        if (r < 0) {
                return r;
        }
        *copy = (OptionalPath){.path = path, .missing_ok = optional->missing_ok};
        return 0;
}

const ValueType value_type_PATH_OPTIONAL = {
        .kind = VALUE_PATH_OPTIONAL,
        .sample = "-/srv/www",
        .label = "path",
        .signature = "s",
        .grammar = "[-]/PATH",
        .size = sizeof(OptionalPath),
        .parse = optional_path_parse,
        .format = optional_path_format,
        .done = optional_path_done,
        .copy = optional_path_copy,
};

/* -- USERS -- */

static const char *const users_mode_names[_USERS_MODE_MAX] = {
        [USERS_NO] = "no",
        [USERS_PICK] = "pick",
        [USERS_SELF] = "self",
        [USERS_IDENTITY] = "identity",
};

/* BASE:COUNT; every id must lie below (uid_t) -1, which stands for "none" everywhere. */
static int users_parse_range(const char *text, Users *ret) {
        const char *colon = strchr(text, ':');
        char base[16];
        int r;

        if (!colon || (size_t) (colon - text) >= sizeof(base)) {
                return -EINVAL;
        }
        memcpy(base, text, (size_t) (colon - text));
        base[colon - text] = '\0';
        ret->mode = USERS_RANGE;
        r = parse_u32(base, &ret->base);
        if (r < 0) {
                return r;
        }
        r = parse_u32(colon + 1, &ret->count);
        if (r < 0) {
                return r;
        }
        return ret->count == 0 || ret->count > UINT32_MAX - ret->base ? -ERANGE : 0;
}

static int users_parse(const Directive *directive, const char *text, const Place *place,
                       void *field, char **reterr, size_t *reterr_offset) {
        int mode = lookup_parse(users_mode_names, ELEMENTS(users_mode_names), text);
        Users users = {.mode = USERS_NO};
        bool boolean;
        int r;

        if (mode >= 0) {
                users.mode = (UsersMode) mode;
        } else if (parse_boolean(text, &boolean) >= 0) {
                if (boolean) {
                        return value_fail(
                                reterr, -EINVAL,
                                QUOTED " does not say which ids; write pick (a range of its own), "
                                       "self, identity, no, or BASE:COUNT",
                                text);
                }
        } else {
                r = users_parse_range(text, &users);
                if (r == -ERANGE) {
                        return value_fail(
                                reterr, r,
                                QUOTED
                                " is out of range; COUNT is at least 1 and all ids lie below "
                                "4294967295",
                                text);
                }
                if (r < 0) {
                        return value_fail(
                                reterr, r,
                                QUOTED " is none of the values of %s=; write pick, self, identity, "
                                       "no, or BASE:COUNT such as 524288:65536",
                                text, directive->name);
                }
        }
        *(Users *) field = users;
        return 0;
}

static int users_format(const Directive *directive, const void *field, char ***ret) {
        const Users *users = field;

        if (users->mode == USERS_RANGE) {
                return value_one(strf("%" PRIu32 ":%" PRIu32, users->base, users->count), ret);
        }
        return value_one(strdup(users_mode_names[users->mode]), ret);
}

static int users_copy(const void *field, void *ret) {
        *(Users *) ret = *(const Users *) field;
        return 0;
}

const ValueType value_type_USERS = {
        .kind = VALUE_USERS,
        .sample = "524288:65536",
        .label = "user namespace",
        .signature = "s",
        .grammar = "pick | self | identity | no | BASE:COUNT",
        .size = sizeof(Users),
        .parse = users_parse,
        .format = users_format,
        .done = value_plain_done,
        .copy = users_copy,
};
