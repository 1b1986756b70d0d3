/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "docgen/docgen.h"

#include "spec/spec.h"

#include <ctype.h>

void page_done(Page *page) {
        assert(page);

        str_done(&page->text);
        free(page->mistake);
        *page = (Page){};
}

static void page_keep(Page *page, int r) {
        if (r < 0 && page->fault == 0) {
                page->fault = r;
        }
}

void page_add(Page *page, const char *text) {
        assert(page);
        assert(text);

        page_keep(page, str_append(&page->text, text));
}

void page_addf(Page *page, const char *format, ...) {
        va_list args;

        assert(page);

        va_start(args, format);
        page_keep(page, str_vappendf(&page->text, format, args));
        va_end(args);
}

void page_fail(Page *page, const char *format, ...) {
        _cleanup_(str_done) Str text = STR_INIT;
        va_list args;
        int r;

        assert(page);

        if (page->fault < 0) {
                return;
        }
        va_start(args, format);
        r = str_vappendf(&text, format, args);
        va_end(args);
        page->mistake = r < 0 ? NULL : str_take(&text);
        page->fault = page->mistake ? -EINVAL : -ENOMEM;
}

/* -- roff -- */

/* What groff_char(7) says of ASCII characters that it would print as another glyph. */
static const char *roff_escape(char c) {
        static const struct {
                char c;
                const char *escape;
        } escapes[] = {
                {'\\', "\\(rs"}, {'-', "\\-"},   {'\'', "\\(aq"}, {'~', "\\(ti"},
                {'^', "\\(ha"},  {'`', "\\(ga"}, {'"', "\\(dq"},
        };

        for (size_t i = 0; i < ELEMENTS(escapes); i++) {
                if (escapes[i].c == c) {
                        return escapes[i].escape;
                }
        }
        return NULL;
}

static void page_add_char(Page *page, char c, bool line_start) {
        const char *escape = roff_escape(c);

        if (line_start && (c == '.' || c == '\'')) {
                page_add(page, "\\&");
        }
        if (escape) {
                page_add(page, escape);
        } else {
                page_keep(page, str_append_char(&page->text, c));
        }
}

static void page_add_escaped(Page *page, const char *text, size_t n) {
        for (size_t i = 0; i < n; i++) {
                bool line_start = page->text.length == 0 ||
                                  str_text(&page->text)[page->text.length - 1] == '\n';

                page_add_char(page, text[i], line_start);
        }
}

void page_add_literal(Page *page, const char *text) {
        assert(page);
        assert(text);

        page_add_escaped(page, text, strlen(text));
}

/* "MemoryMax=" where a directive of that name is; else 0. */
static size_t directive_length(const char *text) {
        size_t n = 0;

        while (isalnum((unsigned char) text[n])) {
                n++;
        }
        if (n == 0 || text[n] != '=') {
                return 0;
        }
        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                const char *name = directive_table[i].name;

                if (strlen(name) == n && strncmp(name, text, n) == 0) {
                        return n + 1;
                }
        }
        return 0;
}

void page_add_prose(Page *page, const char *text) {
        assert(page);
        assert(text);

        for (const char *c = text; *c;) {
                bool word_start = c == text || !isalnum((unsigned char) c[-1]);
                size_t n = word_start ? directive_length(c) : 0;
                const char *end = *c == '`' ? strchr(c + 1, '`') : NULL;

                if (n > 0) {
                        page_addf(page, "\\fI%.*s\\fR", (int) n, c);
                        c += n;
                } else if (end) {
                        page_add(page, "\\fB");
                        page_add_escaped(page, c + 1, (size_t) (end - c - 1));
                        page_add(page, "\\fR");
                        c = end + 1;
                } else {
                        page_add_escaped(page, c++, 1);
                }
        }
}
