/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The proof that a scope is what was asked for: systemd says "done" also of a scope whose process
 * has died, and accepts limits that it does not apply. Reads cgroup files, asks nobody. */

#include "manager/sandbox.h"

enum {
        _SCOPE_CHECK_SUCCESS,
        SCOPE_CHECK_DEAD,      /* the first process is gone */
        SCOPE_CHECK_ELSEWHERE, /* alive, but not in the scope */
        SCOPE_CHECK_LIMIT,     /* a limit is not in force */
};

/* 0, an outcome with a sentence in reason, or -errno. A limit that is a mere default and not in
 * force is added to sandbox->degraded instead. */
int scope_check(Sandbox *sandbox, Str *reason);
/* The same of limits that were changed, each of which has to be in force: 0, SCOPE_CHECK_LIMIT with
 * a sentence, or -errno. */
int scope_check_change(const Sandbox *sandbox, const Spec *spec, const LaunchPlan *launch,
                       Str *reason);
bool scope_leader_is_alive(const Sandbox *sandbox);
