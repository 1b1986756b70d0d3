/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The own scan: bytes to an index with places. */

#include "ini/ini.h"

/* Fills *out, whose values are then those of the scan alone. path: interned. 0 or -ENOMEM. */
int ini_scan(const char *bytes, size_t size, const char *path, DiagList *diags, IniFile *out);

void ini_entry_done(IniEntry *entry);
