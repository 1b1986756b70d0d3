/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The processes of a sandbox, from its cgroup and /proc: what sbxd may read without a capability
 * and cannot be made to wait for. Command lines are not among that: they lie in memory of the
 * workload, which may make their reader wait. */

#include "manager/sandbox.h"

/* A sandbox may have more: they are counted and not looked at. */
#define PROCESSES_SHOWN_MAX 1024u

typedef struct ProcessEntry {
        pid_t pid, parent;
        pid_t inner;   /* as the sandbox numbers it; 0: it is none of its own (the relay) */
        uint32_t user; /* of the process as procfs shows it */
        char state;    /* proc(5): R, S, D, … */
        uint64_t cpu_nsec, memory_bytes;
        char comm[17]; /* not escaped */
} ProcessEntry;

/* The contents of /proc/PID/stat and /proc/PID/status. tick_nsec: of its clock. 0 or -EBADMSG. */
int process_parse_stat(const char *text, uint64_t tick_nsec, uint64_t page_bytes,
                       ProcessEntry *entry);
int process_parse_status(const char *text, ProcessEntry *entry);

/* The map of /proc/PID/uid_map: an id outside to the one inside; UINT32_MAX where it has none. */
uint32_t process_map_user(const char *map, uint32_t outside);

/* Appends a(uuuustts)u to a reply: pid, parent, pid inside, user inside (UINT32_MAX: none), state,
 * nanoseconds of processor time, resident bytes, name (escaped); and how many there are in all. */
int processes_append(const Sandbox *sandbox, sd_bus_message *reply);
