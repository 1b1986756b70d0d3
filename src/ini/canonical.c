/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ini/canonical.h"

#include <iniparser.h>

#include "base/fd.h"

#include <stdio.h>

/* "s0001:k00001.123" and its NUL */
#define DICTIONARY_KEY_MAX 64

static bool is_plain(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == '/' || c == '-';
}

/* The encoded bytes of one byte. */
static size_t encoded_size(char c) {
        return is_plain(c) ? 1 : 3;
}

/* How many bytes of value from offset on go into one chunk. */
static size_t chunk_span(const char *value, size_t offset) {
        size_t encoded = 0, i;

        for (i = offset; value[i]; i++) {
                encoded += encoded_size(value[i]);
                if (encoded > INI_CHUNK_MAX) {
                        break;
                }
        }
        return i - offset;
}

static int append_encoded(Str *out, const char *value, size_t n) {
        static const char digits[] = "0123456789ABCDEF";
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                uint8_t c = (uint8_t) value[i];

                if (is_plain(value[i])) {
                        r = str_append_char(out, value[i]);
                } else {
                        const char triple[] = {'%', digits[c >> 4], digits[c & 0xf]};

                        r = str_append_n(out, triple, sizeof(triple));
                }
        }
        return r;
}

/* The key of a chunk below its section: numbers from 1, as a reader would count. */
static void format_key(char buffer[static DICTIONARY_KEY_MAX], size_t entry, size_t chunk) {
        int n = chunk == 0 ? snprintf(buffer, DICTIONARY_KEY_MAX, "k%05zu", entry + 1)
                           : snprintf(buffer, DICTIONARY_KEY_MAX, "k%05zu.%zu", entry + 1, chunk);

        assert(n > 0 && n < DICTIONARY_KEY_MAX);
}

static void format_section(char buffer[static DICTIONARY_KEY_MAX], size_t section) {
        int n = snprintf(buffer, DICTIONARY_KEY_MAX, "s%04zu", section);

        assert(n > 0 && n < DICTIONARY_KEY_MAX);
}

static bool same_header(const IniEntry *a, const IniEntry *b) {
        return a->section_place.line == b->section_place.line &&
               a->section_place.column == b->section_place.column;
}

/* A header for each occurrence that has assignments: it is new where the place of it is. */
static bool starts_section(const IniFile *file, size_t entry) {
        return entry == 0 || !same_header(&file->entries[entry - 1], &file->entries[entry]);
}

static int write_entry(const char *value, size_t entry, Str *out, size_t *n) {
        size_t offset = 0, chunk = 0;

        do {
                size_t span = chunk_span(value, offset);
                char key[DICTIONARY_KEY_MAX];

                format_key(key, entry, chunk);
                if (str_appendf(out, "%s = v", key) < 0 ||
                    append_encoded(out, value + offset, span) < 0 ||
                    str_append_char(out, '\n') < 0) {
                        return -ENOMEM;
                }
                offset += span;
                chunk++;
                (*n)++;
        } while (value[offset]);
        return 0;
}

int ini_canonical_write(const IniFile *file, Str *out, size_t *ret_n) {
        size_t n = 0, section = 0;

        for (size_t i = 0; i < file->n; i++) {
                int r;

                if (starts_section(file, i)) {
                        char name[DICTIONARY_KEY_MAX];

                        format_section(name, ++section);
                        if (str_appendf(out, "[%s]\n", name) < 0) {
                                return -ENOMEM;
                        }
                        n++;
                }
                r = write_entry(file->entries[i].value, i, out, &n);
                if (r < 0) {
                        return r;
                }
        }
        *ret_n = n;
        return 0;
}

static int hex_digit(char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Text of one chunk, the v still in front. 0, -ENOMEM, -EUCLEAN. */
static int append_decoded(Str *out, const char *text) {
        if (*text != 'v') {
                return -EUCLEAN;
        }
        for (text++; *text; text++) {
                char c = *text;

                if (c == '%') {
                        int high = hex_digit(text[1]);
                        int low = high < 0 ? -1 : hex_digit(text[2]);

                        if (low < 0) {
                                return -EUCLEAN;
                        }
                        c = (char) (high << 4 | low);
                        text += 2;
                } else if (!is_plain(c)) {
                        return -EUCLEAN;
                }
                if (str_append_char(out, c) < 0) {
                        return -ENOMEM;
                }
        }
        return 0;
}

/* All chunks of one entry, one after another. *n counts the keys that were found. */
static int read_entry(const dictionary *loaded, size_t section, size_t entry, const char *expected,
                      char **ret, size_t *n) {
        _cleanup_(str_done) Str value = STR_INIT;
        size_t offset = 0, chunk = 0;
        char *taken;

        do {
                char name[DICTIONARY_KEY_MAX], key[DICTIONARY_KEY_MAX];
                _cleanup_free_ char *path = NULL;
                const char *text;
                int r;

                format_section(name, section);
                format_key(key, entry, chunk++);
                path = strf("%s:%s", name, key);
                if (!path) {
                        return -ENOMEM;
                }
                /* The only getter that can be trusted: the typed ones crash and guess. */
                text = iniparser_getstring(loaded, path, NULL);
                if (!text) {
                        return -EUCLEAN;
                }
                r = append_decoded(&value, text);
                if (r < 0) {
                        return r;
                }
                (*n)++;
                offset += chunk_span(expected, offset);
                if (value.length != offset) {
                        return -EUCLEAN;
                }
        } while (expected[offset]);
        if (!streq(str_text(&value), expected)) {
                return -EUCLEAN;
        }
        taken = str_take(&value);
        if (!taken) {
                return -ENOMEM;
        }
        *ret = taken;
        return 0;
}

/* iniparser has a section as a key without a value, which getstring() cannot tell from a key that
 * is not there, except by what it gives for the latter. */
static bool has_section(const dictionary *loaded, size_t section) {
        static const char missing[] = "missing";
        char name[DICTIONARY_KEY_MAX];

        format_section(name, section);
        return iniparser_getstring(loaded, name, missing) == NULL;
}

static int read_all(const dictionary *loaded, size_t expected, IniFile *file) {
        size_t n = 0, section = 0;

        /* Memory that ran out and read errors are success for iniparser: it just has less. */
        if (loaded->n < 0 || (size_t) loaded->n != expected) {
                return -EUCLEAN;
        }
        for (size_t i = 0; i < file->n; i++) {
                char *value;
                int r;

                if (starts_section(file, i)) {
                        if (!has_section(loaded, ++section)) {
                                return -EUCLEAN;
                        }
                        n++;
                }
                r = read_entry(loaded, section, i, file->entries[i].value, &value, &n);
                if (r < 0) {
                        return r;
                }
                free(file->entries[i].value);
                file->entries[i].value = value;
        }
        return n == expected ? 0 : -EUCLEAN;
}

static _printf_(1, 2) int ignore_message(const char *format, ...) {
        return 0;
}

static void free_dictionary(dictionary *loaded) {
        iniparser_freedict(loaded);
}
DEFINE_CLEANUP(dictionary *, free_dictionary)

int ini_canonical_load(const Str *text, size_t n, IniFile *file) {
        _cleanup_(free_dictionaryp) dictionary *loaded = NULL;
        _cleanup_fd_ int fd = -EBADF;
        char path[DICTIONARY_KEY_MAX];
        int r;

        fd = memfd_sealed("sbx-unit", str_text(text), text->length);
        if (fd < 0) {
                return fd;
        }
        r = snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        assert(r > 0 && (size_t) r < sizeof(path));
        /* It would print to stderr. What went wrong shows in what is missing. */
        iniparser_set_error_callback(ignore_message);
        loaded = iniparser_load(path);
        if (!loaded) {
                return -EUCLEAN;
        }
        return read_all(loaded, n, file);
}
