/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ini/header.h"

#include "ini/ini.h"

void ini_header_done(IniHeader *header) {
        free(header->section);
        free(header->name);
        *header = (IniHeader){};
}

static bool is_letter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

static bool is_type_char(char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
}

static int refuse(const char *why, size_t offset, const char **reterr, size_t *reterr_offset) {
        *reterr = why;
        *reterr_offset = offset;
        return -EINVAL;
}

/* The name from offset on: bare, it ends at the "]"; quoted, at the next quote, so that it may hold
 * what a bare one cannot. Gives its extent and the place of what follows. */
static int scan_name(const char *text, size_t length, size_t offset, size_t *ret_start,
                     size_t *ret_end, size_t *ret_next, const char **reterr,
                     size_t *reterr_offset) {
        bool quoted = text[offset] == '"';
        size_t start = offset + (quoted ? 1 : 0), end;
        const char *found;

        found = memchr(text + start, quoted ? '"' : ']', length - start);
        if (!found) {
                return refuse(quoted ? "the quote is not closed"
                                     : "the section header is not closed",
                              quoted ? offset : 0, reterr, reterr_offset);
        }
        end = (size_t) (found - text);
        *ret_next = quoted ? end + 1 : end;
        while (!quoted && end > start && is_blank(text[end - 1])) {
                end--;
        }
        if (!quoted && memchr(text + start, '"', end - start)) {
                return refuse("a quote inside of an unquoted name", start, reterr, reterr_offset);
        }
        if (end == start) {
                return refuse("the name is empty", offset, reterr, reterr_offset);
        }
        if (end - start > INI_NAME_MAX) {
                return refuse("the name is longer than 255 bytes", start, reterr, reterr_offset);
        }
        *ret_start = start;
        *ret_end = end;
        return 0;
}

static int header_take(const char *text, size_t type_end, size_t name_start, size_t name_end,
                       IniHeader *ret) {
        _cleanup_(ini_header_done) IniHeader header = {};

        header.section = strndup(text + 1, type_end - 1);
        if (!header.section) {
                return -ENOMEM;
        }
        if (name_end > name_start) {
                header.name = strndup(text + name_start, name_end - name_start);
                if (!header.name) {
                        return -ENOMEM;
                }
        }
        *ret = header;
        header = (IniHeader){};
        return 0;
}

int ini_header_parse(const char *text, size_t length, IniHeader *ret, const char **reterr,
                     size_t *reterr_offset) {
        size_t type_end = 1, offset, start = 0, end = 0;
        int r;

        assert(length > 0 && text[0] == '[');
        while (type_end < length && is_type_char(text[type_end])) {
                type_end++;
        }
        offset = type_end;
        while (offset < length && is_blank(text[offset])) {
                offset++;
        }
        if (offset == length) {
                return refuse("the section header is not closed", 0, reterr, reterr_offset);
        }
        if (type_end == 1 && text[offset] == ']') {
                return refuse("the section's name is empty", 0, reterr, reterr_offset);
        }
        if (type_end == 1 || !is_letter(text[1])) {
                return refuse("a section's name starts with a letter", 1, reterr, reterr_offset);
        }
        if (type_end - 1 > INI_NAME_MAX) {
                return refuse("the section's name is longer than 255 bytes", 1, reterr,
                              reterr_offset);
        }
        if (text[offset] != ']' && offset == type_end) {
                return refuse("a section's name has letters, digits and - alone", offset, reterr,
                              reterr_offset);
        }
        if (text[offset] != ']') {
                r = scan_name(text, length, offset, &start, &end, &offset, reterr, reterr_offset);
                if (r < 0) {
                        return r;
                }
                while (offset < length && is_blank(text[offset])) {
                        offset++;
                }
        }
        if (offset == length) {
                return refuse("the section header is not closed", 0, reterr, reterr_offset);
        }
        if (text[offset] != ']') {
                return refuse("text between the name and the ]", offset, reterr, reterr_offset);
        }
        for (offset++; offset < length; offset++) {
                if (!is_blank(text[offset])) {
                        return refuse("text behind the section header; a comment stands on a line "
                                      "of its own",
                                      offset, reterr, reterr_offset);
                }
        }
        return header_take(text, type_end, start, end, ret);
}
