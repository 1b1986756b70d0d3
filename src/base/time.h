/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Times are microseconds in usec_t; USEC_INFINITY is "never". */

#include "base/macros.h"

#include <time.h>

typedef uint64_t usec_t;

#define USEC_INFINITY ((usec_t) UINT64_MAX)
#define USEC_PER_SEC ((usec_t) 1000000)
#define USEC_PER_MSEC ((usec_t) 1000)
#define NSEC_PER_USEC ((usec_t) 1000)
#define NSEC_PER_SEC ((uint64_t) 1000000000)

usec_t usec_now(clockid_t clock);
/* A span as systemd writes it: "1min 30s", "500ms", "infinity". NULL: out of memory. */
char *usec_format_span(usec_t span);
/* "Sun 2026-11-22 13:50:09 UTC" in the local time zone, as systemctl shows it. */
char *usec_format_timestamp(usec_t realtime);
/* "3min 2s ago". */
char *usec_format_ago(usec_t realtime, usec_t now);
