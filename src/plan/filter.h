/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The two system call filters as programs for seccomp(2). Filter "calls" is the allow-list: an
 * error for what is known and not on it, ENOSYS for what this build does not know. Filter
 * "arguments" allows everything but certain arguments. They are two because an allow-list cannot
 * say "not equal under a mask", and a comparison of all 64 bits lets through what the kernel cuts
 * to 32. */

#include "op/op.h"
#include "spec/spec.h"

/* An empty blob where nothing is filtered (SystemCallFilter=~). The caller frees bytes. */
int filter_calls(const Spec *spec, OpBlob *ret);
int filter_arguments(const Spec *spec, OpBlob *ret);

/* The directives that each of them looks at, ended by _DIRECTIVE_MAX. */
extern const DirectiveId filter_calls_directives[];
extern const DirectiveId filter_arguments_directives[];

/* CLONE_NEW* bits that RestrictNamespaces= lets processes make. */
#define FILTER_NAMESPACES_ALL UINT64_C(0x7e020080)
uint64_t filter_namespaces(const Spec *spec);
/* Execution domain of Personality=, as OP_PERSONALITY has it. */
uint32_t filter_personality(const Spec *spec);

/* -- for the two of them -- */

/* libseccomp's context for the architectures of the spec; default_action for what no rule is about.
 */
typedef struct Filter {
        void *context;
        uint32_t default_action;
        bool foreign; /* there is more than the native architecture */
} Filter;
int filter_open(const Spec *spec, uint32_t default_action, Filter *ret);
void filter_close(Filter *filter);
#define _cleanup_filter_ _cleanup_(filter_close)

struct scmp_arg_cmp;
/* number: of the native architecture, or libseccomp's negative one for a call that only others
 * have; goes to every architecture that has it. */
int filter_add(const Filter *filter, uint32_t action, int number, unsigned n,
               const struct scmp_arg_cmp *comparisons);
/* To bytes. */
int filter_export(const Filter *filter, OpBlob *ret);
