/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a process may lower only with rights over the host, and passes on to its children: set by
 * whoever makes the sandbox's process, before that one is in its user namespace. */

#include "helper/parts.h"
#include "kern/process.h"

#include <unistd.h>

int priority_set(const Plan *plan, int proc, Fault *fault) {
        const Op *nice = plan_find(plan, OP_NICE), *score = plan_find(plan, OP_OOM_SCORE);
        int r = 0;

        if (nice) {
                r = process_set_nice((int) nice->args[0].i64);
                if (r < 0) {
                        return fault_set(fault, r, STEP_NICE, (int) (nice - plan->ops), NULL);
                }
        }
        if (score) {
                r = process_set_oom_score(proc, getpid(), (int) score->args[0].i64);
                if (r < 0) {
                        return fault_set(fault, r, STEP_OOM_SCORE, (int) (score - plan->ops), NULL);
                }
        }
        return r;
}
