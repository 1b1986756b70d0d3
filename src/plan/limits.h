/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files about limits share: limits.c (numbers, and which directive goes where),
 * text-limits.c (sets and disks), policies.c (devices, addresses, systemd-oomd) and
 * scope-properties.c (what systemd is asked for). */

#include "op/limit.h"
#include "op/text-limit.h"
#include "plan/builder.h"

/* What is common to all that is said of one directive. */
typedef struct LimitRequest {
        const Directive *directive;
        const void *field;
        uint16_t origin;
        Place place;
        bool set;         /* by the unit: else a default */
        bool best_effort; /* named by BestEffort= */
} LimitRequest;

/* Why a limit has no controller, for a sentence. */
const char *limit_reason(const HostFacts *host);
/* A limit that nothing can enforce here: refused, or noted where it may be left out. */
int limit_not_offered(Builder *builder, const LimitRequest *request, const char *reason);
/* The op that goes before a limit which may be left out. */
int limit_allow_best_effort(Builder *builder, const LimitRequest *request);
bool limit_is_offered(const Limit *limit, const HostFacts *host);

/* Text and list of the property are copied; expected is taken, whatever comes of it. */
int scope_property_add(Builder *builder, ScopeProperty property, const char *name);
/* The same of a list: what systemd has of one is added to, but by an empty one. */
int scope_property_set_list(Builder *builder, ScopeProperty property, const char *name);
/* What a scope has besides limits. */
int build_scope(Builder *builder);

int build_text_limit(Builder *builder, const LimitRequest *request, const TextLimit *limit);

/* Directives of a scope property that are no limit. */
int build_policy(Builder *builder, const LimitRequest *request);
/* What has to be seen in force before anything runs, or without systemd done, for all of them. */
int build_device_filter(Builder *builder);
int build_address_filter(Builder *builder);
