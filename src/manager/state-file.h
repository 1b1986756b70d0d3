/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What sbxd has to know of a sandbox after it was itself restarted, as a file of its own below
 * RUNTIME/state. Versioned, tagged, checksummed, replaced by rename: a file that is not
 * exactly what was written is refused as a whole, so that it can never stand for another sandbox.
 */

#include "base/str.h"
#include "wire/control.h"

#define STATE_FILE_VERSION 1u
#define STATE_FILE_MAX (2u << 20)

typedef struct SandboxRecord {
        char *name;
        SandboxId id; /* of the run */
        char *scope;  /* "" in the direct back end */
        char *status_text;
        char **assignments; /* the spec in force, as "Name=text" and "Port:NAME:Name=text" */
        char **definition;  /* of a transient unit: what it was made of */
        char **degraded;
        uint64_t state; /* SandboxState */
        uint64_t result;
        uint64_t transient;
        uint64_t stop_requested;
        uint64_t leader_pid, relay_pid, main_pid, uid_base;
        uint64_t n_restarts;
        uint64_t main_code, main_status; /* of the workload's end; code 0: it has not ended */
        uint64_t main_start_usec, main_exit_usec; /* CLOCK_REALTIME, as the rest */
        uint64_t active_enter_usec, active_exit_usec, inactive_enter_usec, state_change_usec;
} SandboxRecord;

void sandbox_record_done(SandboxRecord *record);

/* Pure. *ret is malloc'ed. */
int state_file_encode(const SandboxRecord *record, void **ret, size_t *ret_size);
/* -EBADMSG: not exactly what was written; -EPROTONOSUPPORT: of another version. */
int state_file_decode(const void *bytes, size_t size, SandboxRecord *ret);

/* "web.sandbox" → the file "web.sandbox.state" in the directory. */
int state_file_save(int dirfd, const SandboxRecord *record);
/* file: the name of the file; the record inside must be of the same name. */
int state_file_load(int dirfd, const char *file, SandboxRecord *ret);
int state_file_remove(int dirfd, const char *name);
/* Moves a file that cannot be used to quarantine/ below the directory, for a person to look at. */
int state_file_quarantine(int dirfd, const char *file);
