/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/files.h"
#include "unit/name.h"

#include "base/fd.h"

#include <sys/stat.h>

static const char *const system_directories[] = {
        "/etc/sbx/system",
        "/run/sbx/system",
        "/usr/local/lib/sbx/system",
        "/usr/lib/sbx/system",
};

#define RUNTIME_DIRECTORY "/run/sbx"

static const char *const system_layer_directories[] = {
        "/etc/sbx/layers",
        "/run/sbx/layers",
        "/var/lib/sbx/layers",
        "/usr/lib/sbx/layers",
};

static int append_all(char ***list, const char *const *items, size_t n) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                r = strv_append(list, items[i]);
        }
        return r;
}

/* The parts of a list with colons between; what is not absolute is left out. */
static int append_environment(char ***list, const char *variable) {
        const char *text = secure_getenv(variable);
        int r = 0;

        while (text && *text && r >= 0) {
                size_t n = strcspn(text, ":");

                if (text[0] == '/') {
                        r = strv_append_take(list, strndup(text, n));
                }
                text += n + (text[n] == ':');
        }
        return r;
}

int unit_search_add_control(UnitSearch *search, const char *runtime) {
        _cleanup_(strv_freep) char **directories = NULL;
        int r;

        assert(search && search->directories);
        assert(runtime);

        free(search->control);
        free(search->runtime_control);
        search->control = strf("%s.control", search->directories[0]);
        search->runtime_control = strf("%s/system.control", runtime);
        if (!search->control || !search->runtime_control) {
                return -ENOMEM;
        }
        r = strv_append(&directories, search->control);
        if (r >= 0) {
                r = strv_append(&directories, search->runtime_control);
        }
        if (r >= 0) {
                r = strv_extend(&directories, search->directories);
        }
        if (r < 0) {
                return r;
        }
        strv_free(search->directories);
        search->directories = TAKE(directories);
        return 0;
}

int unit_search_system(UnitSearch *ret) {
        _cleanup_(unit_search_done) UnitSearch search = {.check_owner = true};
        int r;

        assert(ret);

        r = append_environment(&search.directories, "SBX_UNIT_PATH");
        if (r < 0) {
                return r;
        }
        r = append_environment(&search.layer_directories, "SBX_LAYER_PATH");
        if (r < 0) {
                return r;
        }
        r = append_all(&search.directories, system_directories, ELEMENTS(system_directories));
        if (r < 0) {
                return r;
        }
        r = append_all(&search.layer_directories, system_layer_directories,
                       ELEMENTS(system_layer_directories));
        if (r >= 0) {
                r = unit_search_add_control(&search, RUNTIME_DIRECTORY);
        }
        if (r < 0) {
                return r;
        }
        *ret = search;
        search = (UnitSearch){};
        return 0;
}

void unit_search_done(UnitSearch *search) {
        search->directories = strv_free(search->directories);
        search->layer_directories = strv_free(search->layer_directories);
        search->control = (free(search->control), NULL);
        search->runtime_control = (free(search->runtime_control), NULL);
}

static int list_directory(const char *path, char ***names) {
        _cleanup_dir_ DIR *directory = opendir(path);

        if (!directory) {
                return errno == ENOENT ? 0 : negative_errno();
        }
        for (;;) {
                struct dirent *entry;
                int r;

                errno = 0;
                entry = readdir(directory);
                if (!entry) {
                        return errno == 0 ? 0 : negative_errno();
                }
                /* A directory of that name is listed too: it is a mistake that has to be seen. */
                if (!unit_name_is_valid(entry->d_name)) {
                        continue;
                }
                r = strv_append(names, entry->d_name);
                if (r < 0) {
                        return r;
                }
        }
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

int unit_list(const UnitSearch *search, char ***ret) {
        _cleanup_(strv_freep) char **names = NULL;
        size_t n, kept = 0;

        assert(search);
        assert(ret);

        STRV_FOREACH (directory, search->directories) {
                int r = list_directory(*directory, &names);

                if (r < 0) {
                        return r;
                }
        }
        n = strv_length(names);
        if (n > 0) {
                qsort(names, n, sizeof(char *), compare_names);
        }
        for (size_t i = 0; i < n; i++) {
                if (kept > 0 && streq(names[kept - 1], names[i])) {
                        free(names[i]);
                } else {
                        names[kept++] = names[i];
                }
        }
        if (n > 0) {
                names[kept] = NULL;
        }
        *ret = TAKE(names);
        return 0;
}
