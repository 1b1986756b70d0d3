/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Tables by libsmartcols: cells that are not printable are escaped by it. */

#include "base/str.h"
#include "ctl/ctl.h"

#include <libsmartcols.h>

static inline void scols_table_putp(struct libscols_table **table) {
        scols_unref_table(*table);
}
#define _cleanup_table_ _cleanup_(scols_table_putp)

typedef struct TableColumn {
        const char *name;
        bool right; /* numbers */
        bool cut;   /* may be cut where the terminal is too narrow */
} TableColumn;

int table_new(const Ctl *ctl, const TableColumn *columns, size_t n, struct libscols_table **ret);
/* A line of n texts; colour: for the columns whose bit is set in coloured, or NULL. */
int table_add(struct libscols_table *table, const char *const *cells, size_t n, const char *colour,
              unsigned coloured);
/* Appends the table as text. */
int table_format(struct libscols_table *table, Str *out);
