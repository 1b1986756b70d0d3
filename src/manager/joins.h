/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* JoinsNamespaceOf=: which sandbox that is at this moment, and whether it has what is to be joined.
 */

#include "manager/sandbox.h"

/* 0 with *ret NULL: nothing is joined. 1: it cannot be, *ret_why says why and what to do. */
enum { _JOINS_SUCCESS, JOINS_REFUSED };
int joins_resolve(Sandbox *sandbox, const SandboxId **ret, char **ret_why);
