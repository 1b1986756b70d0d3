/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ini/scan.h"

#include "ini/header.h"

#define BOM "\xef\xbb\xbf"

/* What assignments belong to: those below a broken header are checked, but go nowhere. */
typedef enum ScanSection {
        SCAN_NO_SECTION,
        SCAN_BAD_SECTION,
        SCAN_GOOD_SECTION,
} ScanSection;

typedef struct Scanner {
        const char *file;
        DiagList *diags;
        IniFile *out;
        uint32_t line;
        ScanSection section;
        bool crlf_noted;
        bool full; /* a limit of the whole file was hit: stop */
        size_t allocated_entries, allocated_sections;

        /* the logical line that is being put together */
        Str logical;
        IniBreak *pieces;
        size_t n_pieces, allocated_pieces;
        bool continued; /* the last physical line of it ended in a backslash */
        bool refused;   /* something in it was refused already: drop it at its end */
} Scanner;

static void scanner_done(Scanner *scanner) {
        str_done(&scanner->logical);
        free(scanner->pieces);
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

static Place scanner_place(const Scanner *scanner, size_t column) {
        return (Place){
                .file = scanner->file, .line = scanner->line, .column = (uint32_t) column + 1};
}

/* The place of a byte of the logical line. */
static Place logical_place(const Scanner *scanner, size_t offset) {
        const IniBreak *piece = scanner->pieces;
        Place place;

        for (size_t i = 1; i < scanner->n_pieces && scanner->pieces[i].offset <= offset; i++) {
                piece = &scanner->pieces[i];
        }
        place = piece->place;
        place.column += (uint32_t) (offset - piece->offset);
        return place;
}

/* Doubles an array of the index; 0 or -ENOMEM. */
static int grow(void **array, size_t n, size_t *allocated, size_t size) {
        size_t larger = MAX(*allocated * 2, (size_t) 8);
        void *grown;

        if (n < *allocated) {
                return 0;
        }
        grown = realloc(*array, larger * size);
        if (!grown) {
                return -ENOMEM;
        }
        *array = grown;
        *allocated = larger;
        return 0;
}

/* The bytes of the UTF-8 sequence at text[0], or 0 where it is none or a control character. */
static size_t sequence_length(const char *text, size_t n) {
        uint8_t c = (uint8_t) text[0];
        size_t length = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

        if ((c < 0x20 && c != '\t') || c == 0x7f || length > n || !utf8_valid(text, length)) {
                return 0;
        }
        return length;
}

/* False, with a diagnostic at its place, where a physical line has a byte that no unit may have.
 * Comments are no exception: `cat` prints them to terminals. */
static bool check_bytes(Scanner *scanner, const char *text, size_t n) {
        for (size_t i = 0, length; i < n; i += length) {
                Place place = scanner_place(scanner, i);
                uint8_t c = (uint8_t) text[i];

                length = sequence_length(text + i, n - i);
                if (length > 0) {
                        continue;
                }
                if (c == '\0') {
                        diag_add(scanner->diags, DIAG_ERROR, &place, NULL,
                                 "NUL byte: units are text");
                } else if (c < 0x80) {
                        diag_add(scanner->diags, DIAG_ERROR, &place, NULL,
                                 "control character 0x%02x: write it as \\x%02x where escapes are "
                                 "understood, or remove it",
                                 c, c);
                } else {
                        diag_add(scanner->diags, DIAG_ERROR, &place, NULL,
                                 "byte 0x%02x is not valid UTF-8", c);
                }
                return false;
        }
        return true;
}

static int add_section(Scanner *scanner, IniHeader *header, const Place *place) {
        IniFile *out = scanner->out;

        if (out->n_sections == INI_ENTRIES_MAX) {
                diag_add(scanner->diags, DIAG_ERROR, place, NULL,
                         "more than %u section headers in one file", INI_ENTRIES_MAX);
                scanner->full = true;
                return 0;
        }
        for (size_t i = 0; header->name && i < out->n_sections; i++) {
                const IniSection *other = &out->sections[i];

                if (streq(other->section, header->section) &&
                    streq_ptr(other->name, header->name)) {
                        diag_add(scanner->diags, DIAG_WARNING, place, NULL,
                                 "[%s %s] stands at line %u already; the two are one",
                                 header->section, header->name, other->place.line);
                        break;
                }
        }
        if (grow((void **) &out->sections, out->n_sections, &scanner->allocated_sections,
                 sizeof(IniSection)) < 0) {
                return -ENOMEM;
        }
        out->sections[out->n_sections++] = (IniSection){
                .section = TAKE(header->section),
                .name = TAKE(header->name),
                .place = *place,
        };
        scanner->section = SCAN_GOOD_SECTION;
        return 0;
}

static int scan_header(Scanner *scanner, size_t start, size_t end) {
        _cleanup_(ini_header_done) IniHeader header = {};
        const char *err = NULL;
        size_t offset = 0;
        Place place;
        int r;

        r = ini_header_parse(scanner->logical.text + start, end - start, &header, &err, &offset);
        if (r == -EINVAL) {
                place = logical_place(scanner, start + offset);
                diag_add(scanner->diags, DIAG_ERROR, &place, NULL, "bad section header: %s", err);
                scanner->section = SCAN_BAD_SECTION;
                return 0;
        }
        if (r < 0) {
                return r;
        }
        place = logical_place(scanner, start);
        return add_section(scanner, &header, &place);
}

/* The first byte of key that no key has, or its length. */
static size_t key_span(const char *key, size_t n) {
        for (size_t i = 0; i < n; i++) {
                char c = key[i];
                bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

                if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-'))) {
                        return i;
                }
        }
        return n;
}

static bool check_key(Scanner *scanner, size_t start, size_t end) {
        const char *key = scanner->logical.text + start;
        size_t n = end - start, good = key_span(key, n);
        Place place = logical_place(scanner, start + good);

        if (n == 0) {
                diag_add(scanner->diags, DIAG_ERROR, &place, NULL,
                         "no directive before the =: write Directive=value");
                return false;
        }
        if (good < n) {
                diag_add(scanner->diags, DIAG_ERROR, &place, NULL,
                         "a directive's name has letters, digits and - alone, and a letter first");
                return false;
        }
        if (n > INI_NAME_MAX) {
                place = logical_place(scanner, start);
                diag_add(scanner->diags, DIAG_ERROR, &place, NULL,
                         "the directive's name is longer than %u bytes", INI_NAME_MAX);
                return false;
        }
        return true;
}

static int entry_breaks(const Scanner *scanner, size_t start, size_t end, IniEntry *entry) {
        size_t n = 0;

        for (size_t i = 0; i < scanner->n_pieces; i++) {
                n += scanner->pieces[i].offset > start && scanner->pieces[i].offset < end;
        }
        if (n == 0) {
                return 0;
        }
        entry->breaks = calloc(n, sizeof(IniBreak));
        if (!entry->breaks) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < scanner->n_pieces; i++) {
                const IniBreak *piece = &scanner->pieces[i];

                if (piece->offset > start && piece->offset < end) {
                        entry->breaks[entry->n_breaks++] =
                                (IniBreak){.offset = piece->offset - start, .place = piece->place};
                }
        }
        return 0;
}

void ini_entry_done(IniEntry *entry) {
        free(entry->section);
        free(entry->name);
        free(entry->key);
        free(entry->value);
        free(entry->breaks);
        *entry = (IniEntry){};
}

static int add_entry(Scanner *scanner, size_t key, size_t key_end, size_t value, size_t end) {
        _cleanup_(ini_entry_done) IniEntry entry = {};
        const IniSection *section = &scanner->out->sections[scanner->out->n_sections - 1];
        const char *text = scanner->logical.text;

        entry.key_place = logical_place(scanner, key);
        if (scanner->out->n == INI_ENTRIES_MAX) {
                diag_add(scanner->diags, DIAG_ERROR, &entry.key_place, NULL,
                         "more than %u assignments in one file", INI_ENTRIES_MAX);
                scanner->full = true;
                return 0;
        }
        entry.section_place = section->place;
        entry.value_place = logical_place(scanner, value);
        entry.section = strdup(section->section);
        entry.name = section->name ? strdup(section->name) : NULL;
        entry.key = strndup(text + key, key_end - key);
        entry.value = strndup(text + value, end - value);
        if (!entry.section || (section->name && !entry.name) || !entry.key || !entry.value ||
            entry_breaks(scanner, value, end, &entry) < 0 ||
            grow((void **) &scanner->out->entries, scanner->out->n, &scanner->allocated_entries,
                 sizeof(IniEntry)) < 0) {
                return -ENOMEM;
        }
        scanner->out->entries[scanner->out->n++] = entry;
        entry = (IniEntry){};
        return 0;
}

static int scan_assignment(Scanner *scanner, size_t start, size_t end) {
        const char *text = scanner->logical.text;
        const char *equals = memchr(text + start, '=', end - start);
        Place place = logical_place(scanner, start);
        size_t key_end, value;

        if (!equals) {
                diag_add(scanner->diags, DIAG_ERROR, &place, NULL,
                         "no = in this line: write Directive=value, or start a comment with #");
                return 0;
        }
        key_end = (size_t) (equals - text);
        value = key_end + 1;
        while (key_end > start && is_blank(text[key_end - 1])) {
                key_end--;
        }
        while (value < end && is_blank(text[value])) {
                value++;
        }
        if (!check_key(scanner, start, key_end)) {
                return 0;
        }
        if (scanner->section == SCAN_NO_SECTION) {
                diag_add(scanner->diags, DIAG_ERROR, &place, NULL,
                         "assignment outside of a section: a header such as [Sandbox] comes first");
                return 0;
        }
        if (scanner->section == SCAN_BAD_SECTION) {
                return 0;
        }
        return add_entry(scanner, start, key_end, value, end);
}

/* The end of a logical line. */
static int flush(Scanner *scanner) {
        size_t start = 0, end = scanner->logical.length;
        bool refused = scanner->refused;
        int r = 0;

        while (end > 0 && is_blank(scanner->logical.text[end - 1])) {
                end--;
        }
        while (start < end && is_blank(scanner->logical.text[start])) {
                start++;
        }
        if (start < end && !refused) {
                r = scanner->logical.text[start] == '[' ? scan_header(scanner, start, end)
                                                        : scan_assignment(scanner, start, end);
        } else if (refused && scanner->logical.length > 0 && scanner->logical.text[start] == '[') {
                /* What follows a header that cannot be read must not land in the section before. */
                scanner->section = SCAN_BAD_SECTION;
        }
        str_truncate(&scanner->logical, 0);
        scanner->n_pieces = 0;
        scanner->continued = false;
        scanner->refused = false;
        return r;
}

static int append_piece(Scanner *scanner, const char *text, size_t n, size_t column) {
        int r;

        if (scanner->refused && scanner->n_pieces > 0) {
                return 0;
        }
        if (scanner->logical.length + n > INI_LINE_MAX) {
                Place place = scanner->n_pieces > 0 ? scanner->pieces[0].place
                                                    : scanner_place(scanner, column);

                if (!scanner->refused) {
                        diag_add(scanner->diags, DIAG_ERROR, &place, NULL,
                                 "the line is longer than %u bytes, continuations joined",
                                 INI_LINE_MAX);
                }
                scanner->refused = true;
                /* One byte is enough to know a header by. */
                n = scanner->logical.length == 0 ? 1 : 0;
        }
        r = grow((void **) &scanner->pieces, scanner->n_pieces, &scanner->allocated_pieces,
                 sizeof(IniBreak));
        if (r < 0) {
                return r;
        }
        scanner->pieces[scanner->n_pieces++] = (IniBreak){.offset = scanner->logical.length,
                                                          .place = scanner_place(scanner, column)};
        return str_append_n(&scanner->logical, text, n);
}

/* An odd number of backslashes at the end continues the line: the last one is not escaped itself.
 */
static bool is_continued(const char *text, size_t n) {
        size_t backslashes = 0;

        while (backslashes < n && text[n - 1 - backslashes] == '\\') {
                backslashes++;
        }
        return backslashes % 2 == 1;
}

static int scan_line(Scanner *scanner, const char *text, size_t n) {
        bool good = check_bytes(scanner, text, n), continued;
        size_t column = 0;
        int r;

        while (column < n && is_blank(text[column])) {
                column++;
        }
        /* Before continuation is looked at: a comment that ends in a backslash continues nothing,
         * and one inside of a continuation is skipped. */
        if (column < n && (text[column] == '#' || text[column] == ';')) {
                return 0;
        }
        if (!good) {
                scanner->refused = true;
        }
        continued = is_continued(text + column, n - column);
        r = append_piece(scanner, text + column, n - column, column);
        if (r < 0) {
                return r;
        }
        scanner->continued = continued;
        if (!continued) {
                return flush(scanner);
        }
        if (scanner->logical.length > 0 &&
            scanner->logical.text[scanner->logical.length - 1] == '\\') {
                scanner->logical.text[scanner->logical.length - 1] = ' ';
        }
        return 0;
}

static size_t line_length(Scanner *scanner, const char *text, size_t n) {
        if (n == 0 || text[n - 1] != '\r') {
                return n;
        }
        if (!scanner->crlf_noted) {
                Place place = scanner_place(scanner, n - 1);

                diag_add(scanner->diags, DIAG_NOTE, &place, NULL,
                         "lines end in CR LF; LF alone is the custom");
                scanner->crlf_noted = true;
        }
        return n - 1;
}

int ini_scan(const char *bytes, size_t size, const char *path, DiagList *diags, IniFile *out) {
        _cleanup_(scanner_done) Scanner scanner = {.file = path, .diags = diags, .out = out};
        size_t position = 0;

        if (size >= strlen(BOM) && memcmp(bytes, BOM, strlen(BOM)) == 0) {
                position = strlen(BOM);
        }
        while (position < size && !scanner.full) {
                const char *text = bytes + position;
                const char *end = memchr(text, '\n', size - position);
                size_t n = end ? (size_t) (end - text) : size - position;
                int r;

                scanner.line++;
                position += n + (end ? 1 : 0);
                r = scan_line(&scanner, text, line_length(&scanner, text, n));
                if (r < 0) {
                        return r;
                }
        }
        /* A file may end within a continuation: what stands there counts all the same. */
        return scanner.continued ? flush(&scanner) : 0;
}
