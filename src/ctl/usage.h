/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What sandboxes use between two looks at them, in the order that is asked for. Pure. */

#include "base/time.h"
#include "ctl/ctl.h"

/* What the kernel has counted; UINT64_MAX: it does not. */
typedef struct Sample {
        char *unit;
        usec_t now; /* CLOCK_MONOTONIC */
        uint64_t tasks, memory_bytes, cpu_nsec, read_bytes, write_bytes;
} Sample;

typedef struct SampleList {
        Sample *items;
        size_t n;
} SampleList;
void sample_list_done(SampleList *list);

/* UINT64_MAX: not known. */
typedef struct Usage {
        const char *unit; /* the sample's */
        uint64_t tasks, memory_bytes;
        uint64_t cpu_permille;            /* of one processor */
        uint64_t read_bytes, write_bytes; /* a second */
} Usage;

typedef enum UsageOrder {
        USAGE_BY_NAME,
        USAGE_BY_TASKS,
        USAGE_BY_CPU,
        USAGE_BY_MEMORY,
        USAGE_BY_IO,
        _USAGE_ORDER_MAX,
} UsageOrder;
const char *usage_order_name(UsageOrder order);
int usage_order_parse(const char *text);

/* One for each of now; what is not in before has no rates yet. ret: room for now->n. */
void usage_compute(const SampleList *before, const SampleList *now, UsageOrder order, Usage *ret);
