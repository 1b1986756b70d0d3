/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/cpus.h"

#include "base/parse.h"

#define SEPARATORS " \t,"

static bool cpu_set_has(const CpuSet *set, uint32_t cpu) {
        return set->words[cpu / 64] >> (cpu % 64) & 1;
}

/* "5" or "0-3". */
static int add_range(CpuSet *set, char *text) {
        char *dash = strchr(text, '-');
        uint32_t first, last;
        int r;

        if (dash) {
                *dash = '\0';
        }
        r = parse_u32(text, &first);
        last = first;
        if (r == 0 && dash) {
                r = parse_u32(dash + 1, &last);
        }
        if (r < 0) {
                return r;
        }
        if (last >= CPUS_MAX || first > last) {
                return -ERANGE;
        }
        for (uint32_t cpu = first; cpu <= last; cpu++) {
                set->words[cpu / 64] |= UINT64_C(1) << (cpu % 64);
        }
        return 0;
}

int cpu_set_add(CpuSet *set, const char *text) {
        CpuSet sum = *set;

        assert(text);

        for (text += strspn(text, SEPARATORS); *text; text += strspn(text, SEPARATORS)) {
                size_t n = strcspn(text, SEPARATORS);
                char word[32];
                int r;

                if (n >= sizeof(word)) {
                        return -EINVAL;
                }
                memcpy(word, text, n);
                word[n] = '\0';
                r = add_range(&sum, word);
                if (r < 0) {
                        return r;
                }
                text += n;
        }
        *set = sum;
        return 0;
}

bool cpu_set_is_empty(const CpuSet *set) {
        for (size_t i = 0; i < ELEMENTS(set->words); i++) {
                if (set->words[i] != 0) {
                        return false;
                }
        }
        return true;
}

int cpu_set_format(const CpuSet *set, Str *out) {
        bool first = true;
        int r = 0;

        for (uint32_t cpu = 0; cpu < CPUS_MAX && r == 0; cpu++) {
                uint32_t start = cpu;

                if (!cpu_set_has(set, cpu)) {
                        continue;
                }
                while (cpu + 1 < CPUS_MAX && cpu_set_has(set, cpu + 1)) {
                        cpu++;
                }
                r = str_appendf(out, "%s%u", first ? "" : " ", start);
                if (r == 0 && cpu > start) {
                        r = str_appendf(out, "-%u", cpu);
                }
                first = false;
        }
        return r;
}
