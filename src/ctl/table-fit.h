/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Tables on terminals that are narrower than they. */

#include "ctl/table.h"

/* Makes the table at most width columns wide, if that can be done: first cells of the columns that
 * may be cut are, with an ellipsis, the widest first; then such columns are left out, the last
 * first, but for the first of them. */
int table_fit(struct libscols_table *table, size_t width);
/* The text with as much taken out as makes it at most width columns wide as the library prints it,
 * and an ellipsis there: at its end, or in its middle. NULL: out of memory. */
char *cell_cut(const char *text, size_t width, bool middle);
/* Columns that the library takes for a text: what is not printable becomes \xNN. */
size_t cell_columns(const char *text);
