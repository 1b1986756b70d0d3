/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The two system call filters as programs for seccomp(2). Filter "calls" is the allow-list: EPERM
 * for what is known and not on it, ENOSYS for what this build does not know. Filter "arguments"
 * allows everything but certain arguments. They are two because an allow-list cannot say "not equal
 * under a mask", and a comparison of all 64 bits lets through what the kernel cuts to 32. */

#include "op/op.h"
#include "spec/value.h"

/* filter: SystemCallFilter=. An empty blob where nothing is filtered ("~"). The caller frees bytes.
 */
int filter_calls(const ValueList *filter, OpBlob *ret);
int filter_arguments(OpBlob *ret);

/* libseccomp's context to bytes. */
int filter_export(void *context, OpBlob *ret);
