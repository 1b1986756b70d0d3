/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What every room needs of the compiler: cleanup attributes, ownership transfer, array sizes.
 * Ownership idiom: a local that owns something is declared with _cleanup_(x_freep) and handed on
 * with TAKE(). There is no goto in this project. */

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _printf_(fmt, first) __attribute__((format(printf, fmt, first)))
#define _unused_ __attribute__((unused))
#define _const_ __attribute__((const))
#define _pure_ __attribute__((pure))
#define _noreturn_ __attribute__((noreturn))
#define _warn_unused_ __attribute__((warn_unused_result))

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

/* Evaluates to the pointer and leaves NULL behind, so that the cleanup of the local does nothing.
 */
#define TAKE(ptr)                         \
        ({                                \
                typeof(ptr) _taken = ptr; \
                ptr = NULL;               \
                _taken;                   \
        })

/* Defines x_freep() for _cleanup_(): calls fn on the pointed-to pointer unless it is NULL. */
#define DEFINE_CLEANUP(Type, fn)                            \
        _unused_ static inline void fn##p(Type *_pointer) { \
                if (*_pointer) {                            \
                        fn(*_pointer);                      \
                }                                           \
        }

/* Each use gets names of its own, so that one may stand inside another. */
#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)
#define PICK_(n, a, b, op)                                                      \
        ({                                                                      \
                typeof(a) CONCAT(_a, n) = (a);                                  \
                typeof(b) CONCAT(_b, n) = (b);                                  \
                CONCAT(_a, n) op CONCAT(_b, n) ? CONCAT(_a, n) : CONCAT(_b, n); \
        })
#define MIN(a, b) PICK_(__COUNTER__, a, b, <)
#define MAX(a, b) PICK_(__COUNTER__, a, b, >)

/* free() as a cleanup: _cleanup_free_ char *text = NULL; */
static inline void freep(void *pointer) {
        void **p = pointer;

        free(*p);
        *p = NULL;
}
#define _cleanup_free_ _cleanup_(freep)

static inline bool streq(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}

/* NULL is smaller than every string and equal to NULL. */
static inline bool streq_ptr(const char *a, const char *b) {
        return a && b ? streq(a, b) : a == b;
}

/* The part of text behind prefix, or NULL where text does not start with it. */
static inline const char *startswith(const char *text, const char *prefix) {
        size_t n = strlen(prefix);

        return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

/* The place in text where suffix starts, or NULL where text does not end with it. */
static inline const char *endswith(const char *text, const char *suffix) {
        size_t n = strlen(text), m = strlen(suffix);

        return n >= m && streq(text + n - m, suffix) ? text + n - m : NULL;
}

/* -1/errno of a libc call as a negative errno. */
static inline int negative_errno(void) {
        return errno > 0 ? -errno : -EIO;
}
