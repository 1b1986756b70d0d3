/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/value-type.h"

/* Quoting by systemd.syntax(7), as systemd's own reader does it: quotes may begin anywhere in a
 * word, C escapes are read inside and outside of them, and a backslash that begins no escape stays.
 */

static int hex_value(char c) {
        if (c >= '0' && c <= '9') {
                return c - '0';
        }
        if (c >= 'a' && c <= 'f') {
                return c - 'a' + 10;
        }
        if (c >= 'A' && c <= 'F') {
                return c - 'A' + 10;
        }
        return -1;
}

/* n digits of a base, -1 where one is missing. */
static int64_t read_digits(const char *text, size_t n, int base) {
        int64_t value = 0;

        for (size_t i = 0; i < n; i++) {
                int digit = hex_value(text[i]);

                if (digit < 0 || digit >= base) {
                        return -1;
                }
                value = value * base + digit;
        }
        return value;
}

static size_t encode_utf8(uint32_t c, char out[4]) {
        if (c < 0x80) {
                out[0] = (char) c;
                return 1;
        }
        if (c < 0x800) {
                out[0] = (char) (0xc0 | c >> 6);
                out[1] = (char) (0x80 | (c & 0x3f));
                return 2;
        }
        if (c < 0x10000) {
                out[0] = (char) (0xe0 | c >> 12);
                out[1] = (char) (0x80 | (c >> 6 & 0x3f));
                out[2] = (char) (0x80 | (c & 0x3f));
                return 3;
        }
        out[0] = (char) (0xf0 | c >> 18);
        out[1] = (char) (0x80 | (c >> 12 & 0x3f));
        out[2] = (char) (0x80 | (c >> 6 & 0x3f));
        out[3] = (char) (0x80 | (c & 0x3f));
        return 4;
}

/* An escape that is a number: the bytes of text that it takes, 0 where it is none. NUL is none: it
 * cannot be in a string of C. */
static size_t decode_number(const char *text, char out[4], size_t *ret_n) {
        static const struct {
                char letter;
                uint8_t skip, digits, base;
        } forms[] = {{'x', 1, 2, 16}, {'u', 1, 4, 16}, {'U', 1, 8, 16}, {0, 0, 3, 8}};

        for (size_t i = 0; i < ELEMENTS(forms); i++) {
                int64_t value;

                if (forms[i].letter && text[0] != forms[i].letter) {
                        continue;
                }
                value = read_digits(text + forms[i].skip, forms[i].digits, forms[i].base);
                if (value <= 0 || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
                        continue;
                }
                if (forms[i].digits < 4) {
                        if (value > 0xff) {
                                continue;
                        }
                        out[0] = (char) value;
                        *ret_n = 1;
                } else {
                        *ret_n = encode_utf8((uint32_t) value, out);
                }
                return (size_t) forms[i].skip + forms[i].digits;
        }
        return 0;
}

static size_t decode_escape(const char *text, char out[4], size_t *ret_n) {
        static const char letters[] = "abfnrtvs\\\"'";
        static const char meanings[] = "\a\b\f\n\r\t\v \\\"'";
        const char *found = text[0] ? strchr(letters, text[0]) : NULL;

        if (found) {
                out[0] = meanings[found - letters];
                *ret_n = 1;
                return 1;
        }
        return decode_number(text, out, ret_n);
}

bool word_reader_next(WordReader *reader) {
        assert(reader);

        while (char_is_blank(reader->text[reader->position])) {
                reader->position++;
        }
        return reader->text[reader->position] != '\0';
}

/* What a backslash at the position stands for. */
static int take_escape(WordReader *reader, const char *stops, Str *word) {
        const char *text = reader->text + reader->position + 1;
        char bytes[4];
        size_t n, used;

        if (*text && strchr(stops, *text)) {
                reader->position += 2;
                return str_append_char(word, *text);
        }
        used = decode_escape(text, bytes, &n);
        if (used > 0) {
                reader->position += 1 + used;
                return str_append_n(word, bytes, n);
        }
        reader->position += *text ? 2 : 1;
        return str_append_n(word, text - 1, *text ? 2 : 1);
}

int word_reader_take(WordReader *reader, const char *stops, char **ret, char **reterr) {
        _cleanup_(str_done) Str word = STR_INIT;
        size_t quote_start = 0;
        char quote = '\0';
        int r = 0;

        assert(reader);
        assert(stops);
        assert(ret);

        reader->start = reader->position;
        for (;;) {
                char c = reader->text[reader->position];

                if (c == '\0' || (!quote && (char_is_blank(c) || strchr(stops, c)))) {
                        break;
                }
                if (c == '\\') {
                        r = take_escape(reader, stops, &word);
                } else if (quote ? c == quote : (c == '"' || c == '\'')) {
                        quote = quote ? '\0' : c;
                        quote_start = reader->position++;
                } else {
                        r = str_append_char(&word, c);
                        reader->position++;
                }
                if (r < 0) {
                        return r;
                }
        }
        if (quote) {
                reader->start = quote_start;
                return value_fail(reterr, -EINVAL, "The quote %c is opened and never closed",
                                  quote);
        }
        reader->stop = reader->text[reader->position];
        if (reader->stop) {
                reader->position++;
        }
        *ret = str_take(&word);
        return *ret ? 0 : -ENOMEM;
}

int value_split_words(const char *text, char ***ret, char **reterr, size_t *reterr_offset) {
        _cleanup_(strv_freep) char **words = NULL;
        WordReader reader = {.text = text};
        size_t n = 0;
        int r;

        assert(text);
        assert(ret);

        while (word_reader_next(&reader)) {
                char *word;

                if (++n > VALUE_ITEMS_MAX) {
                        return value_fail(reterr, -EINVAL, "There are more than %u words",
                                          VALUE_ITEMS_MAX);
                }
                r = word_reader_take(&reader, "", &word, reterr);
                if (r < 0) {
                        if (reterr_offset) {
                                *reterr_offset = reader.start;
                        }
                        return r;
                }
                r = strv_append_take(&words, word);
                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE(words);
        return 0;
}

static bool char_is_plain(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               (c && strchr("@%+=:,./_-~^!*?[]{}()<>|&$", c));
}

static int append_quoted(Str *out, const char *word) {
        bool valid = utf8_valid(word, strlen(word));
        int r;

        for (const char *c = word; *c; c++) {
                uint8_t byte = (uint8_t) *c;

                if (*c == '"' || *c == '\\') {
                        r = str_append_char(out, '\\');
                        r = r < 0 ? r : str_append_char(out, *c);
                } else if (*c == '\n') {
                        r = str_append(out, "\\n");
                } else if (*c == '\t') {
                        r = str_append(out, "\\t");
                } else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !valid)) {
                        r = str_appendf(out, "\\x%02x", byte);
                } else {
                        r = str_append_char(out, *c);
                }
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

char *value_quote_special(const char *word, const char *special) {
        _cleanup_(str_done) Str out = STR_INIT;
        bool plain = word[0] != '\0';

        assert(word);
        assert(special);

        for (const char *c = word; *c && plain; c++) {
                plain = char_is_plain(*c) && !strchr(special, *c);
        }
        if (plain) {
                return strf("%s", word);
        }
        if (str_append_char(&out, '"') < 0 || append_quoted(&out, word) < 0 ||
            str_append_char(&out, '"') < 0) {
                return NULL;
        }
        return str_take(&out);
}

char *value_quote_word(const char *word) {
        return value_quote_special(word, "");
}
