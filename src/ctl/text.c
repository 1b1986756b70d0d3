/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/text.h"

#include "base/parse.h"

#include <inttypes.h>
#include <unistd.h>

bool colour_wanted(int fd) {
        const char *forced = secure_getenv("SYSTEMD_COLORS");
        const char *no_colour = secure_getenv("NO_COLOR");
        const char *terminal = secure_getenv("TERM");
        bool on;

        if (forced && *forced) {
                /* "16", "256", "truecolor" ask for colours too */
                return parse_boolean(forced, &on) < 0 || on;
        }
        if ((no_colour && *no_colour) || !isatty(fd)) {
                return false;
        }
        return terminal && !streq(terminal, "dumb");
}

const char *colour_code(bool on, Colour colour) {
        static const char *const codes[_COLOUR_MAX] = {
                [COLOUR_NONE] = "\033[0m",       [COLOUR_BOLD] = "\033[0;1;39m",
                [COLOUR_DIM] = "\033[0;2m",      [COLOUR_RED] = "\033[0;1;31m",
                [COLOUR_GREEN] = "\033[0;1;32m", [COLOUR_YELLOW] = "\033[0;1;33m",
        };

        assert(colour < _COLOUR_MAX);
        return on ? codes[colour] : "";
}

int text_append(Str *out, bool colours, Colour colour, const char *text) {
        bool painted = colours && colour != COLOUR_NONE;
        int r;

        r = str_append(out, colour_code(painted, colour));
        if (r == 0) {
                r = str_append_escaped(out, text, strlen(text));
        }
        return r < 0 ? r : str_append(out, colour_code(painted, COLOUR_NONE));
}

size_t text_columns(const char *text, size_t n) {
        size_t columns = 0;

        for (size_t i = 0; i < n; i++) {
                /* continuation bytes of UTF-8 take none */
                columns += ((unsigned char) text[i] & 0xc0) != 0x80;
        }
        return columns;
}

int text_append_wrapped(Str *out, bool colours, Colour colour, size_t indent, size_t width,
                        const char *text) {
        bool painted = colours && colour != COLOUR_NONE;
        size_t column = indent;
        int r;

        r = str_append(out, colour_code(painted, colour));
        while (r == 0 && *text) {
                size_t n = strcspn(text, " "), start = out->length, columns;

                r = str_append_escaped(out, text, n);
                columns = text_columns(out->text + start, out->length - start);
                if (r == 0 && width > 0 && column > indent && column + columns > width) {
                        _cleanup_free_ char *word = strdup(out->text + start);

                        /* the blank before it ends the line */
                        str_truncate(out, start - 1);
                        r = word ? str_appendf(out, "\n%*s%s", (int) indent, "", word) : -ENOMEM;
                        column = indent;
                }
                column += columns + 1;
                text += n;
                if (r == 0 && *text == ' ') {
                        r = str_append_char(out, ' ');
                        text++;
                }
        }
        return r < 0 ? r : str_append(out, colour_code(painted, COLOUR_NONE));
}

int text_cut(Str *out, size_t start, size_t width) {
        size_t column = 0, i = start;

        if (width == 0 || text_columns(out->text + start, out->length - start) <= width) {
                return 0;
        }
        while (i < out->length) {
                column += ((unsigned char) out->text[i] & 0xc0) != 0x80;
                if (column >= width) {
                        break;
                }
                i++;
        }
        str_truncate(out, i);
        return str_append(out, "…");
}

int text_append_lines(Str *out, const char *text, size_t n) {
        size_t i = 0;

        while (i < n) {
                size_t run = i;
                int r;

                while (run < n && text[run] != '\n' && text[run] != '\t' && text[run] != '\\') {
                        run++;
                }
                /* a \r before the line break is how terminals and Windows end a line */
                r = str_append_escaped(
                        out, text + i,
                        run - i -
                                (run > i && run < n && text[run] == '\n' && text[run - 1] == '\r'));
                if (r == 0 && run < n) {
                        r = str_append_char(out, text[run]);
                }
                if (r < 0) {
                        return r;
                }
                i = run + 1;
        }
        return 0;
}

int text_append_size(Str *out, uint64_t bytes) {
        static const char suffixes[] = "BKMGTPE";
        size_t i = 0;
        uint64_t unit = 1;

        if (bytes == UINT64_MAX) {
                return str_append(out, "infinity");
        }
        while (i < sizeof(suffixes) - 2 && bytes / unit >= 1024) {
                unit *= 1024;
                i++;
        }
        if (bytes % unit == 0 || i == 0) {
                return str_appendf(out, "%" PRIu64 "%c", bytes / unit, suffixes[i]);
        }
        /* the remainder is below 2^60: ten times it does not overflow */
        return str_appendf(out, "%" PRIu64 ".%" PRIu64 "%c", bytes / unit, bytes % unit * 10 / unit,
                           suffixes[i]);
}

size_t text_count_lines(const char *text) {
        size_t n = 0;

        for (const char *p = text; (p = strchr(p, '\n')); p++) {
                n++;
        }
        return n;
}

const char *text_last_lines(const char *text, size_t n) {
        const char *p = text + strlen(text);

        if (n > 0 && p > text && p[-1] == '\n') {
                p--;
        }
        while (p > text && n > 0) {
                if (p[-1] == '\n' && --n == 0) {
                        break;
                }
                p--;
        }
        return p;
}
