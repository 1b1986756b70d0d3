/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/table-fit.h"

#include <ctype.h>
#include <wchar.h>
#include <wctype.h>

/* A column that may be cut has at least so much left. */
enum { NARROWEST = 8, COLUMNS_MAX = 16 };

/* -- cells -- */

/* The bytes of the character at text, and the columns that it takes. */
static size_t character(const char *text, size_t *ret_columns) {
        mbstate_t state = {};
        wchar_t c;
        size_t n = mbrtowc(&c, text, MB_CUR_MAX, &state);

        if (n == 0 || n > MB_CUR_MAX) {
                *ret_columns = strlen("\\xNN");
                return 1;
        }
        if (text[0] == '\\' && text[1] == 'x') {
                *ret_columns = strlen("\\xNN"); /* what looks like an escape is none */
        } else if (!iswprint((wint_t) c)) {
                *ret_columns = n * strlen("\\xNN");
        } else {
                *ret_columns = (size_t) MAX(wcwidth(c), 0);
        }
        return n;
}

size_t cell_columns(const char *text) {
        size_t sum = 0, columns;

        while (*text) {
                text += character(text, &columns);
                sum += columns;
        }
        return sum;
}

/* Bytes of text that take at most width columns. */
static size_t fitting(const char *text, size_t width) {
        const char *end = text;
        size_t columns;

        while (*end) {
                size_t n = character(end, &columns);

                if (columns > width) {
                        break;
                }
                width -= columns;
                end += n;
        }
        return (size_t) (end - text);
}

/* What is left of text once at most width columns remain. */
static const char *tail(const char *text, size_t width) {
        size_t columns;

        while (cell_columns(text) > width) {
                text += character(text, &columns);
        }
        return text;
}

char *cell_cut(const char *text, size_t width, bool middle) {
        const char *ellipsis = MB_CUR_MAX > 1 ? "…" : "...";
        size_t room = cell_columns(ellipsis), head;

        assert(text);

        if (cell_columns(text) <= width) {
                return strdup(text);
        }
        if (width <= room) {
                return strndup(text, fitting(text, width));
        }
        room = width - room;
        head = middle ? (room + 1) / 2 : room;
        return strf("%.*s%s%s", (int) fitting(text, head), text, ellipsis,
                    middle ? tail(text, room - head) : "");
}

/* -- columns -- */

typedef struct Fit {
        struct libscols_table *table;
        struct Width {
                struct libscols_column *column; /* a visible one */
                const TableColumn *about;
                size_t natural, width;
        } columns[COLUMNS_MAX];
        size_t n;
} Fit;

/* What the tree in front of a cell takes. */
static size_t branches(const struct Width *width, const struct libscols_line *line) {
        const struct libscols_line *parent = line;
        size_t n = 0;

        while (width->about->tree && (parent = scols_line_get_parent(parent))) {
                n += 2;
        }
        return n;
}

static void measure(Fit *fit, struct Width *width) {
        width->natural =
                scols_table_is_noheadings(fit->table) ? 0 : cell_columns(width->about->name);
        for (size_t i = 0; i < scols_table_get_nlines(fit->table); i++) {
                struct libscols_line *line = scols_table_get_line(fit->table, i);
                const char *text =
                        scols_cell_get_data(scols_line_get_column_cell(line, width->column));

                width->natural = MAX(width->natural,
                                     branches(width, line) + (text ? cell_columns(text) : 0));
        }
        width->width = width->natural;
}

static size_t total(const Fit *fit) {
        size_t sum = 0;

        for (size_t i = 0; i < fit->n; i++) {
                sum += fit->columns[i].width + (i > 0);
        }
        return sum;
}

/* Takes one column from the widest that may be cut; names count half. */
static bool shrink(Fit *fit) {
        struct Width *widest = NULL;
        size_t most = 0;

        for (size_t i = 0; i < fit->n; i++) {
                struct Width *width = &fit->columns[i];
                size_t weight = width->about->middle ? width->width : 2 * width->width;

                if (width->about->cut && width->width > NARROWEST && weight > most) {
                        widest = width;
                        most = weight;
                }
        }
        if (widest) {
                widest->width--;
        }
        return widest;
}

/* Leaves out the last column that may be cut, but not the first of them. */
static int leave_out(Fit *fit, bool *ret_done) {
        size_t last = fit->n, n = 0;
        int r;

        for (size_t i = 0; i < fit->n; i++) {
                if (fit->columns[i].about->cut && n++ > 0) {
                        last = i;
                }
        }
        *ret_done = last == fit->n;
        if (*ret_done) {
                return 0;
        }
        r = column_set_hidden(fit->columns[last].column, true);
        memmove(&fit->columns[last], &fit->columns[last + 1],
                (fit->n - last - 1) * sizeof(fit->columns[0]));
        fit->n--;
        for (size_t i = 0; i < fit->n; i++) {
                fit->columns[i].width = fit->columns[i].natural;
        }
        return r;
}

static int cut_data(struct libscols_cell *cell, size_t width, bool middle) {
        const char *text = scols_cell_get_data(cell);
        char *cut = text ? cell_cut(text, width, middle) : NULL;

        return cut ? scols_cell_refer_data(cell, cut) : text ? -ENOMEM : 0;
}

static int cut_cells(const Fit *fit, const struct Width *width) {
        int r = cut_data(scols_column_get_header(width->column), width->width, false);

        for (size_t i = 0; r == 0 && i < scols_table_get_nlines(fit->table); i++) {
                struct libscols_line *line = scols_table_get_line(fit->table, i);
                size_t before = branches(width, line);

                r = cut_data(scols_line_get_column_cell(line, width->column),
                             width->width > before ? width->width - before : 1,
                             width->about->middle);
        }
        return r;
}

int table_fit(struct libscols_table *table, size_t width) {
        Fit fit = {.table = table};
        bool done = false;
        int r = 0;

        assert(table);

        for (size_t i = 0; i < scols_table_get_ncols(table) && fit.n < COLUMNS_MAX; i++) {
                struct libscols_column *column = scols_table_get_column(table, i);

                if (!scols_column_is_hidden(column)) {
                        fit.columns[fit.n] = (struct Width){
                                .column = column,
                                .about = scols_cell_get_userdata(scols_column_get_header(column)),
                        };
                        measure(&fit, &fit.columns[fit.n++]);
                }
        }
        while (r == 0 && !done && total(&fit) > width) {
                if (!shrink(&fit)) {
                        r = leave_out(&fit, &done);
                }
        }
        for (size_t i = 0; r == 0 && i < fit.n; i++) {
                if (fit.columns[i].width < fit.columns[i].natural) {
                        r = cut_cells(&fit, &fit.columns[i]);
                }
        }
        return r;
}
