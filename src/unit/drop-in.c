/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/drop-in.h"

#include "unit/name.h"

#include "base/fd.h"
#include "base/path.h"

/* What is found, sorted and taken apart at the end: paths whose last components differ. */
typedef struct Found {
        char **paths;
        bool refused;
} Found;

static void found_done(Found *found) {
        found->paths = strv_free(found->paths);
}

/* Takes one name and, for an instance, its template. */
static int append_names(char ***names, const char *name) {
        int r = strv_append(names, name);

        if (r < 0 || !unit_name_is_instance(name)) {
                return r;
        }
        return strv_append_take(names, unit_name_template(name));
}

int drop_in_names(const char *name, char ***ret) {
        _cleanup_(strv_freep) char **names = NULL;
        _cleanup_free_ char *prefix = unit_name_prefix(name);
        size_t n;
        int r;

        if (!prefix) {
                return -ENOMEM;
        }
        r = append_names(&names, name);
        if (r < 0) {
                return r;
        }
        n = strlen(prefix);
        for (;;) {
                _cleanup_free_ char *shorter = NULL;

                /* "a-b-c" → "a-b-" → "a-"; dashes at the end are no further component. */
                while (n > 0 && prefix[n - 1] == '-') {
                        n--;
                }
                while (n > 0 && prefix[n - 1] != '-') {
                        n--;
                }
                if (n == 0) {
                        break;
                }
                shorter = unit_name_with_prefix(name, prefix, n);
                if (!shorter) {
                        return -ENOMEM;
                }
                r = append_names(&names, shorter);
                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE(names);
        return 0;
}

static bool is_known(const Found *found, const char *name) {
        STRV_FOREACH (path, found->paths) {
                if (streq(path_last(*path), name)) {
                        return true;
                }
        }
        return false;
}

/* Adds the drop-ins of one directory whose names are not there yet. */
static int scan_directory(const char *path, DiagList *diags, Found *found) {
        _cleanup_dir_ DIR *directory = opendir(path);

        if (!directory && errno == ENOENT) {
                return 0;
        }
        for (;;) {
                struct dirent *entry = NULL;

                /* What cannot be looked at may hold a restriction: the unit is refused. */
                if (directory) {
                        errno = 0;
                        entry = readdir(directory);
                }
                if (!entry && errno != 0) {
                        int r = diag_path(diags, path, "the drop-ins cannot be listed: %s",
                                          strerror(errno));

                        found->refused = true;
                        return r < 0 ? r : 0;
                }
                if (!entry) {
                        return 0;
                }
                if (entry->d_name[0] == '.' || !endswith(entry->d_name, ".conf") ||
                    is_known(found, entry->d_name)) {
                        continue;
                }
                if (strv_append_take(&found->paths, path_join(path, entry->d_name)) < 0) {
                        return -ENOMEM;
                }
        }
}

static int scan_names(const UnitSearch *search, char *const *names, DiagList *diags, Found *found) {
        STRV_FOREACH (directory, search->directories) {
                STRV_FOREACH (name, names) {
                        _cleanup_free_ char *path = strf("%s/%s.d", *directory, *name);
                        int r;

                        if (!path) {
                                return -ENOMEM;
                        }
                        r = scan_directory(path, diags, found);
                        if (r < 0) {
                                return r;
                        }
                }
        }
        return 0;
}

static int compare_last(const void *a, const void *b) {
        return strcmp(path_last(*(char *const *) a), path_last(*(char *const *) b));
}

static int resolve_all(const UnitSearch *search, Found *found, DiagList *diags, UnitFile *files,
                       size_t *n) {
        STRV_FOREACH (path, found->paths) {
                int r = unit_file_resolve(search, *path, diags, &files[*n]);

                if (r < 0) {
                        return r;
                }
                found->refused = found->refused || r == UNIT_E_INVALID;
                if (r == 0 && !files[*n].masked) {
                        (*n)++;
                } else {
                        unit_file_done(&files[*n]);
                }
        }
        return 0;
}

int drop_ins_find(const UnitSearch *search, const char *name, DiagList *diags, UnitFile **ret,
                  size_t *ret_n) {
        static char *const everyone[] = {(char *) (uintptr_t) "sandbox", NULL};
        _cleanup_(found_done) Found found = {};
        _cleanup_(strv_freep) char **names = NULL;
        size_t n;
        int r;

        r = drop_in_names(name, &names);
        if (r < 0) {
                return r;
        }
        r = scan_names(search, names, diags, &found);
        if (r < 0) {
                return r;
        }
        r = scan_names(search, everyone, diags, &found);
        if (r < 0) {
                return r;
        }
        n = strv_length(found.paths);
        if (n > 0) {
                qsort(found.paths, n, sizeof(char *), compare_last);
        }
        if (n > UNIT_DROP_INS_MAX) {
                return diag_path(diags, found.paths[UNIT_DROP_INS_MAX],
                                 "is one too many: a unit may have %u drop-ins", UNIT_DROP_INS_MAX);
        }
        if (n == 0) {
                return found.refused ? UNIT_E_INVALID : 0;
        }
        *ret = calloc(n, sizeof(UnitFile));
        if (!*ret) {
                return -ENOMEM;
        }
        r = resolve_all(search, &found, diags, *ret, ret_n);
        if (r < 0) {
                return r;
        }
        return found.refused ? UNIT_E_INVALID : 0;
}
