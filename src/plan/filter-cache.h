/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Filters that have been compiled once: libseccomp takes longer for them than the kernel for a
 * whole sandbox, and most units have the same. Belongs to whoever builds plans; not to be shared
 * between threads. */

#include "op/op.h"
#include "spec/spec.h"

typedef struct FilterCache FilterCache;

int filter_cache_new(FilterCache **ret);
FilterCache *filter_cache_free(FilterCache *cache);
DEFINE_CLEANUP(FilterCache *, filter_cache_free)

/* As filter_arguments() and filter_calls() of plan/filter.h, but what they give stays the cache's
 * and holds until the next call. */
int filter_cache_get(FilterCache *cache, const Spec *spec, const OpBlob **ret_arguments,
                     const OpBlob **ret_calls);
