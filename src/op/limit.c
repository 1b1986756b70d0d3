/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "op/limit.h"

#include "base/fd.h"
#include "base/parse.h"
#include "base/time.h"

#include <inttypes.h>

const Limit limit_table[_LIMIT_MAX] = {
#define L(ID, Property, V1, V1File, V2, V2File, Format, Unit)  \
        [LIMIT_##ID] = {.id = LIMIT_##ID,                      \
                        .scope_property = (Property),          \
                        .v1_hierarchy = CGROUP_HIERARCHY_##V1, \
                        .v1_file = (V1File),                   \
                        .v2_hierarchy = CGROUP_HIERARCHY_##V2, \
                        .v2_file = (V2File),                   \
                        .format = LIMIT_##Format,              \
                        .unit = (Unit)},
#include "op/limits.def"
#undef L
};

/* include/linux/threads.h: PID_MAX_LIMIT; pids.max refuses more */
#define TASKS_MAX 4194304u
/* kernel/sched: min_cfs_quota_period, min_bw_runtime_us */
#define QUOTA_MIN_USEC 1000u
#define PERIOD_MIN_USEC 1000u
#define PERIOD_MAX_USEC 1000000u
#define QUOTA_MAX_USEC (UINT64_C(1) << 44)
#define SHARES_MIN 2u
#define SHARES_IDLE 3u
#define WEIGHT_MAX 10000u
#define PAGE_MAX 65536u
/* What v1 shows without a limit is LONG_MAX rounded down to a page, whatever the page's size. */
#define BYTES_INFINITY_MIN ((uint64_t) INT64_MAX - PAGE_MAX + 1)
#define LIMIT_FILE_MAX 4096u

static bool mode_is_v1(CgroupMode mode) {
        return mode == CGROUP_V1 || mode == CGROUP_HYBRID;
}

const Limit *limit_find(const char *scope_property) {
        assert(scope_property);

        for (size_t i = 0; i < ELEMENTS(limit_table); i++) {
                if (streq(limit_table[i].scope_property, scope_property)) {
                        return &limit_table[i];
                }
        }
        return NULL;
}

int limit_locate(const Limit *limit, CgroupMode mode, uint32_t controllers,
                 CgroupHierarchy *ret_hierarchy, const char **ret_file) {
        CgroupHierarchy hierarchy;
        const char *file;
        bool v1;

        assert(limit);
        assert(ret_hierarchy);
        assert(ret_file);

        if (!mode_is_v1(mode) && mode != CGROUP_UNIFIED) {
                return -EOPNOTSUPP;
        }
        /* what cgroup2 has without any controller, it has in hybrid too */
        v1 = mode == CGROUP_V1 ||
             (mode == CGROUP_HYBRID && limit->v2_hierarchy != CGROUP_HIERARCHY_UNIFIED);
        hierarchy = v1 ? limit->v1_hierarchy : limit->v2_hierarchy;
        if (hierarchy != CGROUP_HIERARCHY_UNIFIED &&
            (controllers & (UINT32_C(1) << hierarchy)) == 0) {
                return -EOPNOTSUPP;
        }
        file = v1 ? limit->v1_file : limit->v2_file;
        if (!file) {
                return -EOPNOTSUPP;
        }
        *ret_hierarchy = hierarchy;
        *ret_file = file;
        return 0;
}

uint64_t limit_period(uint64_t asked, uint64_t quota) {
        uint64_t least;

        if (quota == LIMIT_INFINITY || quota == 0 || asked == LIMIT_INFINITY) {
                asked = LIMIT_PERIOD_USEC;
        }
        least = quota > 0 ? (uint64_t) QUOTA_MIN_USEC * USEC_PER_SEC / quota : 0;
        return MIN(MAX(MAX(asked, least), (uint64_t) PERIOD_MIN_USEC), (uint64_t) PERIOD_MAX_USEC);
}

static char *format_quota(CgroupMode mode, uint64_t value, uint64_t period, int *ret_error) {
        uint64_t quota;

        if (value == LIMIT_INFINITY) {
                return mode_is_v1(mode) ? strdup("-1") : strf("max %" PRIu64, period);
        }
        /* The kernel's own upper bound depends on its version; this one is under all of them and
         * far above any machine. */
        if (value > QUOTA_MAX_USEC) {
                *ret_error = -ERANGE;
                return NULL;
        }
        quota = value * period / USEC_PER_SEC;
        if (quota < QUOTA_MIN_USEC) {
                *ret_error = -ERANGE;
                return NULL;
        }
        return mode_is_v1(mode) ? strf("%" PRIu64, quota)
                                : strf("%" PRIu64 " %" PRIu64, quota, period);
}

static char *format_weight(CgroupMode mode, uint64_t value, int *ret_error) {
        if (value == LIMIT_WEIGHT_IDLE) {
                return strf("%u", mode_is_v1(mode) ? SHARES_IDLE : 0);
        }
        if (value > WEIGHT_MAX) {
                *ret_error = -ERANGE;
                return NULL;
        }
        return strf("%" PRIu64,
                    mode_is_v1(mode) ? MAX(value * 1024 / 100, (uint64_t) SHARES_MIN) : value);
}

int limit_format(const Limit *limit, CgroupMode mode, uint64_t value, uint64_t period, char **ret) {
        char *text = NULL;
        int error = -ENOMEM;

        assert(limit);
        assert(ret);

        switch (limit->format) {
        case LIMIT_BYTES:
                if (value == LIMIT_INFINITY) {
                        text = strdup(mode_is_v1(mode) ? "-1" : "max");
                } else {
                        text = strf("%" PRIu64, value);
                }
                break;
        case LIMIT_COUNT:
                /* pids.max is the same file on v1, which knows no -1 */
                if (value == LIMIT_INFINITY) {
                        text = strdup("max");
                } else if (value > TASKS_MAX) {
                        error = -ERANGE;
                } else {
                        text = strf("%" PRIu64, value);
                }
                break;
        case LIMIT_QUOTA:
                text = format_quota(mode, value, period, &error);
                break;
        case LIMIT_WEIGHT:
                text = format_weight(mode, value, &error);
                break;
        case LIMIT_PERIOD:
                if (value < PERIOD_MIN_USEC || value > PERIOD_MAX_USEC) {
                        error = -ERANGE;
                } else {
                        text = strf("%" PRIu64, value);
                }
                break;
        case LIMIT_ACCOUNTING:
                return -EOPNOTSUPP;
        }
        if (!text) {
                return error;
        }
        *ret = text;
        return 0;
}

static int parse_quota(const char *quota_text, const char *period_text, uint64_t *ret) {
        uint64_t quota, period;
        int r;

        if (streq(quota_text, "max") || streq(quota_text, "-1")) {
                *ret = LIMIT_INFINITY;
                return 0;
        }
        r = parse_u64(quota_text, &quota);
        if (r < 0) {
                return r;
        }
        r = parse_u64(period_text, &period);
        if (r < 0) {
                return r;
        }
        if (period == 0) {
                return -EINVAL;
        }
        if (quota > UINT64_MAX / USEC_PER_SEC) {
                return -ERANGE;
        }
        *ret = quota * USEC_PER_SEC / period;
        return 0;
}

static int parse_quota_file(CgroupMode mode, char *text, char *period_text, uint64_t *ret) {
        char *blank;

        if (mode_is_v1(mode)) {
                return period_text ? parse_quota(text, period_text, ret) : -EINVAL;
        }
        blank = strchr(text, ' ');
        if (!blank) {
                return -EINVAL;
        }
        *blank = '\0';
        return parse_quota(text, blank + 1, ret);
}

static int parse_period(CgroupMode mode, const char *text, uint64_t *ret) {
        const char *blank = strchr(text, ' ');

        if (mode_is_v1(mode)) {
                return parse_u64(text, ret);
        }
        return blank ? parse_u64(blank + 1, ret) : -EINVAL;
}

/* Kernel files end in a line break, which the strict parsers do not take. */
static char *trimmed(const char *text) {
        return strndup(text, strcspn(text, "\n"));
}

int limit_parse(const Limit *limit, CgroupMode mode, const char *text, const char *period_text,
                uint64_t *ret) {
        _cleanup_free_ char *line = NULL, *period = NULL;
        uint64_t value;
        int r;

        assert(limit);
        assert(text);
        assert(ret);

        line = trimmed(text);
        period = period_text ? trimmed(period_text) : NULL;
        if (!line || (period_text && !period)) {
                return -ENOMEM;
        }
        if (limit->format == LIMIT_QUOTA) {
                return parse_quota_file(mode, line, period, ret);
        }
        if (limit->format == LIMIT_PERIOD) {
                return parse_period(mode, line, ret);
        }
        if (limit->format == LIMIT_ACCOUNTING) {
                *ret = 1;
                return 0;
        }
        if (limit->format != LIMIT_WEIGHT && (streq(line, "max") || streq(line, "-1"))) {
                *ret = LIMIT_INFINITY;
                return 0;
        }
        r = parse_u64(line, &value);
        if (r < 0) {
                return r;
        }
        if (limit->format == LIMIT_BYTES && mode_is_v1(mode) && value >= BYTES_INFINITY_MIN) {
                value = LIMIT_INFINITY;
        }
        if (limit->format == LIMIT_WEIGHT && mode_is_v1(mode)) {
                if (value > UINT64_MAX / 100 - 1024) {
                        return -ERANGE;
                }
                /* Rounding up undoes the rounding down of limit_format() exactly. */
                value = value == SHARES_IDLE ? LIMIT_WEIGHT_IDLE : (value * 100 + 1023) / 1024;
        }
        *ret = value;
        return 0;
}

bool limit_in_force(const Limit *limit, CgroupMode mode, uint64_t asked, uint64_t read_back) {
        assert(limit);

        if (asked == read_back) {
                return true;
        }
        if (asked == LIMIT_INFINITY || read_back == LIMIT_INFINITY) {
                /* v1 cannot tell a limit beyond its counters from none */
                return limit->format == LIMIT_BYTES && mode_is_v1(mode) &&
                       MIN(asked, read_back) >= BYTES_INFINITY_MIN;
        }
        switch (limit->format) {
        case LIMIT_BYTES:
                return read_back < asked && asked - read_back < PAGE_MAX;
        case LIMIT_QUOTA:
                /* quota * 1 s / period, both rounded down, whatever the period */
                return read_back < asked && asked - read_back <= USEC_PER_SEC / PERIOD_MIN_USEC;
        case LIMIT_ACCOUNTING:
                return read_back > asked; /* what nobody asked for may be counted */
        case LIMIT_PERIOD:
        case LIMIT_WEIGHT:
        case LIMIT_COUNT:
                break;
        }
        return false;
}

int limit_read_path(const Limit *limit, CgroupMode mode, uint32_t controllers, const char *path,
                    uint64_t *ret) {
        _cleanup_free_ char *text = NULL, *period = NULL;
        _cleanup_fd_ int directory = -EBADF;
        CgroupHierarchy hierarchy;
        const char *file;
        size_t size;
        int r;

        assert(limit);
        assert(path);
        assert(ret);

        r = limit_locate(limit, mode, controllers, &hierarchy, &file);
        if (r < 0) {
                return r;
        }
        directory = cgroup_open(mode, hierarchy, path);
        if (directory < 0) {
                return directory;
        }
        r = file_read_at(directory, file, LIMIT_FILE_MAX, &text, &size);
        if (r < 0) {
                return r;
        }
        if (limit->format == LIMIT_QUOTA && mode_is_v1(mode)) {
                r = file_read_at(directory, "cpu.cfs_period_us", LIMIT_FILE_MAX, &period, &size);
                if (r < 0) {
                        return r;
                }
        }
        return limit_parse(limit, mode, text, period, ret);
}

int limit_read(const Limit *limit, CgroupMode mode, uint32_t controllers, pid_t pid,
               uint64_t *ret) {
        _cleanup_free_ char *path = NULL;
        CgroupHierarchy hierarchy;
        const char *file;
        int r;

        assert(limit);

        r = limit_locate(limit, mode, controllers, &hierarchy, &file);
        if (r == 0) {
                r = cgroup_of_pid(mode, pid, hierarchy, &path);
        }
        return r < 0 ? r : limit_read_path(limit, mode, controllers, path, ret);
}
