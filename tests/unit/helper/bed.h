/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A bed for launches: the test is the helper, the plans are made by hand, the root is busybox, as a
 * directory and as an erofs image in a folder of its own below /var/tmp (a file system that allows
 * idmapped mounts, which /tmp may not be). Needs root. */

#include "helper/launch.h"

#include "base/fd.h"

#define BED_OUTPUT_MAX (1u << 20)
#define BED_RANGE 1000341504u /* of ids; far from those that the helper gives out */

typedef struct Bed {
        LaunchGround ground;
        char folder[64];
        char directory[96]; /* layer */
        char image[96];     /* the same as erofs */
} Bed;

void bed_make(Bed *bed, const char *relay);
void bed_remove(Bed *bed);
/* Runs a line of the host's shell, which must succeed. */
void bed_shell(const char *script);

/* What of the host's a launch must leave as it was. */
typedef struct Census {
        char *mounts;
        size_t descriptors;
        size_t loops;
        size_t children;
} Census;

void census_take(Census *ret);
void census_check(const Census *before);
void census_done(Census *census);

typedef struct Outcome {
        bool spawned, built, ran, failed;
        Report failure;
        char degraded[LAUNCH_OBJECT_MAX];
        pid_t init, workload;
        int code, status;  /* of init */
        LaunchStatus said; /* by init, of the workload */
        char *output;      /* of stdout and stderr; the stream with index 0 */
} Outcome;
void outcome_done(Outcome *outcome);

/* A launch that is held open: after GO, before its end. */
typedef struct Live {
        Launch launch;
        int init_pidfd, workload_pidfd, relay_pidfd, devpts, master;
        int output; /* read end */
        Outcome outcome;
} Live;

/* Starts and sees it through until execve() or a failure (see outcome). */
void live_start(const Bed *bed, const Plan *plan, const int *cgroups, size_t n_cgroups, Live *ret);
/* The same with what else the helper gives: id_lock, log, cgroups of input count. */
void live_start_with(const Bed *bed, const Plan *plan, const LaunchInput *given, Live *ret);
/* Its two halves: forks the builder; takes the reports, gives GO, until the end of file. */
void live_launch(const Bed *bed, const Plan *plan, const LaunchInput *given, Live *ret);
void live_follow(Live *live);
/* Waits for its end; everything is collected and closed. */
void live_finish(Live *live, Outcome *ret);
/* Both. */
void bed_run(const Bed *bed, const Plan *plan, Outcome *ret);
/* One more program in it: runs to its end. *ret_master (NULL: closed) is the terminal's. */
void live_join(const Bed *bed, const Live *live, const Plan *plan, Outcome *ret,
               char **ret_terminal);
/* What a terminal shows until its last user is gone (EIO). */
char *read_terminal(int master);
