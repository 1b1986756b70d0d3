/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/drop-in.h"
#include "unit/files.h"
#include "unit/merge.h"
#include "unit/name.h"

#include "base/fd.h"
#include "base/path.h"

#define TEMPLATE_INSTANCE "test_instance"

Unit *unit_free(Unit *unit) {
        if (!unit) {
                return NULL;
        }
        free(unit->name);
        free(unit->fragment_path);
        unit->drop_in_paths = strv_free(unit->drop_in_paths);
        if (unit->spec) {
                unit->spec = spec_free(unit->spec);
        }
        free(unit);
        return NULL;
}

static int unit_new(const char *name, Unit **ret) {
        _cleanup_(unit_freep) Unit *unit = calloc(1, sizeof(Unit));
        int r;

        if (!unit) {
                return -ENOMEM;
        }
        unit->name = strdup(name);
        if (!unit->name) {
                return -ENOMEM;
        }
        unit->template = unit_name_is_template(name);
        r = spec_new(&unit->spec);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(unit);
        return 0;
}

/* Takes what was found over into the unit. */
static int unit_take_files(Unit *unit, const UnitFiles *files) {
        unit->masked = files->fragment.masked;
        unit->mtime_nsec = files->mtime_nsec;
        unit->stamp = files->stamp;
        if (files->fragment.path) {
                unit->fragment_path = strdup(files->fragment.path);
                if (!unit->fragment_path) {
                        return -ENOMEM;
                }
        }
        for (size_t i = 0; i < files->n_drop_ins; i++) {
                int r = strv_append(&unit->drop_in_paths, files->drop_ins[i].path);

                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

/* Reads one file through its directory, which is checked and held: what is read is what was
 * checked. 0, UNIT_E_INVALID, -errno. */
static int read_file(const UnitSearch *search, const UnitFile *file, DiagList *diags,
                     IniFile **ret) {
        _cleanup_free_ char *culprit = NULL;
        _cleanup_fd_ int fd = -EBADF;
        size_t errors = diags->n_errors;
        int r;

        fd = trusted_directory_open(file->real, search->check_owner, &culprit);
        if (fd == -EPERM && culprit) {
                return diag_path(diags, file->path,
                                 "others than root can write to %s, so it cannot be trusted: "
                                 "chown root and chmod go-w the directory",
                                 culprit);
        }
        if (fd == -ENOMEM) {
                return fd;
        }
        r = fd < 0 ? fd
                   : ini_read_at(fd, path_last(file->real), file->path, search->check_owner, diags,
                                 ret, NULL);
        if (r == -ENOMEM || r == -EUCLEAN) {
                return r;
        }
        if (r < 0) {
                return diag_path(diags, file->path, "cannot be opened: %s", strerror(-r));
        }
        return diags->n_errors > errors ? UNIT_E_INVALID : 0;
}

/* Reads and merges one file; *ret_read: there was something. */
static int merge_unit_file(const UnitSearch *search, const UnitFile *file, Merge *merge,
                           bool *ret_read) {
        _cleanup_(ini_file_freep) IniFile *ini = NULL;
        int r;

        r = read_file(search, file, merge->diags, &ini);
        if (r < 0) {
                return r;
        }
        *ret_read = r == 0 || (ini && ini->n_sections > 0);
        return ini ? merge_file(merge, ini) : 0;
}

static int unit_merge_files(Unit *unit, const UnitSearch *search, const UnitFiles *files,
                            Merge *merge) {
        bool whole = true;
        int r;

        if (files->fragment.refused) {
                return 0;
        }
        r = merge_unit_file(search, &files->fragment, merge, &whole);
        for (size_t i = 0; i < files->n_drop_ins && r >= 0; i++) {
                bool read;

                r = merge_unit_file(search, &files->drop_ins[i], merge, &read);
                whole = whole && read;
        }
        spec_derive(unit->spec);
        /* What a file says that could not be read is not missing. */
        return r < 0 || !whole ? r : spec_check(unit->spec, merge->diags);
}

/* The name that specifiers see. */
static int specifier_name(const char *name, char **ret) {
        *ret = unit_name_is_template(name) ? unit_name_instantiate(name, TEMPLATE_INSTANCE)
                                           : strdup(name);
        return *ret ? 0 : -ENOMEM;
}

/* Rules speak last, and of all files: places put them in order. */
static int outcome(DiagList *diags, size_t errors) {
        diag_list_sort(diags);
        return diags->n_errors > errors ? UNIT_E_INVALID : 0;
}

static int load(const UnitSearch *search, const char *name, const char *fragment, DiagList *diags,
                Unit **ret) {
        _cleanup_(unit_files_done) UnitFiles files = {};
        _cleanup_(unit_freep) Unit *unit = NULL;
        _cleanup_free_ char *called = NULL;
        size_t errors = diags->n_errors;
        Merge merge;
        int r;

        r = unit_files_find(search, name, fragment, diags, &files);
        if (r < 0 || r == UNIT_E_NOT_FOUND) {
                return r;
        }
        r = unit_new(files.name, &unit);
        if (r < 0) {
                return r;
        }
        r = unit_take_files(unit, &files);
        if (r < 0) {
                return r;
        }
        if (unit->masked) {
                *ret = TAKE(unit);
                return UNIT_E_MASKED;
        }
        r = specifier_name(unit->name, &called);
        if (r < 0) {
                return r;
        }
        merge = (Merge){
                .context = {.name = called, .path = unit->fragment_path},
                .spec = unit->spec,
                .diags = diags,
        };
        r = unit_merge_files(unit, search, &files, &merge);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(unit);
        return outcome(diags, errors);
}

int unit_load(const UnitSearch *search, const char *name, DiagList *diags, Unit **ret) {
        assert(search);
        assert(name);
        assert(diags);
        assert(ret);

        if (!unit_name_is_valid(name)) {
                return UNIT_E_BAD_NAME;
        }
        return load(search, name, /* fragment= */ NULL, diags, ret);
}

/* The directory of path, as it is written; "." where there is none. */
static char *directory_of(const char *path) {
        const char *last = path_last(path);

        if (last == path) {
                return strdup(".");
        }
        return strndup(path, MAX((size_t) (last - path) - 1, (size_t) 1));
}

static bool in_search_path(const UnitSearch *search, const char *directory) {
        _cleanup_free_ char *real = realpath(directory, NULL);

        STRV_FOREACH (known, search->directories) {
                _cleanup_free_ char *other = realpath(*known, NULL);

                if (real && other && streq(real, other)) {
                        return true;
                }
        }
        return false;
}

int unit_load_path(const UnitSearch *search, const char *path, DiagList *diags, Unit **ret) {
        _cleanup_(unit_search_done) UnitSearch beside = {};
        _cleanup_free_ char *directory = NULL;
        const char *name;
        int r;

        assert(search);
        assert(path);
        assert(diags);
        assert(ret);

        name = path_last(path);
        if (!unit_name_is_valid(name)) {
                return UNIT_E_BAD_NAME;
        }
        directory = directory_of(path);
        if (!directory) {
                return -ENOMEM;
        }
        if (in_search_path(search, directory)) {
                return load(search, name, path, diags, ret);
        }
        r = strv_append(&beside.directories, directory);
        return r < 0 ? r : load(&beside, name, path, diags, ret);
}

int unit_load_bytes(const char *name, const char *path, const char *bytes, size_t size,
                    DiagList *diags, Unit **ret) {
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        _cleanup_(unit_freep) Unit *unit = NULL;
        _cleanup_free_ char *called = NULL;
        size_t errors = diags->n_errors;
        Merge merge;
        int r;

        assert(name);
        assert(path);
        assert(diags);
        assert(ret);

        if (!unit_name_is_valid(name)) {
                return UNIT_E_BAD_NAME;
        }
        r = unit_new(name, &unit);
        if (r < 0) {
                return r;
        }
        r = specifier_name(name, &called);
        if (r < 0) {
                return r;
        }
        r = ini_parse(bytes, size, path, diags, &file);
        if (r < 0) {
                return r;
        }
        merge = (Merge){
                .context = {.name = called, .path = path}, .spec = unit->spec, .diags = diags};
        r = merge_file(&merge, file);
        if (r < 0) {
                return r;
        }
        spec_derive(unit->spec);
        r = spec_check(unit->spec, diags);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(unit);
        return outcome(diags, errors);
}

int unit_load_transient(const UnitSearch *search, const char *name, char *const *assignments,
                        DiagList *diags, Unit **ret) {
        _cleanup_(unit_freep) Unit *unit = NULL;
        size_t errors = diags->n_errors, number = 0;
        Merge merge;
        int r;

        assert(name);
        assert(diags);
        assert(ret);

        if (!unit_name_is_valid(name) || unit_name_is_template(name)) {
                return UNIT_E_BAD_NAME;
        }
        r = unit_new(name, &unit);
        if (r < 0) {
                return r;
        }
        merge = (Merge){.context = {.name = name}, .spec = unit->spec, .diags = diags};
        STRV_FOREACH (assignment, assignments) {
                r = merge_assignment(&merge, *assignment, ++number);
                if (r < 0) {
                        return r;
                }
        }
        spec_derive(unit->spec);
        r = spec_check(unit->spec, diags);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(unit);
        return outcome(diags, errors);
}

int unit_refresh(const UnitSearch *search, Unit *unit) {
        _cleanup_(unit_files_done) UnitFiles files = {};
        _cleanup_(diag_list_done) DiagList diags = {};
        int r;

        assert(search);
        assert(unit);

        r = unit_files_find(search, unit->name, /* fragment= */ NULL, &diags, &files);
        if (r != 0) {
                return r < 0 ? r : 0; /* unit_needs_reload() says it */
        }
        unit->drop_in_paths = strv_free(unit->drop_in_paths);
        unit->fragment_path = (free(unit->fragment_path), NULL);
        return unit_take_files(unit, &files);
}

bool unit_needs_reload(const UnitSearch *search, const Unit *unit) {
        _cleanup_(unit_files_done) UnitFiles files = {};
        _cleanup_(diag_list_done) DiagList diags = {};
        int r;

        assert(search);
        assert(unit);

        if (!unit->fragment_path) {
                return false;
        }
        r = unit_files_find(search, unit->name, /* fragment= */ NULL, &diags, &files);
        return r == UNIT_E_NOT_FOUND || (r >= 0 && files.stamp != unit->stamp);
}
