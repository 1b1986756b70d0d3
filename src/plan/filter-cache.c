/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "plan/filter-cache.h"

#include "base/str.h"
#include "plan/filter.h"

/* Lists that differ; whoever has more of them pays for compiling. */
#define CALLS_KEPT 32

typedef struct Calls {
        char *key; /* the list as text; NULL: free */
        OpBlob program;
} Calls;

struct FilterCache {
        OpBlob arguments;
        Calls calls[CALLS_KEPT];
        size_t next; /* to be replaced when all are taken: the oldest */
};

int filter_cache_new(FilterCache **ret) {
        _cleanup_(filter_cache_freep) FilterCache *cache = calloc(1, sizeof(*cache));
        int r;

        assert(ret);

        if (!cache) {
                return -ENOMEM;
        }
        r = filter_arguments(&cache->arguments);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(cache);
        return 0;
}

static void calls_done(Calls *calls) {
        free(calls->key);
        free(calls->program.bytes);
        *calls = (Calls){};
}

FilterCache *filter_cache_free(FilterCache *cache) {
        if (cache) {
                for (size_t i = 0; i < CALLS_KEPT; i++) {
                        calls_done(&cache->calls[i]);
                }
                free(cache->arguments.bytes);
                free(cache);
        }
        return NULL;
}

/* All that filter_calls() looks at: names and groups have no white space in them. */
static int make_key(const ValueList *filter, Str *key) {
        int r = 0;

        for (size_t i = 0; i < filter->n && r == 0; i++) {
                r = str_appendf(key, "%s%s ", filter->items[i].flags & VALUE_INVERTED ? "~" : "",
                                filter->items[i].text);
        }
        return r;
}

static const Calls *find(const FilterCache *cache, const char *key) {
        for (size_t i = 0; i < CALLS_KEPT; i++) {
                if (cache->calls[i].key && streq(cache->calls[i].key, key)) {
                        return &cache->calls[i];
                }
        }
        return NULL;
}

int filter_cache_calls(FilterCache *cache, const ValueList *filter, const OpBlob **ret) {
        _cleanup_(str_done) Str key = STR_INIT;
        const Calls *known;
        Calls fresh;
        int r;

        assert(cache);
        assert(filter);
        assert(ret);

        r = make_key(filter, &key);
        if (r < 0) {
                return r;
        }
        known = find(cache, str_text(&key));
        if (known) {
                *ret = &known->program;
                return 0;
        }
        fresh = (Calls){.key = strdup(str_text(&key))};
        r = fresh.key ? filter_calls(filter, &fresh.program) : -ENOMEM;
        if (r < 0) {
                calls_done(&fresh);
                return r;
        }
        calls_done(&cache->calls[cache->next]);
        cache->calls[cache->next] = fresh;
        *ret = &cache->calls[cache->next].program;
        cache->next = (cache->next + 1) % CALLS_KEPT;
        return 0;
}

const OpBlob *filter_cache_arguments(const FilterCache *cache) {
        assert(cache);

        return &cache->arguments;
}
