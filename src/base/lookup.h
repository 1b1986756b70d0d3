/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Enum to text and back, from one array:
 *
 *     static const char *const state_names[_STATE_MAX] = { [STATE_RUNNING] = "running", … };
 *     DEFINE_LOOKUP(state, State, state_names)      gives state_name() and state_parse()
 *
 * x_name() gives NULL for what is out of range; x_parse() gives the value or -EINVAL. */

#include "base/macros.h"

const char *lookup_name(const char *const *names, size_t n, int value) _pure_;
int lookup_parse(const char *const *names, size_t n, const char *text) _pure_;

#define DECLARE_LOOKUP(prefix, Type)                  \
        const char *prefix##_name(Type value) _pure_; \
        int prefix##_parse(const char *text) _pure_;

#define DEFINE_LOOKUP(prefix, Type, names)                               \
        const char *prefix##_name(Type value) {                          \
                return lookup_name(names, ELEMENTS(names), (int) value); \
        }                                                                \
        int prefix##_parse(const char *text) {                           \
                return lookup_parse(names, ELEMENTS(names), text);       \
        }
