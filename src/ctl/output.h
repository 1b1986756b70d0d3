/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What goes to stdout: plainly, or through a pager where it is longer than the terminal; and JSON.
 */

#include "base/str.h"
#include "ctl/ctl.h"

#include <json-c/json_object.h>

/* Columns of stdout where it is a terminal, else 0: what a program reads is not cut. */
size_t output_width(void);
/* Prints all of out. 0, or -errno (-EPIPE where the reader has gone). */
int output_print(const Ctl *ctl, const Str *out);
/* Prints a document as --json asks for, and a line break. */
int output_json(const Ctl *ctl, json_object *document);

static inline void json_putp(json_object **object) {
        json_object_put(*object);
        *object = NULL;
}
#define _cleanup_json_ _cleanup_(json_putp)

/* Adds value to object or array; takes it over, also on failure. NULL value: -ENOMEM. */
int json_set(json_object *object, const char *key, json_object *value);
int json_push(json_object *array, json_object *value);
/* The place as {"file": …, "line": …, "column": …}, or JSON's null where there is none. */
int json_set_place(json_object *object, const char *key, const Place *place);
/* A text that need not be UTF-8: what is not becomes \xNN. NULL: out of memory. */
json_object *json_text(const char *text);
/* The same as a member; a NULL text gives JSON's null. */
int json_set_text(json_object *object, const char *key, const char *text);
