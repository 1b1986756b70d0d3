/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What systemd calls the scope around a sandbox: manager, client and helper must agree on it. */

#include "base/macros.h"

#define SANDBOX_SUFFIX ".sandbox"

/* "web-1.sandbox" → "sbx-web\\x2d1.scope", as systemd-escape(1) has it. NULL: out of memory. */
char *scope_name(const char *sandbox);
/* Its length, whatever the memory. */
size_t scope_name_length(const char *sandbox) _pure_;
