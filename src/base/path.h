/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Paths as text. Nothing here touches a file system. */

#include "base/macros.h"

/* Absolute, no "//", no "." or ".." component, no trailing slash (but "/"), under PATH_MAX, no
 * control characters. */
bool path_is_safe(const char *path) _pure_;
/* True where path lies at or below parent; both safe. */
bool path_is_below(const char *path, const char *parent) _pure_;
/* Removes doubled and trailing slashes and "." components in place; ".." stays (and is not safe).
 */
char *path_simplify(char *path);
/* directory/name; NULL: out of memory. */
char *path_join(const char *directory, const char *name);
/* The part behind the last slash. */
const char *path_last(const char *path) _pure_;
