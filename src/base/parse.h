/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Strict parsers of single values: the whole text is consumed or the call fails. They allocate
 * nothing. 0, -EINVAL (malformed) or -ERANGE (well-formed, but out of range). */

#include "base/time.h"

/* Decimal digits alone: no sign, no blank, no base prefix; "" is malformed. */
int parse_u64(const char *text, uint64_t *ret);
int parse_u32(const char *text, uint32_t *ret);
int parse_octal(const char *text, uint32_t *ret);
/* 1 yes y true t on / 0 no n false f off, any case, as systemd. */
int parse_boolean(const char *text, bool *ret);
/* "64M", "1.5G", "4096": bytes with suffixes B K M G T P E of 1024. */
int parse_size(const char *text, uint64_t *ret);
/* "50%", "0.5%", "150%" in hundredths of a percent; no upper bound is applied but UINT32_MAX. */
int parse_percent(const char *text, uint32_t *ret_per_10000);
/* "90", "1min 30s", "500ms", "infinity"; a bare number is in seconds. systemd.time(7). */
int parse_timespan(const char *text, usec_t *ret);
/* The same in nanoseconds with an optional leading sign. */
int parse_signed_timespan_nsec(const char *text, int64_t *ret);
/* "SIGTERM", "TERM", "15", "SIGRTMIN+3". */
int parse_signal(const char *text, int *ret);
const char *signal_name(int signal); /* "SIGTERM"; NULL where there is none */
