/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/table.h"

#include "base/log.h"
#include "ctl/output.h"
#include "ctl/table-fit.h"

#include "sbx/exit.h"

#include <ctype.h>
#include <unistd.h>

/* One name of a list up to the next comma, in any case; a dash stands for a blank. */
static bool column_is(const char *column, const char *name, size_t n) {
        if (strlen(column) != n) {
                return false;
        }
        for (size_t i = 0; i < n; i++) {
                char c = name[i] == '-' || name[i] == '_' ? ' ' : name[i];

                if (tolower((unsigned char) c) != tolower((unsigned char) column[i])) {
                        return false;
                }
        }
        return true;
}

int table_check(const Ctl *ctl, const TableColumn *columns, size_t n) {
        const char *text = ctl->options.columns ? ctl->options.columns : "";
        _cleanup_(str_done) Str known = STR_INIT;

        for (text += *text == '+'; *text; text += *text == ',') {
                size_t length = strcspn(text, ","), i = 0;

                while (i < n && !column_is(columns[i].name, text, length)) {
                        i++;
                }
                if (i == n) {
                        for (i = 0; i < n; i++) {
                                if (isalpha((unsigned char) columns[i].name[0]) ||
                                    columns[i].name[0] == '%') {
                                        (void) str_appendf(&known, "%s%s",
                                                           known.length > 0 ? ", " : "",
                                                           columns[i].name);
                                }
                        }
                        log_error("There is no column '%.*s'. There are: %s.", (int) length, text,
                                  str_text(&known));
                        return SBX_EXIT_FAILURE;
                }
                text += length;
        }
        return SBX_EXIT_OK;
}

/* The column of a name, or NULL. */
static struct libscols_column *column_find(struct libscols_table *table, const char *name,
                                           size_t n) {
        for (size_t i = 0; i < scols_table_get_ncols(table); i++) {
                struct libscols_column *column = scols_table_get_column(table, i);

                if (column_is(scols_cell_get_data(scols_column_get_header(column)), name, n)) {
                        return column;
                }
        }
        return NULL;
}

int column_set_hidden(struct libscols_column *column, bool hidden) {
        int flags = scols_column_get_flags(column);

        return scols_column_set_flags(column,
                                      hidden ? flags | SCOLS_FL_HIDDEN : flags & ~SCOLS_FL_HIDDEN);
}

/* What --columns= asks for, in its order. Comes last: cells move with their columns. */
static int table_pick(struct libscols_table *table, const char *text) {
        struct libscols_column *before = NULL;
        bool all = *text == '+';
        int r = 0;

        for (size_t i = 0; r == 0 && !all && i < scols_table_get_ncols(table); i++) {
                r = column_set_hidden(scols_table_get_column(table, i), true);
        }
        for (text += all; r == 0 && *text; text += *text == ',') {
                size_t n = strcspn(text, ",");
                struct libscols_column *column = column_find(table, text, n);

                text += n;
                if (!column) {
                        continue; /* table_check() spoke of it */
                }
                r = column_set_hidden(column, false);
                if (r == 0 && !all) {
                        r = scols_table_move_column(table, before, column);
                        before = column;
                }
        }
        return r;
}

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
        if (r == 0 && (ctl->options.full || !isatty(STDOUT_FILENO))) {
                /* nothing is cut where a program reads */
                r = scols_table_enable_nowrap(table, true);
                if (r == 0) {
                        r = scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
                }
        }
        for (size_t i = 0; r == 0 && i < n; i++) {
                int flags = (columns[i].right ? SCOLS_FL_RIGHT : 0) |
                            (columns[i].lines ? SCOLS_FL_WRAP : 0) |
                            (columns[i].tree ? SCOLS_FL_TREE : 0) |
                            (columns[i].extra ? SCOLS_FL_HIDDEN : 0);

                struct libscols_column *column =
                        scols_table_new_column(table, columns[i].name, 0, flags);

                r = column ? scols_cell_set_userdata(scols_column_get_header(column),
                                                     (void *) &columns[i])
                           : -ENOMEM;
                if (r == 0 && columns[i].lines) {
                        /* at line breaks, not within words */
                        r = scols_column_set_wrapfunc(column, scols_wrapnl_chunksize,
                                                      scols_wrapnl_nextchunk, NULL);
                        r = r < 0 ? r : scols_column_set_safechars(column, "\n");
                }
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE(table);
        return 0;
}

int table_add_line(struct libscols_table *table, const char *const *cells, size_t n,
                   struct libscols_line **ret) {
        struct libscols_line *line = scols_table_new_line(table, NULL);
        int r = line ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < n; i++) {
                r = scols_line_set_data(line, i, cells[i]);
        }
        if (r < 0) {
                return r;
        }
        *ret = line;
        return 0;
}

int table_add(struct libscols_table *table, const char *const *cells, size_t n, const char *colour,
              unsigned coloured) {
        struct libscols_line *line;
        int r;

        r = table_add_line(table, cells, n, &line);
        for (size_t i = 0; r == 0 && colour && i < n; i++) {
                if (coloured & (1u << i)) {
                        r = scols_cell_set_color(scols_line_get_cell(line, i), colour);
                }
        }
        return r;
}

int table_sort(struct libscols_table *table, size_t column) {
        struct libscols_column *by = scols_table_get_column(table, column);
        int r = scols_column_set_cmpfunc(by, scols_cmpstr_cells, NULL);

        return r < 0 ? r : scols_sort_table(table, by);
}

/* Appends text without blanks at the ends of lines, which only make long lines longer. */
static int append_lines(const char *text, Str *out) {
        int r = 0;

        while (r == 0 && *text) {
                size_t n = strcspn(text, "\n"), end = n;

                while (end > 0 && text[end - 1] == ' ') {
                        end--;
                }
                r = str_append_n(out, text, end);
                r = r < 0 ? r : str_append_char(out, '\n');
                text += n + (text[n] == '\n');
        }
        return r;
}

int table_format(const Ctl *ctl, struct libscols_table *table, Str *out) {
        _cleanup_free_ char *text = NULL;
        size_t width = output_width();
        int r;

        r = ctl->options.columns ? table_pick(table, ctl->options.columns) : 0;
        if (r == 0 && width > 0 && !ctl->options.full) {
                r = table_fit(table, width);
        }
        if (r < 0) {
                return r;
        }
        if (scols_table_is_empty(table)) {
                return 0;
        }
        r = scols_print_table_to_string(table, &text);
        return r < 0 ? r : append_lines(text, out);
}
