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
        bool right;  /* numbers */
        bool cut;    /* may be cut where the terminal is too narrow */
        bool middle; /* in its middle, and later than others */
        bool lines;  /* cells may be of several lines */
        bool tree;   /* shows which lines stand below which */
        bool extra;  /* shown where --columns= names it */
} TableColumn;

/* Whether --columns= names columns that there are; it is to be asked before work is done. 0 or
 * SBX_EXIT_FAILURE, reported. */
int table_check(const Ctl *ctl, const TableColumn *columns, size_t n);
int table_new(const Ctl *ctl, const TableColumn *columns, size_t n, struct libscols_table **ret);
/* A line of n texts; colour: for the columns whose bit is set in coloured, or NULL. */
int table_add(struct libscols_table *table, const char *const *cells, size_t n, const char *colour,
              unsigned coloured);
/* The same without colours; *ret is the table's. */
int table_add_line(struct libscols_table *table, const char *const *cells, size_t n,
                   struct libscols_line **ret);
int column_set_hidden(struct libscols_column *column, bool hidden);
/* By the texts of this column. */
int table_sort(struct libscols_table *table, size_t column);
/* Appends the table as text, with the columns that --columns= asks for: to be called once. */
int table_format(const Ctl *ctl, struct libscols_table *table, Str *out);
