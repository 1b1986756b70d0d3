/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "plan/filter-cache.h"

#include "base/str.h"
#include "plan/filter.h"
#include "plan/simplify.h"

/* Programs of each kind that differ; whoever has more of them pays for compiling. */
#define PROGRAMS_KEPT 32

typedef struct Kept {
        char *key; /* NULL: free */
        OpBlob program;
} Kept;

typedef struct Ring {
        int (*compile)(const Spec *spec, OpBlob *ret);
        const DirectiveId *directives; /* all that compile looks at */
        Kept kept[PROGRAMS_KEPT];
        size_t next; /* to be replaced when all are taken: the oldest */
} Ring;

struct FilterCache {
        Ring arguments;
        Ring calls;
};

int filter_cache_new(FilterCache **ret) {
        FilterCache *cache = calloc(1, sizeof(*cache));

        assert(ret);

        if (!cache) {
                return -ENOMEM;
        }
        cache->arguments.compile = filter_arguments;
        cache->arguments.directives = filter_arguments_directives;
        cache->calls.compile = filter_calls;
        cache->calls.directives = filter_calls_directives;
        *ret = cache;
        return 0;
}

static void kept_done(Kept *kept) {
        free(kept->key);
        free(kept->program.bytes);
        *kept = (Kept){};
}

FilterCache *filter_cache_free(FilterCache *cache) {
        if (cache) {
                for (size_t i = 0; i < PROGRAMS_KEPT; i++) {
                        kept_done(&cache->arguments.kept[i]);
                        kept_done(&cache->calls.kept[i]);
                }
                free(cache);
        }
        return NULL;
}

/* The values as text, one a line: none of these types has a newline in it. */
static int make_key(const Spec *spec, const DirectiveId *directives, Str *key) {
        for (; *directives != _DIRECTIVE_MAX; directives++) {
                _cleanup_(strv_freep) char **texts = NULL;
                int r = spec_format(spec, &directive_table[*directives], &texts);

                STRV_FOREACH (text, texts) {
                        r = r < 0 ? r : str_appendf(key, "%s\n", *text);
                }
                r = r < 0 ? r : str_append_char(key, '\n');
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

static int ring_get(Ring *ring, const Spec *spec, const OpBlob **ret) {
        _cleanup_(str_done) Str key = STR_INIT;
        Kept fresh = {};
        int r = make_key(spec, ring->directives, &key);

        if (r < 0) {
                return r;
        }
        for (size_t i = 0; i < PROGRAMS_KEPT; i++) {
                if (ring->kept[i].key && streq(ring->kept[i].key, str_text(&key))) {
                        *ret = &ring->kept[i].program;
                        return 0;
                }
        }
        fresh.key = strdup(str_text(&key));
        r = fresh.key ? ring->compile(spec, &fresh.program) : -ENOMEM;
        r = r < 0 ? r : filter_simplify(&fresh.program);
        if (r < 0) {
                kept_done(&fresh);
                return r;
        }
        kept_done(&ring->kept[ring->next]);
        ring->kept[ring->next] = fresh;
        *ret = &ring->kept[ring->next].program;
        ring->next = (ring->next + 1) % PROGRAMS_KEPT;
        return 0;
}

int filter_cache_get(FilterCache *cache, const Spec *spec, const OpBlob **ret_arguments,
                     const OpBlob **ret_calls) {
        int r;

        assert(cache);
        assert(spec);
        assert(ret_arguments);
        assert(ret_calls);

        r = ring_get(&cache->arguments, spec, ret_arguments);
        return r < 0 ? r : ring_get(&cache->calls, spec, ret_calls);
}
