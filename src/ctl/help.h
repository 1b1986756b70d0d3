/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The table of verbs as text: help and manual page. */

#include "base/str.h"
#include "ctl/ctl.h"

int help_format(bool colours, Str *out);
int help_format_verb(const Verb *verb, bool colours, Str *out);
/* sbxctl(1), in roff (man(7)). */
int manual_format(Str *out);
