/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "unit/environment.h"

#include "unit/files.h"

#include "base/fd.h"
#include "base/path.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTIVE "EnvironmentFile"
#define BLANKS " \t"
#define LINE_ENDS "\n\r"

/* -- the text of one file -- */

typedef struct Reader {
        const char *at; /* NUL-terminated */
        Place place;    /* of at: its line */
        DiagList *diags;
} Reader;

static bool reader_ends_line(const Reader *reader) {
        return *reader->at == '\0' || strchr(LINE_ENDS, *reader->at);
}

/* One byte further; the last one is never left. */
static char reader_take(Reader *reader) {
        char c = *reader->at;

        reader->at += c != '\0';
        reader->place.line += c == '\n';
        return c;
}

static void reader_skip_line(Reader *reader) {
        reader->at += strcspn(reader->at, LINE_ENDS);
}

/* Behind the opening quote. 1: the file ends first, said with the place of the quote. */
static int read_quoted(Reader *reader, char quote, Str *value) {
        const Place opened = reader->place;
        int r = 0;

        while (r == 0 && *reader->at != quote) {
                if (*reader->at == '\0') {
                        diag_add(reader->diags, DIAG_ERROR, &opened, DIRECTIVE,
                                 "The quote that is opened here is never closed; add a %c", quote);
                        return 1;
                }
                if (quote == '"' && *reader->at == '\\' && reader->at[1] != '\0') {
                        char next;

                        (void) reader_take(reader);
                        next = reader_take(reader);
                        if (next == '\n') {
                                continue;
                        }
                        r = strchr("\"\\`$", next) ? 0 : str_append_char(value, '\\');
                        r = r < 0 ? r : str_append_char(value, next);
                        continue;
                }
                r = str_append_char(value, reader_take(reader));
        }
        (void) reader_take(reader);
        return r;
}

/* To the end of the line: quotes mean nothing any more, and blanks at the end are no part of it. */
static int read_plain(Reader *reader, Str *value) {
        size_t length = value->length;
        int r = 0;

        while (r == 0 && !reader_ends_line(reader)) {
                char c = reader_take(reader);
                bool escaped = c == '\\' && *reader->at != '\0';

                if (escaped) {
                        c = reader_take(reader);
                        if (strchr(LINE_ENDS, c)) {
                                continue;
                        }
                }
                r = str_append_char(value, c);
                if (escaped || !strchr(BLANKS, c)) {
                        length = value->length;
                }
        }
        if (r == 0 && value->text && length < value->length) {
                value->text[length] = '\0';
                value->length = length;
        }
        return r;
}

static int read_value(Reader *reader, Str *value) {
        for (;;) {
                char c;
                int r;

                reader->at += strspn(reader->at, BLANKS);
                if (reader_ends_line(reader)) {
                        return 0;
                }
                c = *reader->at;
                if (c != '"' && c != '\'') {
                        return read_plain(reader, value);
                }
                (void) reader_take(reader);
                r = read_quoted(reader, c, value);
                if (r != 0) {
                        return r;
                }
        }
}

/* A later assignment of the same name takes the earlier one's place. Takes the text. */
static int put(Reader *reader, char ***list, char *assignment, size_t n_name) {
        char **each = *list;

        for (; each && *each; each++) {
                if (strncmp(*each, assignment, n_name + 1) == 0) {
                        free(*each);
                        *each = assignment;
                        return 0;
                }
        }
        if (each && (size_t) (each - *list) >= ENVIRONMENT_VARIABLES_MAX) {
                free(assignment);
                diag_add(reader->diags, DIAG_ERROR, &reader->place, DIRECTIVE,
                         "There are more than %u variables in all files of the unit",
                         ENVIRONMENT_VARIABLES_MAX);
                return 1;
        }
        return strv_append_take(list, assignment);
}

static int add(Reader *reader, const Place *place, const char *name, const Str *value,
               char ***list) {
        if (!environment_name_is_valid(name, strlen(name))) {
                diag_add(reader->diags, DIAG_ERROR, place, DIRECTIVE,
                         "\"%.80s\" is no name of a variable; it may hold letters, digits and "
                         "underscores, and no digit first",
                         name);
                return 0;
        }
        if (!utf8_valid(str_text(value), value->length)) {
                diag_add(reader->diags, DIAG_ERROR, place, DIRECTIVE,
                         "The value of %.80s is no valid UTF-8", name);
                return 0;
        }
        if (strlen(name) + 1 + value->length > ENVIRONMENT_WORD_MAX) {
                diag_add(reader->diags, DIAG_ERROR, place, DIRECTIVE,
                         "The value of %.80s is longer than 64 KiB", name);
                return 0;
        }
        return put(reader, list, strf("%s=%s", name, str_text(value)), strlen(name));
}

/* From the first byte of a name on. A line without "=" is none of ours, as in systemd. */
static int read_assignment(Reader *reader, char ***list) {
        const Place place = reader->place;
        size_t length = strcspn(reader->at, "=" LINE_ENDS);
        _cleanup_(str_done) Str value = STR_INIT;
        _cleanup_free_ char *name = NULL;
        int r;

        if (reader->at[length] != '=') {
                reader->at += length;
                return 0;
        }
        name = strndup(reader->at, length);
        if (!name) {
                return -ENOMEM;
        }
        while (length > 0 && strchr(BLANKS, name[length - 1])) {
                name[--length] = '\0';
        }
        reader->at = strchr(reader->at, '=') + 1;
        r = read_value(reader, &value);
        return r != 0 ? r : add(reader, &place, name, &value, list);
}

int environment_read(const char *path, const char *bytes, size_t size, DiagList *diags,
                     char ***list) {
        Reader reader = {.at = bytes, .place = {.file = path, .line = 1}, .diags = diags};
        int r = 0;

        assert(path);
        assert(bytes && bytes[size] == '\0');
        assert(diags);
        assert(list);

        if (strlen(bytes) != size) {
                reader.place.line = 0;
                diag_add(diags, DIAG_ERROR, &reader.place, DIRECTIVE,
                         "The file holds a NUL byte; it is to be text");
                return 0;
        }
        while (r == 0 && *reader.at != '\0') {
                if (strchr(BLANKS LINE_ENDS, *reader.at)) {
                        (void) reader_take(&reader);
                } else if (strchr("#;", *reader.at)) {
                        reader_skip_line(&reader);
                } else {
                        r = read_assignment(&reader, list);
                }
        }
        return MIN(r, 0);
}

/* -- files -- */

/* Why the file may not be used, or NULL. */
static const char *objection(const struct stat *st, bool check_owner) {
        if (!S_ISREG(st->st_mode)) {
                return "it is no regular file";
        }
        if (check_owner && (st->st_uid != 0 || (st->st_mode & (S_IWGRP | S_IWOTH)) != 0)) {
                return "others than root can write to it: chown root and chmod go-w it";
        }
        return st->st_size > (off_t) ENVIRONMENT_FILE_MAX ? "it is larger than 1 MiB" : NULL;
}

static int refuse(DiagList *diags, const ValueItem *item, const char *path, const char *why) {
        diag_add(diags, DIAG_ERROR, &item->place, DIRECTIVE, "%s cannot be used: %s", path, why);
        return 0;
}

/* By its O_PATH descriptor: to open a device or a FIFO by name would act or wait. */
static int open_file(const UnitSearch *search, int directory, const char *name,
                     const char **ret_why) {
        _cleanup_fd_ int handle = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;
        char link[64];
        int fd;

        if (handle < 0 || fstat(handle, &st) < 0) {
                return negative_errno();
        }
        *ret_why = objection(&st, search->check_owner);
        if (*ret_why) {
                return -EMEDIUMTYPE;
        }
        (void) snprintf(link, sizeof(link), "/proc/self/fd/%d", handle);
        fd = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        return fd < 0 ? negative_errno() : fd;
}

static int read_file(const UnitSearch *search, const ValueItem *item, const char *path,
                     DiagList *diags, char ***list) {
        _cleanup_free_ char *real = realpath(path, NULL), *culprit = NULL, *bytes = NULL;
        _cleanup_fd_ int directory = -EBADF, fd = -EBADF;
        const char *interned, *why = NULL;
        size_t size;
        int r;

        if (!real) {
                if (errno == ENOENT && (item->flags & VALUE_MISSING_OK) != 0) {
                        return 0;
                }
                return errno == ENOMEM ? -ENOMEM : refuse(diags, item, path, strerror(errno));
        }
        directory = trusted_directory_open(real, search->check_owner, &culprit);
        if (directory == -EPERM && culprit) {
                diag_add(diags, DIAG_ERROR, &item->place, DIRECTIVE,
                         "%s cannot be used: others than root can write to %s", path, culprit);
                return 0;
        }
        fd = directory < 0 ? directory : open_file(search, directory, path_last(real), &why);
        r = fd < 0 ? fd : fd_read_all(fd, ENVIRONMENT_FILE_MAX, &bytes, &size);
        if (r == -ENOMEM) {
                return r;
        }
        if (r < 0) {
                return refuse(diags, item, path,
                              why           ? why
                              : r == -EFBIG ? "it is larger than 1 MiB"
                                            : strerror(-r));
        }
        interned = file_intern(path);
        return interned ? environment_read(interned, bytes, size, diags, list) : -ENOMEM;
}

/* One path, or a pattern of several. */
static int read_pattern(const UnitSearch *search, const ValueItem *item, DiagList *diags,
                        size_t *n_files, char ***list) {
        glob_t found = {};
        int r;

        if (!strpbrk(item->text, "*?[")) {
                return read_file(search, item, item->text, diags, list);
        }
        r = glob(item->text, 0, NULL, &found);
        if (r == GLOB_NOMATCH) {
                r = (item->flags & VALUE_MISSING_OK) != 0
                            ? 0
                            : refuse(diags, item, item->text, "no file has such a name");
        } else if (r != 0) {
                r = r == GLOB_NOSPACE ? -ENOMEM
                                      : refuse(diags, item, item->text, "it cannot be looked up");
        }
        for (size_t i = 0; i < found.gl_pathc && r == 0; i++) {
                if (++*n_files > ENVIRONMENT_FILES_MAX) {
                        r = refuse(diags, item, item->text, "it names more than 64 files");
                        break;
                }
                r = read_file(search, item, found.gl_pathv[i], diags, list);
        }
        globfree(&found);
        return r;
}

int unit_read_environment(const UnitSearch *search, const Spec *spec, DiagList *diags,
                          char ***ret) {
        _cleanup_(strv_freep) char **list = NULL;
        size_t before, n_files = 0;

        assert(search);
        assert(spec);
        assert(diags);
        assert(ret);

        before = diags->n + diags->n_dropped;
        for (size_t i = 0; i < spec->environment_file.n; i++) {
                int r = read_pattern(search, &spec->environment_file.items[i], diags, &n_files,
                                     &list);

                if (r < 0) {
                        return r;
                }
        }
        if (diags->n + diags->n_dropped > before) {
                return UNIT_E_INVALID;
        }
        *ret = TAKE(list);
        return 0;
}
