/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The table of limits that are more than one number, and the pure conversions between a value and
 * the text of the kernel's files. */

#include "base/cgroup.h"
#include "base/number-set.h"
#include "op/op.h"

typedef enum TextLimitFormat {
        TEXT_LIMIT_SET,
        TEXT_LIMIT_WEIGHT,
        TEXT_LIMIT_DEVICE_WEIGHT,
        TEXT_LIMIT_DEVICE,
} TextLimitFormat;

typedef struct TextLimit {
        TextLimitId id;
        const char *scope_property;
        CgroupHierarchy hierarchy;
        const char *v1_file;
        const char *v2_file;
        const char *v2_key;
        TextLimitFormat format;
} TextLimit;

extern const TextLimit text_limit_table[_TEXT_LIMIT_MAX];

/* One value for each disk. */
static inline bool text_limit_is_of_devices(const TextLimit *limit) {
        return limit->format == TEXT_LIMIT_DEVICE || limit->format == TEXT_LIMIT_DEVICE_WEIGHT;
}
const TextLimit *text_limit_find(const char *scope_property);
/* The hierarchy and file that prove the limit in this mode; -EOPNOTSUPP where none does. */
int text_limit_locate(const TextLimit *limit, CgroupMode mode, uint32_t controllers,
                      CgroupHierarchy *ret_hierarchy, const char **ret_file);
/* The same of the file that tells what is left by the cgroups above, where there is one. */
int text_limit_locate_effective(const TextLimit *limit, CgroupMode mode, uint32_t controllers,
                                CgroupHierarchy *ret_hierarchy, const char **ret_file);
/* What to write, one line. The members that count are said by the format. */
typedef struct TextLimitValue {
        bool unset; /* what takes the value of this disk back, or the set */
        const NumberSet *set;
        uint32_t major, minor;
        uint64_t number;
} TextLimitValue;
int text_limit_format(const TextLimit *limit, CgroupMode mode, const TextLimitValue *value,
                      char **ret);
/* A line that text_limit_format() may have made: no break, no byte of another alphabet. Empty: a
 * set is taken back. */
bool text_limit_is_valid(const char *text);
/* True where a line of the file begins with the first word of what was asked for and holds its
 * others: a file of several devices and keys proves each. What takes a value back is in force too
 * where the device has no line. */
bool text_limit_is_unset(const char *line);
bool text_limit_in_force(const char *asked, const char *content);
/* The next value that a file has of this limit, in the terms of a unit ("max": LIMIT_INFINITY);
 * false at the end. Not for a SET: that is the whole file. */
bool text_limit_next(const TextLimit *limit, CgroupMode mode, const char **content,
                     TextLimitValue *ret);
/* Opens and reads the proving file of a cgroup of pid. */
int text_limit_read(const TextLimit *limit, CgroupMode mode, uint32_t controllers, pid_t pid,
                    char **ret);
