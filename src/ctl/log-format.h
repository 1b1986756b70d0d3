/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How `logs -o` prints a line: journalctl's formats, where they make sense without a journal. */

#include "ctl/log-lines.h"

typedef struct LogFormat LogFormat;

/* The format of this name, or NULL. */
const LogFormat *log_format_find(const char *name);
/* The name of the first, second, … NULL: there are no more. */
const char *log_format_name(int i);
/* "short, cat, …" for messages. NULL: out of memory. */
char *log_format_names(void);
/* Appends the line, made safe for a terminal, with its line break; urgent ones in colour. */
int log_format_line(const LogFormat *format, bool colours, const LogLine *line, Str *out);
