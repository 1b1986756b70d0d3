/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Plan to bytes and back. Little-endian, tagged, bounded; the layout is written down in
 * src/wire/README.md. The decoder trusts nothing: sizes, counts, tags, strings (exactly one NUL, at
 * the end), trailing bytes; then plan_check(). */

#include "op/op.h"

#define WIRE_PLAN_MAGIC 0x50584253u /* "SBXP" */
#define WIRE_PLAN_VERSION 1u

/* *ret is malloc'ed. -E2BIG beyond PLAN_SIZE_MAX. */
int wire_plan_encode(const Plan *plan, void **ret, size_t *ret_size);
/* -EBADMSG: malformed; -EPROTONOSUPPORT: other version; -EINVAL: plan_check() refuses it. */
int wire_plan_decode(const void *bytes, size_t size, Plan **ret);

/* A sealed memfd with the encoded plan; the fd, or -errno. */
int wire_plan_seal(const Plan *plan);
/* Checks the seals, reads and decodes. -EPERM: not sealed. */
int wire_plan_open(int fd, Plan **ret);
