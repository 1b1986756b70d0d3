/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Plans made by hand, and what is expected of them. */

#include "bed.h"

#include <check.h>
#include <sched.h>

#define ALL \
        (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWUSER)
#define ADD(plan, kind, ...) \
        ck_assert_int_eq(plan_add((plan), (kind), OP_ORIGIN_NONE, PLACE_NONE, ##__VA_ARGS__), 0)
#define RELAY_PORT 28080
#define U(x) ((uint64_t) (x))

/* The bed of the running test case. */
extern Bed bed;
void set_up(void);
void tear_down(void);

/* What a plan is made of; a zeroed one is the default: everything on. */
typedef struct Want {
        uint64_t shared;   /* namespaces that are not made */
        const char *ids;   /* "identity", "base" (offset 10), NULL: the range of the bed */
        const char *layer; /* NULL: the image */
        bool directory;    /* layer is one */
        bool read_only;    /* no upper */
        bool no_reaper, no_nnp, no_filter, privileged;
        const char *user, *group;
        const char *working_directory;
        const char *program; /* NULL: sh -c script */
        void (*mounts)(Plan *plan);
} Want;

/* Sets of namespaces that are shared with the host, each worth a test. */
extern const uint64_t shares[8];

void add_mounts(Plan *plan);
void add_ids(Plan *plan, const Want *want);
void add_workload(Plan *plan, const Want *want, const char *script);
Plan *plan_make(const Want *want, const char *script);
/* Listens on the host's side, runs true. */
Plan *listen_plan(const char *address);

/* Runs it, with a census before and after. */
void run(const Want *want, const char *script, Outcome *ret);
void expect_success(const Outcome *outcome);
void expect_output(const Want *want, const char *script, const char *output);
void expect_failure(const Want *want, Step step, int fault, const char *object);

/* Into a mount namespace of the test's own; gives the way back. */
int leave_host(void);
void return_to_host(int host);

int run_suite(Suite *suite);
