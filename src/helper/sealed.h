/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Running from a sealed copy: who gets hold of /proc/PID/exe of this process or of one that
 * it forked holds a copy that cannot be written, never the file of the host (CVE-2019-5736). */

#include "base/macros.h"

/* 0 where the program runs from a sealed memfd; otherwise copies itself into one and executes that,
 * with the three variables of socket activation and notification as its whole environment. */
int sealed_ensure(char **argv);
