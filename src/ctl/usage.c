/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/usage.h"

#include "base/lookup.h"

static const char *const order_names[_USAGE_ORDER_MAX] = {
        [USAGE_BY_NAME] = "name",     [USAGE_BY_TASKS] = "tasks", [USAGE_BY_CPU] = "cpu",
        [USAGE_BY_MEMORY] = "memory", [USAGE_BY_IO] = "io",
};
DEFINE_LOOKUP(usage_order, UsageOrder, order_names)

void sample_list_done(SampleList *list) {
        for (size_t i = 0; i < list->n; i++) {
                free(list->items[i].unit);
        }
        free(list->items);
        *list = (SampleList){};
}

static const Sample *find(const SampleList *list, const char *unit) {
        for (size_t i = 0; i < list->n; i++) {
                if (streq(list->items[i].unit, unit)) {
                        return &list->items[i];
                }
        }
        return NULL;
}

/* What was added, a second. A counter that went back is that of another run. */
static uint64_t rate(uint64_t before, uint64_t now, usec_t passed) {
        if (before == UINT64_MAX || now == UINT64_MAX || now < before || passed == 0) {
                return UINT64_MAX;
        }
        return (uint64_t) ((double) (now - before) * (double) USEC_PER_SEC / (double) passed);
}

static Usage usage_of(const Sample *before, const Sample *now) {
        Usage usage = {
                .unit = now->unit,
                .tasks = now->tasks,
                .memory_bytes = now->memory_bytes,
                .cpu_permille = UINT64_MAX,
                .read_bytes = UINT64_MAX,
                .write_bytes = UINT64_MAX,
        };
        usec_t passed = before && now->now > before->now ? now->now - before->now : 0;

        if (passed > 0) {
                uint64_t nsec = rate(before->cpu_nsec, now->cpu_nsec, passed);

                usage.cpu_permille = nsec == UINT64_MAX ? nsec : nsec / (NSEC_PER_SEC / 1000);
                usage.read_bytes = rate(before->read_bytes, now->read_bytes, passed);
                usage.write_bytes = rate(before->write_bytes, now->write_bytes, passed);
        }
        return usage;
}

static uint64_t known(uint64_t value) {
        return value == UINT64_MAX ? 0 : value;
}

static uint64_t weight(const Usage *usage, UsageOrder order) {
        switch (order) {
        case USAGE_BY_TASKS:
                return known(usage->tasks);
        case USAGE_BY_CPU:
                return known(usage->cpu_permille);
        case USAGE_BY_MEMORY:
                return known(usage->memory_bytes);
        case USAGE_BY_IO:
                return known(usage->read_bytes) + known(usage->write_bytes);
        case USAGE_BY_NAME:
        case _USAGE_ORDER_MAX:
        default:
                return 0;
        }
}

static int compare(const void *a, const void *b, void *order) {
        const Usage *x = a, *y = b;
        uint64_t m = weight(x, *(const UsageOrder *) order),
                 n = weight(y, *(const UsageOrder *) order);

        return m != n ? (m < n) - (m > n) : strcmp(x->unit, y->unit);
}

void usage_compute(const SampleList *before, const SampleList *now, UsageOrder order, Usage *ret) {
        assert(before);
        assert(now);
        assert(ret || now->n == 0);

        for (size_t i = 0; i < now->n; i++) {
                ret[i] = usage_of(find(before, now->items[i].unit), &now->items[i]);
        }
        if (now->n > 0) {
                qsort_r(ret, now->n, sizeof(*ret), compare, &order);
        }
}
