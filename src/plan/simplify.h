/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "op/op.h"

/* Makes a program for seccomp(2) shorter, in place, that decides the same of every call. One that
 * it does not understand, or would not make shorter, stays as it is: 0, too. -ENOMEM. */
int filter_simplify(OpBlob *program);
