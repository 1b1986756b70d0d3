/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "op/text-limit.h"

#include "base/fd.h"
#include "base/parse.h"

#include <inttypes.h>
#include <stdio.h>

const TextLimit text_limit_table[_TEXT_LIMIT_MAX] = {
#define T(ID, Property, Hierarchy, V1File, V2File, Key, Format)         \
        [TEXT_LIMIT_##ID] = {.id = TEXT_LIMIT_##ID,                     \
                             .scope_property = (Property),              \
                             .hierarchy = CGROUP_HIERARCHY_##Hierarchy, \
                             .v1_file = (V1File),                       \
                             .v2_file = (V2File),                       \
                             .v2_key = (Key),                           \
                             .format = TEXT_LIMIT_##Format},
#include "op/text-limits.def"
#undef T
};

/* What is left of them by the cgroups above, where the kernel itself tells. */
static const struct EffectiveFile {
        const char *v1, *v2;
} effective_files[_TEXT_LIMIT_MAX] = {
#define T(...)
#define EFFECTIVE(ID, V1File, V2File) [TEXT_LIMIT_##ID] = {(V1File), (V2File)},
#include "op/text-limits.def"
#undef EFFECTIVE
#undef T
};

#define BLANKS " \t\n"
/* A disk has two lines in some files; a host has many disks. */
#define FILE_MAX 65536u
/* blkio.weight of v1: 10 to 1000, by default 500 where cgroup2 has 100 */
#define BLKIO_WEIGHT_MIN 10u
#define BLKIO_WEIGHT_MAX 1000u
#define BLKIO_PER_WEIGHT 5u

static bool mode_is_v1(CgroupMode mode) {
        return mode == CGROUP_V1 || mode == CGROUP_HYBRID;
}

const TextLimit *text_limit_find(const char *scope_property) {
        assert(scope_property);

        for (size_t i = 0; i < ELEMENTS(text_limit_table); i++) {
                if (streq(text_limit_table[i].scope_property, scope_property)) {
                        return &text_limit_table[i];
                }
        }
        return NULL;
}

int text_limit_locate(const TextLimit *limit, CgroupMode mode, uint32_t controllers,
                      CgroupHierarchy *ret_hierarchy, const char **ret_file) {
        const char *file;

        assert(limit);
        assert(ret_hierarchy);
        assert(ret_file);

        if ((!mode_is_v1(mode) && mode != CGROUP_UNIFIED) ||
            (controllers & (UINT32_C(1) << limit->hierarchy)) == 0) {
                return -EOPNOTSUPP;
        }
        file = mode_is_v1(mode) ? limit->v1_file : limit->v2_file;
        if (!file) {
                return -EOPNOTSUPP;
        }
        *ret_hierarchy = limit->hierarchy;
        *ret_file = file;
        return 0;
}

int text_limit_locate_effective(const TextLimit *limit, CgroupMode mode, uint32_t controllers,
                                CgroupHierarchy *ret_hierarchy, const char **ret_file) {
        const char *file;
        int r;

        r = text_limit_locate(limit, mode, controllers, ret_hierarchy, ret_file);
        if (r < 0) {
                return r;
        }
        file = mode_is_v1(mode) ? effective_files[limit->id].v1 : effective_files[limit->id].v2;
        *ret_file = file ? file : *ret_file;
        return 0;
}

/* As systemd maps them, so that one weight means the same in both back ends: first to what the old
 * blkio.weight took, then to bfq, which leaves 1 to 100 and spreads 100 to 10000 over 100 to 1000.
 */
static uint64_t weight_of(CgroupMode mode, uint64_t weight) {
        uint64_t blkio = MIN(MAX(weight * BLKIO_PER_WEIGHT, (uint64_t) BLKIO_WEIGHT_MIN),
                             (uint64_t) BLKIO_WEIGHT_MAX);

        if (!mode_is_v1(mode)) {
                return weight;
        }
        return blkio <= 100 ? blkio : 100 + (blkio - 100) * 900 / 9900;
}

/* The reverse: the smallest weight that is written so. */
static uint64_t weight_behind(CgroupMode mode, uint64_t number) {
        uint64_t blkio;

        if (!mode_is_v1(mode) || number > BLKIO_WEIGHT_MAX) {
                return number;
        }
        blkio = number <= 100 ? number : 100 + ((number - 100) * 9900 + 899) / 900;
        return (blkio + BLKIO_PER_WEIGHT - 1) / BLKIO_PER_WEIGHT;
}

/* What the kernel reads as its own default. */
static int append_unset(const TextLimit *limit, bool v1, Str *text) {
        switch (limit->format) {
        case TEXT_LIMIT_SET:
                return 0;
        case TEXT_LIMIT_WEIGHT:
                return -EINVAL; /* there is always one */
        case TEXT_LIMIT_DEVICE_WEIGHT:
                return str_append(text, v1 ? "0" : "default");
        case TEXT_LIMIT_DEVICE:
                return v1 ? str_append(text, "0") : str_appendf(text, "%s=max", limit->v2_key);
        }
        return -EINVAL;
}

static int append_value(const TextLimit *limit, CgroupMode mode, const TextLimitValue *value,
                        Str *text) {
        bool v1 = mode_is_v1(mode);

        switch (limit->format) {
        case TEXT_LIMIT_SET:
                return number_set_format(value->set, ',', text);
        case TEXT_LIMIT_WEIGHT:
                return str_appendf(text, "%s%" PRIu64, v1 ? "" : "default ",
                                   weight_of(mode, value->number));
        case TEXT_LIMIT_DEVICE_WEIGHT:
                return str_appendf(text, "%" PRIu64, weight_of(mode, value->number));
        case TEXT_LIMIT_DEVICE:
                return str_appendf(text, "%s%s%" PRIu64, v1 ? "" : limit->v2_key, v1 ? "" : "=",
                                   value->number);
        }
        return -EINVAL;
}

int text_limit_format(const TextLimit *limit, CgroupMode mode, const TextLimitValue *value,
                      char **ret) {
        _cleanup_(str_done) Str text = STR_INIT;
        int r = 0;

        assert(limit);
        assert(value);
        assert(ret);

        if (text_limit_is_of_devices(limit)) {
                r = str_appendf(&text, "%" PRIu32 ":%" PRIu32 " ", value->major, value->minor);
        }
        if (r == 0) {
                r = value->unset ? append_unset(limit, mode_is_v1(mode), &text)
                                 : append_value(limit, mode, value, &text);
        }
        if (r < 0) {
                return r;
        }
        *ret = text.length > 0 ? str_take(&text) : strdup("");
        return *ret ? 0 : -ENOMEM;
}

bool text_limit_is_valid(const char *text) {
        assert(text);

        return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789:,-= ") == strlen(text);
}

/* True where the word of length n stands in the line of length size. */
static bool line_has_word(const char *line, size_t size, const char *word, size_t n) {
        for (size_t i = 0; i < size;) {
                size_t length = strcspn(line + i, BLANKS);

                if (length == n && strncmp(line + i, word, n) == 0) {
                        return true;
                }
                i += length + 1;
        }
        return false;
}

static bool line_proves(const char *line, size_t size, const char *asked) {
        size_t first = strcspn(asked, BLANKS);

        if (strcspn(line, BLANKS) != first || strncmp(line, asked, first) != 0) {
                return false;
        }
        for (const char *word = asked + first; *word;) {
                size_t n;

                word += strspn(word, BLANKS);
                n = strcspn(word, BLANKS);
                if (n > 0 && !line_has_word(line, size, word, n)) {
                        return false;
                }
                word += n;
        }
        return true;
}

bool text_limit_is_unset(const char *line) {
        assert(line);

        return line[0] == '\0' || endswith(line, " 0") || endswith(line, " default") ||
               endswith(line, "=max");
}

static bool device_has_line(const char *asked, const char *content) {
        size_t n = strcspn(asked, BLANKS) + 1;

        for (const char *line = content; *line; line += line[0] == '\n') {
                if (strncmp(line, asked, n) == 0) {
                        return true;
                }
                line += strcspn(line, "\n");
        }
        return false;
}

bool text_limit_in_force(const char *asked, const char *content) {
        assert(asked);
        assert(content);

        if (asked[0] == '\0') {
                return content[strspn(content, BLANKS)] == '\0';
        }
        if (text_limit_is_unset(asked) && !device_has_line(asked, content)) {
                return true;
        }
        while (*content) {
                size_t size = strcspn(content, "\n");

                if (line_proves(content, size, asked)) {
                        return true;
                }
                content += size + (content[size] == '\n');
        }
        return false;
}

/* A number, or "max", that ends where the word does. */
static bool take_number(const char *text, uint64_t *ret) {
        size_t n = strcspn(text, BLANKS);
        char word[24];

        if (n >= sizeof(word)) {
                return false;
        }
        memcpy(word, text, n);
        word[n] = '\0';
        if (streq(word, "max")) {
                *ret = LIMIT_INFINITY;
                return true;
        }
        return parse_u64(word, ret) == 0;
}

/* "8:16 " */
static bool take_device(const char **line, TextLimitValue *value) {
        int n = 0;

        if (sscanf(*line, "%" SCNu32 ":%" SCNu32 "%n", &value->major, &value->minor, &n) != 2 ||
            (*line)[n] != ' ') {
                return false;
        }
        *line += n + 1;
        return true;
}

/* "rbps=1000" among other words of the line. */
static bool find_key(const char *line, const char *key, uint64_t *ret) {
        size_t n = strlen(key);

        while (*line != '\0' && *line != '\n') {
                if (strncmp(line, key, n) == 0 && line[n] == '=') {
                        return take_number(line + n + 1, ret);
                }
                line += strcspn(line, BLANKS);
                line += strspn(line, " ");
        }
        return false;
}

static bool parse_line(const TextLimit *limit, CgroupMode mode, const char *line,
                       TextLimitValue *value) {
        bool v1 = mode_is_v1(mode), found = false;

        switch (limit->format) {
        case TEXT_LIMIT_SET:
                return false;
        case TEXT_LIMIT_WEIGHT:
                line = v1 ? line : startswith(line, "default ");
                found = line && take_number(line, &value->number);
                break;
        case TEXT_LIMIT_DEVICE_WEIGHT:
                found = take_device(&line, value) && take_number(line, &value->number);
                break;
        case TEXT_LIMIT_DEVICE:
                return take_device(&line, value) &&
                       (v1 ? take_number(line, &value->number)
                           : find_key(line, limit->v2_key, &value->number));
        }
        value->number = weight_behind(mode, value->number);
        return found;
}

bool text_limit_next(const TextLimit *limit, CgroupMode mode, const char **content,
                     TextLimitValue *ret) {
        assert(limit);
        assert(content);
        assert(ret);

        while (**content != '\0') {
                const char *line = *content;
                size_t n = strcspn(line, "\n");
                TextLimitValue value = {};

                *content = line + n + (line[n] == '\n');
                if (parse_line(limit, mode, line, &value)) {
                        *ret = value;
                        return true;
                }
        }
        return false;
}

int text_limit_read(const TextLimit *limit, CgroupMode mode, uint32_t controllers, pid_t pid,
                    char **ret) {
        _cleanup_free_ char *path = NULL;
        _cleanup_fd_ int directory = -EBADF;
        CgroupHierarchy hierarchy;
        const char *file;
        int r;

        assert(limit);
        assert(ret);

        r = text_limit_locate(limit, mode, controllers, &hierarchy, &file);
        if (r < 0) {
                return r;
        }
        r = cgroup_of_pid(mode, pid, hierarchy, &path);
        if (r < 0) {
                return r;
        }
        directory = cgroup_open(mode, hierarchy, path);
        if (directory < 0) {
                return directory;
        }
        return file_read_at(directory, file, FILE_MAX, ret, NULL);
}
