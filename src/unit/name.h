/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Parts of unit names: PREFIX[@INSTANCE].sandbox. All give NULL where memory is out, and take valid
 * names alone. */

#include "base/scope.h"

#define UNIT_SUFFIX SANDBOX_SUFFIX

/* The "@" of a name, or NULL. */
const char *unit_name_at(const char *name) _pure_;
/* "web" of "web@a.sandbox". */
char *unit_name_prefix(const char *name);
/* "a" of "web@a.sandbox", "" where there is none. */
char *unit_name_instance(const char *name);
/* "web@.sandbox" of "web@a.sandbox". */
char *unit_name_template(const char *name);
/* "web@b.sandbox" of "web@a.sandbox" and "b". */
char *unit_name_instantiate(const char *name, const char *instance);
/* Prefix and instance ("@a" or "") of a name put together anew: "web-@a.sandbox". */
char *unit_name_with_prefix(const char *name, const char *prefix, size_t prefix_length);
/* True for "web@a.sandbox", but not "web@.sandbox". */
bool unit_name_is_instance(const char *name) _pure_;
/* Undoes the escaping of systemd-escape(1) in a part of a name: "-" is "/". */
char *unit_name_unescape(const char *part);
