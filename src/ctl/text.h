/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Text for people: colours, sizes, and texts of others made safe for a terminal. */

#include "base/str.h"

typedef enum Colour {
        COLOUR_NONE,
        COLOUR_BOLD,
        COLOUR_DIM,
        COLOUR_RED,
        COLOUR_GREEN,
        COLOUR_YELLOW,
        _COLOUR_MAX,
} Colour;

/* By NO_COLOR, SYSTEMD_COLORS, TERM and whether fd is a terminal. */
bool colour_wanted(int fd);
/* The escape sequence, or "" where on is false. */
const char *colour_code(bool on, Colour colour);

/* Appends text in a colour; text is escaped. */
int text_append(Str *out, bool colours, Colour colour, const char *text);
/* The same in lines of at most width columns, where words allow it; all but the first stand behind
 * indent blanks, and so does the first already. width 0: one line. */
int text_append_wrapped(Str *out, bool colours, Colour colour, size_t indent, size_t width,
                        const char *text);
/* Appends lines that programs wrote: printable text, tabs, backslashes and line breaks stay, all
 * else becomes \xNN. */
int text_append_lines(Str *out, const char *text, size_t n);
/* Appends "1.2M", or "infinity" for UINT64_MAX. */
int text_append_size(Str *out, uint64_t bytes);
/* Columns that a text takes on a terminal, where it is printable. */
size_t text_columns(const char *text, size_t n);
/* Takes what goes beyond width columns off the line that begins at start of out, for a …; width 0:
 * nothing. The line must have no colours. */
int text_cut(Str *out, size_t start, size_t width);
size_t text_count_lines(const char *text);
/* Where the last n lines of text begin. */
const char *text_last_lines(const char *text, size_t n);
