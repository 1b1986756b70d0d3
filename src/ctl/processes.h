/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The processes of a sandbox, as sbxd lists them, with their command lines where they are processes
 * of this host. */

#include "ctl/ctl.h"
#include "ctl/text.h"

typedef struct Process {
        uint32_t pid, parent;
        uint32_t inner; /* as the sandbox numbers it; 0: it is none of its own */
        uint32_t user;  /* inside; UINT32_MAX: it has no number there */
        char state;
        uint64_t cpu_nsec, memory_bytes;
        char *command; /* not escaped; "[name]" where the command line cannot be read */
} Process;

typedef struct ProcessList {
        Process *items; /* by pid */
        size_t n;
        size_t total; /* those that were not listed included */
} ProcessList;

void process_list_done(ProcessList *list);
/* -errno with error filled in. Nothing of what does not run is no fault. */
int processes_read(Ctl *ctl, const char *unit, sd_bus_error *error, ProcessList *ret);

/* Appends "├─4711 /bin/httpd -f" behind indent blanks for each, as systemctl(1) does, each cut at
 * width columns (0: not). */
int processes_format(const ProcessList *list, size_t indent, size_t width, bool colours, Str *out);
