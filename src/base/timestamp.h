/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Points in time as people write them, systemd.time(7). */

#include "base/time.h"

/* "2026-11-25 19:45:12", "19:45", "today", "yesterday", "tomorrow", "now", "5min ago", "-1h",
 * "+3s", "2d left",
 * "@1764100000.5"; a day alone is its beginning. In the local time zone, or with " UTC" behind it.
 * now_usec: what is relative is so to this. 0, -EINVAL or -ERANGE. */
int parse_timestamp(const char *text, usec_t now_usec, usec_t *ret);
