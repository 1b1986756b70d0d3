/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The decoder of plans: what it accepts passes the check and encodes to the very same bytes. */

#include "wire/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
        _cleanup_(plan_freep) Plan *plan = NULL;
        _cleanup_free_ void *again = NULL;
        _cleanup_(str_done) Str text = STR_INIT;
        size_t again_size;

        if (wire_plan_decode(bytes, size, &plan) < 0) {
                return 0;
        }
        assert(plan_check(plan, NULL) == 0);
        assert(wire_plan_encode(plan, &again, &again_size) == 0);
        assert(again_size == size && memcmp(again, bytes, size) == 0);
        for (size_t i = 0; i < plan->n_ops; i++) {
                assert(op_format(&plan->ops[i], &text) == 0);
        }
        return 0;
}
