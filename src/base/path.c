/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/path.h"

#include "base/str.h"

#include <limits.h>

/* The length of the component at path, up to a slash or the end. */
static size_t component_length(const char *path) {
        return strcspn(path, "/");
}

static bool component_is_dots(const char *component, size_t n) {
        return (n == 1 && component[0] == '.') ||
               (n == 2 && component[0] == '.' && component[1] == '.');
}

bool path_is_safe(const char *path) {
        if (path[0] != '/' || strlen(path) >= PATH_MAX) {
                return false;
        }
        for (const char *p = path; *p; p++) {
                if ((unsigned char) *p < 0x20 || *p == 0x7f) {
                        return false;
                }
        }
        if (path[1] == '\0') {
                return true;
        }
        for (const char *p = path; *p == '/';) {
                size_t n = component_length(p + 1);

                if (n == 0 || n > NAME_MAX || component_is_dots(p + 1, n)) {
                        return false;
                }
                p += n + 1;
        }
        return true;
}

bool path_is_below(const char *path, const char *parent) {
        const char *rest;

        if (streq(parent, "/")) {
                return path[0] == '/';
        }
        rest = startswith(path, parent);
        return rest && (*rest == '\0' || *rest == '/');
}

char *path_simplify(char *path) {
        char *to = path;
        const char *from = path;
        bool absolute = *path == '/';

        while (*from) {
                size_t n;

                from += strspn(from, "/");
                n = component_length(from);
                if (n == 0) {
                        break;
                }
                if (!(n == 1 && from[0] == '.')) {
                        if (absolute || to != path) {
                                *to++ = '/';
                        }
                        memmove(to, from, n);
                        to += n;
                }
                from += n;
        }
        if (to == path && absolute) {
                *to++ = '/';
        }
        *to = '\0';
        return path;
}

char *path_join(const char *directory, const char *name) {
        bool slash = endswith(directory, "/") || directory[0] == '\0';

        name += strspn(name, "/");
        return strf("%s%s%s", directory, slash ? "" : "/", name);
}

const char *path_last(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}
