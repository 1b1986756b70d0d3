/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Any bytes as a unit file: what comes out stands where it says it stands, and written down and
 * read again it is the same. */

#include "ini/ini.h"

static void check(bool condition) {
        if (!condition) {
                abort();
        }
}

/* The byte at a place, '\0' behind the end of its line. */
static char byte_at(const uint8_t *bytes, size_t size, const Place *place) {
        size_t offset = size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

        for (uint32_t line = 1; line < place->line; line++) {
                const uint8_t *end = memchr(bytes + offset, '\n', size - offset);

                check(end != NULL);
                offset = (size_t) (end - bytes) + 1;
        }
        check(place->line > 0 && place->column > 0);
        offset += place->column - 1;
        check(offset <= size);
        return offset < size && bytes[offset] != '\n' ? (char) bytes[offset] : '\0';
}

static void check_entry(const uint8_t *bytes, size_t size, const IniEntry *entry) {
        check(byte_at(bytes, size, &entry->section_place) == '[');
        check(byte_at(bytes, size, &entry->key_place) == entry->key[0]);
        for (size_t i = 0; entry->value[i]; i++) {
                Place place = ini_entry_place(entry, i);
                char byte = byte_at(bytes, size, &place);

                check(byte == entry->value[i] || (byte == '\\' && entry->value[i] == ' '));
        }
}

/* A blank behind each value: it is stripped, and keeps a backslash from continuing the line. */
static int serialize(const IniFile *file, Str *out) {
        int r = 0;

        for (size_t i = 0; i < file->n && r >= 0; i++) {
                const IniEntry *entry = &file->entries[i];

                if (strlen(entry->key) + strlen(entry->value) + 2 > INI_LINE_MAX) {
                        return -EFBIG;
                }
                r = entry->name ? str_appendf(out, "[%s \"%s\"]\n", entry->section, entry->name)
                                : str_appendf(out, "[%s]\n", entry->section);
                if (r >= 0) {
                        r = str_appendf(out, "%s=%s \n", entry->key, entry->value);
                }
        }
        return r < 0 ? r : out->length > INI_FILE_MAX ? -EFBIG : 0;
}

static void check_same(const IniFile *a, const IniFile *b) {
        check(a->n == b->n);
        for (size_t i = 0; i < a->n; i++) {
                check(streq(a->entries[i].section, b->entries[i].section));
                check(streq_ptr(a->entries[i].name, b->entries[i].name));
                check(streq(a->entries[i].key, b->entries[i].key));
                check(streq(a->entries[i].value, b->entries[i].value));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
        _cleanup_(ini_file_freep) IniFile *file = NULL, *again = NULL;
        _cleanup_(diag_list_done) DiagList diags = {}, none = {};
        _cleanup_(str_done) Str text = STR_INIT;

        check(ini_parse((const char *) bytes, size, "fuzz.sandbox", &diags, &file) == 0);
        for (size_t i = 0; i < file->n; i++) {
                check_entry(bytes, size, &file->entries[i]);
        }
        if (serialize(file, &text) < 0) {
                return 0;
        }
        check(ini_parse(str_text(&text), text.length, "again.sandbox", &none, &again) == 0);
        check(!diag_list_has_errors(&none));
        check_same(file, again);
        return 0;
}
