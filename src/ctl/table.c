/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/table.h"

#include <unistd.h>

int table_new(const Ctl *ctl, const TableColumn *columns, size_t n, struct libscols_table **ret) {
        _cleanup_table_ struct libscols_table *table = scols_new_table();
        int r;

        if (!table) {
                return -ENOMEM;
        }
        r = scols_table_enable_noheadings(table, ctl->options.no_legend);
        if (r == 0) {
                r = scols_table_enable_colors(table, ctl->colour);
        }
        if (r == 0 && !isatty(STDOUT_FILENO)) {
                /* nothing is cut where a program reads */
                r = scols_table_enable_nowrap(table, true);
                if (r == 0) {
                        r = scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
                }
        }
        for (size_t i = 0; r == 0 && i < n; i++) {
                int flags = (columns[i].right ? SCOLS_FL_RIGHT : 0) |
                            (columns[i].cut ? SCOLS_FL_TRUNC : 0);

                if (!scols_table_new_column(table, columns[i].name, columns[i].cut ? 0.1 : 0,
                                            flags)) {
                        return -ENOMEM;
                }
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE(table);
        return 0;
}

int table_add(struct libscols_table *table, const char *const *cells, size_t n, const char *colour,
              unsigned coloured) {
        struct libscols_line *line = scols_table_new_line(table, NULL);

        if (!line) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < n; i++) {
                int r;

                r = scols_line_set_data(line, i, cells[i]);
                if (r == 0 && colour && (coloured & (1u << i))) {
                        r = scols_cell_set_color(scols_line_get_cell(line, i), colour);
                }
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

int table_format(struct libscols_table *table, Str *out) {
        _cleanup_free_ char *text = NULL;
        int r;

        if (scols_table_is_empty(table)) {
                return 0;
        }
        r = scols_print_table_to_string(table, &text);
        r = r < 0 ? r : str_append(out, text);
        /* the library leaves out the last line break, where it prints to a string */
        return r < 0 || endswith(text, "\n") ? r : str_append_char(out, '\n');
}
