/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Section headers: "[" Type (blanks Name)? "]". */

#include "base/macros.h"

typedef struct IniHeader {
        char *section;
        char *name; /* NULL where there is none */
} IniHeader;

void ini_header_done(IniHeader *header);

/* text starts with "[" and has no blank at its end. 0; -ENOMEM; -EINVAL with a sentence in
 * *reterr and the byte at fault in *reterr_offset. */
int ini_header_parse(const char *text, size_t length, IniHeader *ret, const char **reterr,
                     size_t *reterr_offset);
