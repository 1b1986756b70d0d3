/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/quota.h"

#include "base/fd.h"
#include "base/parse.h"

#include <inttypes.h>

#define QUOTA_LEAST_USEC 1000u
#define TEXT_MAX 4096u

static int write_number(int fd, const char *file, uint64_t value) {
        _cleanup_free_ char *text = strf("%" PRIu64, value);

        return text ? file_write_at(fd, file, text) : -ENOMEM;
}

static int read_line(int fd, const char *file, char **ret) {
        int r = file_read_at(fd, file, TEXT_MAX, ret, NULL);

        if (r == 0) {
                (*ret)[strcspn(*ret, "\n")] = '\0';
        }
        return r;
}

/* *ret_quota: microseconds a period, or LIMIT_INFINITY. */
static int read_both(CgroupMode mode, int fd, uint64_t *ret_quota, uint64_t *ret_period) {
        _cleanup_free_ char *quota = NULL, *own = NULL;
        const char *period;
        int r;

        if (mode == CGROUP_UNIFIED) {
                char *blank;

                r = read_line(fd, "cpu.max", &quota);
                if (r < 0) {
                        return r;
                }
                blank = strchr(quota, ' ');
                if (!blank) {
                        return -EINVAL;
                }
                *blank = '\0';
                period = blank + 1;
        } else {
                r = read_line(fd, "cpu.cfs_quota_us", &quota);
                r = r < 0 ? r : read_line(fd, "cpu.cfs_period_us", &own);
                if (r < 0) {
                        return r;
                }
                period = own;
        }
        r = parse_u64(period, ret_period);
        if (r == 0 && *ret_period == 0) {
                return -EINVAL;
        }
        if (r == 0 && (streq(quota, "max") || streq(quota, "-1"))) {
                *ret_quota = LIMIT_INFINITY;
                return 0;
        }
        return r < 0 ? r : parse_u64(quota, ret_quota);
}

int quota_read_period(CgroupMode mode, int cgroup_fd, uint64_t *ret) {
        uint64_t quota;

        return read_both(mode, cgroup_fd, &quota, ret);
}

static int write_v2(int fd, uint64_t quota, uint64_t period) {
        _cleanup_free_ char *text = quota == LIMIT_INFINITY
                                            ? strf("max %" PRIu64, period)
                                            : strf("%" PRIu64 " %" PRIu64, quota, period);

        return text ? file_write_at(fd, "cpu.max", text) : -ENOMEM;
}

/* First whichever of the two makes it less. */
static int write_v1(int fd, uint64_t quota, uint64_t period, bool longer) {
        int r;

        if (quota == LIMIT_INFINITY) {
                return write_number(fd, "cpu.cfs_period_us", period);
        }
        r = longer ? write_number(fd, "cpu.cfs_period_us", period)
                   : write_number(fd, "cpu.cfs_quota_us", quota);
        if (r < 0) {
                return r;
        }
        return longer ? write_number(fd, "cpu.cfs_quota_us", quota)
                      : write_number(fd, "cpu.cfs_period_us", period);
}

int quota_write_period(CgroupMode mode, int cgroup_fd, uint64_t period) {
        uint64_t quota, now;
        int r;

        r = read_both(mode, cgroup_fd, &quota, &now);
        if (r < 0) {
                return r;
        }
        if (quota != LIMIT_INFINITY) {
                if (quota > UINT64_MAX / period) {
                        return -ERANGE;
                }
                quota = MAX(quota * period / now, (uint64_t) QUOTA_LEAST_USEC);
        }
        return mode == CGROUP_UNIFIED ? write_v2(cgroup_fd, quota, period)
                                      : write_v1(cgroup_fd, quota, period, period > now);
}
