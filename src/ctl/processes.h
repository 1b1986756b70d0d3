/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The processes of a cgroup as status shows them, a line each, as systemctl(1) does. */

#include "ctl/text.h"

/* Appends "├─4711 /bin/httpd -f" behind indent blanks for every process. cgroup: as ControlGroup
 * gives it. Nothing where it cannot be read: what is shown is a help, not an answer. */
int processes_append(const char *cgroup, size_t indent, bool colours, Str *out);
