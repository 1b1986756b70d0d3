/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ini/ini.h"

#include "ini/canonical.h"
#include "ini/scan.h"

#include "base/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

IniFile *ini_file_free(IniFile *file) {
        if (!file) {
                return NULL;
        }
        for (size_t i = 0; i < file->n; i++) {
                ini_entry_done(&file->entries[i]);
        }
        for (size_t i = 0; i < file->n_sections; i++) {
                free(file->sections[i].section);
                free(file->sections[i].name);
        }
        free(file->entries);
        free(file->sections);
        free(file);
        return NULL;
}

Place ini_entry_place(const IniEntry *entry, size_t offset) {
        Place place = entry->value_place;
        size_t start = 0;

        assert(entry);
        for (size_t i = 0; i < entry->n_breaks && entry->breaks[i].offset <= offset; i++) {
                place = entry->breaks[i].place;
                start = entry->breaks[i].offset;
        }
        place.column += (uint32_t) (offset - start);
        return place;
}

static void diag_file(DiagList *diags, const char *path, const char *text) {
        Place place = {.file = path};

        diag_add(diags, DIAG_ERROR, &place, NULL, "%s", text);
}

/* path: interned. */
static int parse_interned(const char *bytes, size_t size, const char *path, DiagList *diags,
                          IniFile *file) {
        _cleanup_(str_done) Str text = STR_INIT;
        size_t n;
        int r;

        if (size > INI_FILE_MAX) {
                diag_file(diags, path, "the file is larger than 1 MiB");
                return 0;
        }
        r = ini_scan(bytes, size, path, diags, file);
        if (r < 0) {
                return r;
        }
        r = ini_canonical_write(file, &text, &n);
        if (r < 0) {
                return r;
        }
        return ini_canonical_load(&text, n, file);
}

int ini_parse(const char *bytes, size_t size, const char *path, DiagList *diags, IniFile **ret) {
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        const char *interned;
        int r;

        assert(bytes || size == 0);
        assert(path);
        assert(diags);
        assert(ret);

        interned = file_intern(path);
        file = calloc(1, sizeof(IniFile));
        if (!interned || !file) {
                return -ENOMEM;
        }
        r = parse_interned(bytes, size, interned, diags, file);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(file);
        return 0;
}

static const char *type_name(mode_t mode) {
        switch (mode & S_IFMT) {
        case S_IFDIR:
                return "a directory";
        case S_IFIFO:
                return "a FIFO";
        case S_IFSOCK:
                return "a socket";
        case S_IFLNK:
                return "a symbolic link";
        default:
                return "a device";
        }
}

/* False, with a diagnostic, where the file may not be used. */
static bool check_file(const struct stat *st, bool check_owner, const char *path, DiagList *diags) {
        Place place = {.file = path};

        if (!S_ISREG(st->st_mode)) {
                diag_add(diags, DIAG_ERROR, &place, NULL, "is %s; a unit is a regular file",
                         type_name(st->st_mode));
        } else if (st->st_mode & S_IWOTH) {
                diag_add(diags, DIAG_ERROR, &place, NULL,
                         "everybody can write to the file (mode %04o): chmod o-w",
                         (unsigned) (st->st_mode & 07777));
        } else if (check_owner && st->st_mode & S_IWGRP) {
                diag_add(diags, DIAG_ERROR, &place, NULL,
                         "its group can write to the file (mode %04o): chmod g-w",
                         (unsigned) (st->st_mode & 07777));
        } else if (check_owner && st->st_uid != 0) {
                diag_add(diags, DIAG_ERROR, &place, NULL,
                         "the file belongs to uid %u: a unit of the system is root's",
                         (unsigned) st->st_uid);
        } else if (st->st_size > (off_t) INI_FILE_MAX) {
                diag_file(diags, path, "the file is larger than 1 MiB");
        } else {
                return true;
        }
        return false;
}

/* Opens what is known to be a regular file by its O_PATH descriptor: opening a device or a FIFO by
 * name would have side effects or wait, and between a stat() and an open() the name can change. */
static int open_regular(int dirfd, const char *name, bool check_owner, const char *path,
                        DiagList *diags, struct stat *ret_stat) {
        _cleanup_fd_ int handle = -EBADF;
        char link[64];
        int fd, r;

        handle = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (handle < 0 || fstat(handle, ret_stat) < 0) {
                return negative_errno();
        }
        if (!check_file(ret_stat, check_owner, path, diags)) {
                return -EMEDIUMTYPE;
        }
        r = snprintf(link, sizeof(link), "/proc/self/fd/%d", handle);
        assert(r > 0 && (size_t) r < sizeof(link));
        fd = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        return fd < 0 ? negative_errno() : fd;
}

/* The bytes of the file; *ret stays NULL where diags say why it cannot be used. */
static int read_bytes(int dirfd, const char *name, const char *path, bool check_owner,
                      DiagList *diags, struct stat *ret_stat, char **ret, size_t *ret_size) {
        _cleanup_fd_ int fd = -EBADF;
        Place place = {.file = path};
        int r;

        fd = open_regular(dirfd, name, check_owner, path, diags, ret_stat);
        if (fd == -EMEDIUMTYPE) {
                return 0;
        }
        r = fd < 0 ? fd : fd_read_all(fd, INI_FILE_MAX, ret, ret_size);
        if (r == -ENOENT || r == -ENOMEM || r >= 0) {
                return r;
        }
        if (r == -EFBIG) {
                diag_file(diags, path, "the file is larger than 1 MiB");
        } else {
                diag_add(diags, DIAG_ERROR, &place, NULL, "cannot be read: %s", strerror(-r));
        }
        return 0;
}

int ini_read_at(int dirfd, const char *name, const char *path, bool check_owner, DiagList *diags,
                IniFile **ret, struct stat *ret_stat) {
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        _cleanup_free_ char *bytes = NULL;
        const char *interned;
        struct stat st = {};
        size_t size = 0;
        int r;

        assert(name);
        assert(path);
        assert(diags);
        assert(ret);

        interned = file_intern(path);
        file = calloc(1, sizeof(IniFile));
        if (!interned || !file) {
                return -ENOMEM;
        }
        r = read_bytes(dirfd, name, interned, check_owner, diags, &st, &bytes, &size);
        if (r < 0) {
                return r;
        }
        if (bytes) {
                r = parse_interned(bytes, size, interned, diags, file);
                if (r < 0) {
                        return r;
                }
        }
        if (ret_stat) {
                *ret_stat = st;
        }
        *ret = TAKE(file);
        return 0;
}
