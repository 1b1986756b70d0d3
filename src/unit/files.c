/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/files.h"

#include "unit/drop-in.h"
#include "unit/name.h"

#include "base/path.h"

#include <limits.h>
#include <sys/stat.h>

#define ALIASES_MAX 8

void unit_file_done(UnitFile *file) {
        free(file->path);
        free(file->real);
        *file = (UnitFile){};
}

void unit_files_done(UnitFiles *files) {
        free(files->name);
        unit_file_done(&files->fragment);
        for (size_t i = 0; i < files->n_drop_ins; i++) {
                unit_file_done(&files->drop_ins[i]);
        }
        free(files->drop_ins);
        *files = (UnitFiles){};
}

int diag_path(DiagList *diags, const char *path, const char *format, ...) {
        _cleanup_(str_done) Str text = STR_INIT;
        Place place = {.file = file_intern(path)};
        va_list args;
        int r;

        va_start(args, format);
        r = str_vappendf(&text, format, args);
        va_end(args);
        if (r < 0 || !place.file) {
                return -ENOMEM;
        }
        diag_add(diags, DIAG_ERROR, &place, NULL, "%s", str_text(&text));
        return UNIT_E_INVALID;
}

/* True where real, without links, lies in one of the directories, whose own paths may have some. */
static int is_within(const UnitSearch *search, const char *real, bool *ret) {
        *ret = false;
        STRV_FOREACH (directory, search->directories) {
                _cleanup_free_ char *resolved = realpath(*directory, NULL);

                if (!resolved && errno == ENOMEM) {
                        return -ENOMEM;
                }
                *ret = *ret || (resolved && path_is_below(real, resolved));
        }
        return 0;
}

static int resolve_link(const UnitSearch *search, const char *path, DiagList *diags,
                        UnitFile *file) {
        bool within;
        int r;

        file->real = realpath(path, NULL);
        if (!file->real) {
                if (errno == ENOMEM) {
                        return -ENOMEM;
                }
                return diag_path(diags, path, "cannot be resolved: %s", strerror(errno));
        }
        if (streq(file->real, "/dev/null")) {
                file->masked = true;
                return 0;
        }
        r = is_within(search, file->real, &within);
        if (r < 0) {
                return r;
        }
        if (!within) {
                return diag_path(diags, path,
                                 "leads out of the search path, to %s: copy the file instead",
                                 file->real);
        }
        return 0;
}

/* The link behind path, and whether it may be used. */
static int resolve(const UnitSearch *search, const char *path, DiagList *diags, UnitFile *file) {
        struct stat st;
        int r;

        if (lstat(path, &st) < 0) {
                if (errno == ENOENT) {
                        return UNIT_E_NOT_FOUND;
                }
                return diag_path(diags, path, "cannot be looked at: %s", strerror(errno));
        }
        r = resolve_link(search, path, diags, file);
        if (r != 0) {
                return r;
        }
        /* systemd takes an empty file for a mask too. */
        file->masked = file->masked || (S_ISREG(st.st_mode) && st.st_size == 0);
        if (S_ISLNK(st.st_mode) && !file->masked) {
                file->path = strdup(file->real);
                return file->path ? 0 : -ENOMEM;
        }
        return 0;
}

int unit_file_resolve(const UnitSearch *search, const char *path, DiagList *diags, UnitFile *ret) {
        _cleanup_(unit_file_done) UnitFile file = {};
        int r;

        r = resolve(search, path, diags, &file);
        if (r < 0 || r == UNIT_E_NOT_FOUND) {
                return r;
        }
        file.refused = r == UNIT_E_INVALID;
        if (!file.path) {
                file.path = strdup(path);
                if (!file.path) {
                        return -ENOMEM;
                }
        }
        *ret = file;
        file = (UnitFile){};
        return r;
}

/* The first directory wins. */
static int find_name(const UnitSearch *search, const char *name, DiagList *diags, UnitFile *ret) {
        STRV_FOREACH (directory, search->directories) {
                _cleanup_free_ char *path = path_join(*directory, name);
                int r;

                if (!path) {
                        return -ENOMEM;
                }
                r = unit_file_resolve(search, path, diags, ret);
                if (r != UNIT_E_NOT_FOUND) {
                        return r;
                }
        }
        return UNIT_E_NOT_FOUND;
}

/* An instance may have a file of its own; else its template's. */
static int find_fragment(const UnitSearch *search, const char *name, DiagList *diags,
                         UnitFile *ret) {
        _cleanup_free_ char *template = NULL;
        int r;

        r = find_name(search, name, diags, ret);
        if (r != UNIT_E_NOT_FOUND || !unit_name_is_instance(name)) {
                return r;
        }
        template = unit_name_template(name);
        return template ? find_name(search, template, diags, ret) : -ENOMEM;
}

/* The name that a unit gets from the file that its name led to: the same, but for aliases. The kind
 * (plain, template, instance) has to stay; a template's alias keeps the instance. */
static int follow_alias(const char *name, const UnitFile *file, DiagList *diags, char **ret) {
        const char *target = path_last(file->real);
        _cleanup_free_ char *instance = unit_name_instance(name), *followed = NULL;
        bool fits;

        if (!instance) {
                return -ENOMEM;
        }
        if (!unit_name_is_valid(target)) {
                return diag_path(diags, file->path, "is not a unit's name, but %s leads here",
                                 name);
        }
        if (unit_name_is_template(target)) {
                fits = unit_name_at(name) != NULL;
                followed = unit_name_instantiate(target, instance);
        } else {
                fits = !unit_name_at(name) == !unit_name_at(target) && !unit_name_is_template(name);
                followed = strdup(target);
        }
        if (!followed) {
                return -ENOMEM;
        }
        if (!fits || !unit_name_is_valid(followed)) {
                return diag_path(diags, file->path, "cannot be an alias of %s: %s", name,
                                 unit_name_at(target) ? "one has an instance, the other has none"
                                                      : "one is a template, the other is none");
        }
        *ret = TAKE(followed);
        return 0;
}

/* Goes from name to name until the file has the name itself: an alias is of the unit of that name,
 * which may have a file in a directory that comes before the link's target. */
static int find_through_aliases(const UnitSearch *search, const char *name, const char *fragment,
                                DiagList *diags, UnitFiles *files) {
        files->name = strdup(name);
        if (!files->name) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < ALIASES_MAX; i++) {
                char *followed;
                int r;

                unit_file_done(&files->fragment);
                r = fragment && i == 0
                            ? unit_file_resolve(search, fragment, diags, &files->fragment)
                            : find_fragment(search, files->name, diags, &files->fragment);
                if (r != 0) {
                        return r;
                }
                if (files->fragment.masked) {
                        return 0;
                }
                r = follow_alias(files->name, &files->fragment, diags, &followed);
                if (r != 0) {
                        return r;
                }
                if (streq(followed, files->name)) {
                        free(followed);
                        return 0;
                }
                free(files->name);
                files->name = followed;
        }
        return diag_path(diags, files->fragment.path, "is behind more than %d aliases",
                         ALIASES_MAX);
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n) {
        const uint8_t *p = bytes;

        for (size_t i = 0; i < n; i++) {
                hash = (hash ^ p[i]) * 0x100000001b3u; /* FNV-1a */
        }
        return hash;
}

static uint64_t stamp_file(uint64_t stamp, const UnitFile *file, uint64_t *mtime_nsec) {
        struct stat st = {};
        uint64_t nsec;

        if (!file->path) {
                return stamp;
        }
        stamp = hash_bytes(stamp, file->path, strlen(file->path) + 1);
        stamp = hash_bytes(stamp, &file->masked, sizeof(file->masked));
        stamp = hash_bytes(stamp, &file->refused, sizeof(file->refused));
        /* The times of /dev/null are nobody's business. */
        if (file->masked || file->refused || stat(file->real, &st) < 0) {
                return stamp;
        }
        nsec = (uint64_t) st.st_mtim.tv_sec * 1000000000u + (uint64_t) st.st_mtim.tv_nsec;
        stamp = hash_bytes(stamp, &nsec, sizeof(nsec));
        stamp = hash_bytes(stamp, &st.st_ino, sizeof(st.st_ino));
        stamp = hash_bytes(stamp, &st.st_size, sizeof(st.st_size));
        *mtime_nsec = MAX(*mtime_nsec, nsec);
        return stamp;
}

static void stamp_files(UnitFiles *files) {
        files->stamp = stamp_file(0xcbf29ce484222325u, &files->fragment, &files->mtime_nsec);
        for (size_t i = 0; i < files->n_drop_ins; i++) {
                files->stamp = stamp_file(files->stamp, &files->drop_ins[i], &files->mtime_nsec);
        }
}

int unit_files_find(const UnitSearch *search, const char *name, const char *fragment,
                    DiagList *diags, UnitFiles *ret) {
        _cleanup_(unit_files_done) UnitFiles files = {};
        int r, q = 0;

        r = find_through_aliases(search, name, fragment, diags, &files);
        if (r < 0 || r == UNIT_E_NOT_FOUND) {
                return r;
        }
        files.fragment.refused = files.fragment.refused || r == UNIT_E_INVALID;
        if (!files.fragment.masked && !files.fragment.refused) {
                q = drop_ins_find(search, files.name, diags, &files.drop_ins, &files.n_drop_ins);
                if (q < 0) {
                        return q;
                }
        }
        stamp_files(&files);
        *ret = files;
        files = (UnitFiles){};
        return r != 0 ? r : q;
}
