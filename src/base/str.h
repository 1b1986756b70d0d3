/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Str: a growing text; Strv: a NULL-terminated list of strings. Both own what they hold. All
 * functions that can fail return 0 or -ENOMEM unless they say more. A zeroed Str is empty and
 * valid. */

#include "base/macros.h"

#include <stdarg.h>

typedef struct Str {
        char *text; /* NUL-terminated, or NULL while empty: read it through str_text() */
        size_t length;
        size_t allocated;
} Str;

#define STR_INIT ((Str){})

/* lifecycle */
void str_done(Str *str);
static inline const char *str_text(const Str *str) {
        return str->text ? str->text : "";
}
/* Hands the text to the caller, who frees it; "" where nothing was appended. NULL: out of memory.
 */
char *str_take(Str *str);

/* growth */
int str_append(Str *str, const char *text);
int str_append_n(Str *str, const char *text, size_t n);
int str_append_char(Str *str, char c);
int str_appendf(Str *str, const char *format, ...) _printf_(2, 3);
int str_vappendf(Str *str, const char *format, va_list args) _printf_(2, 0);
/* Appends text with control characters, backslash and invalid UTF-8 as \xNN: safe on a terminal. */
int str_append_escaped(Str *str, const char *text, size_t n);
void str_truncate(Str *str, size_t length);

/* As asprintf, but gives NULL when memory is out. */
char *strf(const char *format, ...) _printf_(1, 2);

/* Strings in a list, NULL-terminated; a NULL list is the empty one. */
size_t strv_length(char *const *list);
int strv_append(char ***list, const char *text); /* copies */
int strv_append_take(char ***list,
                     char *text); /* owns text, frees it on failure, NULL is -ENOMEM */
int strv_extend(char ***list, char *const *other); /* copies */
int strv_copy(char *const *list, char ***ret);
bool strv_contains(char *const *list, const char *text);
bool strv_equal(char *const *a, char *const *b);
char *strv_join(char *const *list, const char *separator);
char **strv_free(char **list); /* gives NULL */
DEFINE_CLEANUP(char **, strv_free)

#define STRV_FOREACH(item, list) \
        for (char *const *item = (char *const *) (list); item && *item; item++)

/* Edit distance for "did you mean": bounded, case-insensitive. */
size_t str_distance(const char *a, const char *b);

/* True where the n bytes are valid UTF-8 without NUL. */
bool utf8_valid(const char *text, size_t n) _pure_;
