/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A set of small numbers, of processors or memory nodes, as cpuset(7) lists it: "0-3,5". */

#include "base/str.h"

#define NUMBER_SET_MAX 1024u /* numbers are below it */

typedef struct NumberSet {
        uint8_t bytes[NUMBER_SET_MAX / 8]; /* bit 0 of byte 0 is 0; the kernel's cpu_set_t too */
} NumberSet;

/* Numbers and ranges parted by blanks or commas. "" is the empty set. -EINVAL, or -ERANGE for a
 * number that is too large or a range that goes down. */
int number_set_parse(const char *text, NumberSet *ret);
/* Ranges as long as they get, parted by separator. */
int number_set_format(const NumberSet *set, char separator, Str *out);
bool number_set_is_empty(const NumberSet *set);
/* Bytes up to the last that is not 0. */
size_t number_set_size(const NumberSet *set);
