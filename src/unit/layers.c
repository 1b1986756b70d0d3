/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/files.h"

#include "base/fd.h"
#include "base/image.h"
#include "base/path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAYER_NAME_MAX 200u
#define IMAGE_SUFFIX ".erofs"

typedef struct Lookup {
        const UnitSearch *search;
        DiagList *diags;
        LayerSources *found;
        bool refused;
} Lookup;

static bool layer_name_is_valid(const char *name) {
        size_t n = strlen(name);

        if (n == 0 || n > LAYER_NAME_MAX || name[0] == '.' || name[0] == '-') {
                return false;
        }
        return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                            "_.+:@-") == n;
}

static void refuse(Lookup *lookup, const char *directive, const Place *place, const char *format,
                   ...) _printf_(4, 5);
static void refuse(Lookup *lookup, const char *directive, const Place *place, const char *format,
                   ...) {
        _cleanup_(str_done) Str text = STR_INIT;
        va_list args;
        int r;

        va_start(args, format);
        r = str_vappendf(&text, format, args);
        va_end(args);
        diag_add(lookup->diags, DIAG_ERROR, place, directive, "%s",
                 r < 0 ? "out of memory" : str_text(&text));
        lookup->refused = true;
}

/* Takes path over. */
static int add_source(Lookup *lookup, const char *name, char *path, bool image,
                      const Place *place) {
        LayerSources *found = lookup->found;
        LayerSource *grown, source = {.path = path, .image = image, .place = *place};

        grown = reallocarray(found->sources, found->n + 1, sizeof(LayerSource));
        if (grown) {
                found->sources = grown;
        }
        source.name = name ? strdup(name) : NULL;
        if (!grown || !path || (name && !source.name)) {
                free(path);
                free(source.name);
                return -ENOMEM;
        }
        found->sources[found->n++] = source;
        return 0;
}

/* The file's own mode matters for an image, which the kernel parses as root; what a directory holds
 * is the sandbox's. */
static int check_candidate(Lookup *lookup, const char *real, const struct stat *st, bool image,
                           const char *layer, const Place *place) {
        _cleanup_free_ char *culprit = NULL;
        _cleanup_fd_ int fd = -EBADF;

        if (image ? !S_ISREG(st->st_mode) : !S_ISDIR(st->st_mode)) {
                refuse(lookup, "Layers", place, "%s of layer %s is no %s", real, layer,
                       image ? "regular file" : "directory");
                return UNIT_E_INVALID;
        }
        if (!lookup->search->check_owner) {
                return 0;
        }
        fd = trusted_directory_open(real, /* check_owner= */ true, &culprit);
        if (fd == -ENOMEM) {
                return fd;
        }
        if (fd < 0) {
                refuse(lookup, "Layers", place, "Layer %s lies below %s: %s", layer,
                       culprit ? culprit : real,
                       culprit ? "others than root can write there" : strerror(-fd));
                return UNIT_E_INVALID;
        }
        if (image && (st->st_uid != 0 || st->st_mode & (S_IWGRP | S_IWOTH))) {
                refuse(lookup, "Layers", place,
                       "Others than root can write to %s: chown root and chmod go-w it", real);
                return UNIT_E_INVALID;
        }
        return 0;
}

static int is_in_layer_directory(const UnitSearch *search, const char *real, bool *ret) {
        *ret = false;
        STRV_FOREACH (directory, search->layer_directories) {
                _cleanup_free_ char *resolved = realpath(*directory, NULL);

                if (!resolved && errno == ENOMEM) {
                        return -ENOMEM;
                }
                *ret = *ret ||
                       (resolved && !streq(resolved, real) && path_is_below(real, resolved));
        }
        return 0;
}

/* One name in one directory. 0: added; UNIT_E_NOT_FOUND; UNIT_E_INVALID with a diagnostic. */
static int try_candidate(Lookup *lookup, const char *directory, const char *layer, bool image,
                         const Place *place) {
        _cleanup_free_ char *path = NULL, *real = NULL;
        struct stat st;
        bool within;
        int r;

        path = strf("%s/%s%s", directory, layer, image ? IMAGE_SUFFIX : "");
        if (!path) {
                return -ENOMEM;
        }
        if (lstat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR)) {
                return UNIT_E_NOT_FOUND;
        }
        real = realpath(path, NULL);
        if (!real || stat(real, &st) < 0) {
                if (errno == ENOMEM) {
                        return -ENOMEM;
                }
                refuse(lookup, "Layers", place, "Layer %s cannot be looked at in %s: %s", layer,
                       path, strerror(errno));
                return UNIT_E_INVALID;
        }
        r = is_in_layer_directory(lookup->search, real, &within);
        if (r < 0) {
                return r;
        }
        if (!within) {
                refuse(lookup, "Layers", place,
                       "%s leads out of the layer directories, to %s: bind or copy it", path, real);
                return UNIT_E_INVALID;
        }
        r = check_candidate(lookup, real, &st, image, layer, place);
        return r != 0 ? r : add_source(lookup, layer, TAKE(real), image, place);
}

static int find_layer(Lookup *lookup, const char *layer, const Place *place) {
        _cleanup_free_ char *searched = NULL;

        if (!layer_name_is_valid(layer)) {
                refuse(lookup, "Layers", place,
                       "%.80s is no layer's name: letters, digits and \"_.+:@-\" alone, and no . "
                       "or - first",
                       layer);
                return 0;
        }
        STRV_FOREACH (directory, lookup->search->layer_directories) {
                for (int image = 0; image <= 1; image++) {
                        int r = try_candidate(lookup, *directory, layer, image, place);

                        if (r != UNIT_E_NOT_FOUND) {
                                return r < 0 ? r : 0;
                        }
                }
        }
        searched = strv_join(lookup->search->layer_directories, ", ");
        if (!searched) {
                return -ENOMEM;
        }
        refuse(lookup, "Layers", place,
               "There is no layer %s: neither a directory %s nor an image %s" IMAGE_SUFFIX " in %s",
               layer, layer, layer, searched);
        return 0;
}

/* The kernel reads it as root does, whatever the sandbox may: it is trusted as a layer's image is.
 */
static int check_root_image(Lookup *lookup, const char *real, const struct stat *st,
                            const Place *place) {
        _cleanup_free_ char *culprit = NULL;
        _cleanup_fd_ int directory = -EBADF;

        if (!S_ISREG(st->st_mode)) {
                refuse(lookup, "RootImage", place, "%s is no regular file%s", real,
                       S_ISDIR(st->st_mode) ? ": a directory is given by RootDirectory=" : "");
                return UNIT_E_INVALID;
        }
        if (!lookup->search->check_owner) {
                return 0;
        }
        directory = trusted_directory_open(real, /* check_owner= */ true, &culprit);
        if (directory < 0 && directory != -EPERM) {
                return directory;
        }
        if (directory < 0 || st->st_uid != 0 || (st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
                refuse(lookup, "RootImage", place,
                       "Others than root can write to %s: chown root and chmod go-w it",
                       culprit ? culprit : real);
                return UNIT_E_INVALID;
        }
        return 0;
}

/* A first look, so that a mistake is told with its place. What is mounted in the end is looked at
 * by who mounts it. */
static int check_superblock(Lookup *lookup, const char *real, const Place *place) {
        _cleanup_fd_ int fd = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        ImageType type;
        int r;

        if (fd < 0) {
                return errno == EACCES ? 0 : negative_errno();
        }
        r = image_identify(fd, &type);
        if (r > 0) {
                refuse(lookup, "RootImage", place,
                       r == IMAGE_E_PARTITIONED
                               ? "%s holds a partition table: name an image of one file system"
                               : "%s holds no file system that is known here: make an erofs, "
                                 "squashfs or ext4 image",
                       real);
                return UNIT_E_INVALID;
        }
        return r;
}

static int find_root_image(Lookup *lookup, const char *path, const Place *place) {
        _cleanup_free_ char *real = realpath(path, NULL);
        struct stat st;
        int r;

        if (!real && errno == EACCES) {
                /* `plan` may be asked by somebody who cannot look there. */
                return add_source(lookup, NULL, strdup(path), /* image= */ true, place);
        }
        if (!real || stat(real, &st) < 0) {
                refuse(lookup, "RootImage", place, "%s: %s", path, strerror(errno));
                return 0;
        }
        r = check_root_image(lookup, real, &st, place);
        r = r != 0 ? r : check_superblock(lookup, real, place);
        if (r < 0 && r != -ENOMEM) {
                refuse(lookup, "RootImage", place, "%s: %s", real, strerror(-r));
                return 0;
        }
        return r != 0 ? MIN(r, 0) : add_source(lookup, NULL, TAKE(real), /* image= */ true, place);
}

static int find_root_directory(Lookup *lookup, const char *path, const Place *place) {
        struct stat st;

        if (stat(path, &st) < 0) {
                /* `plan` may be asked by somebody who cannot look there. */
                if (errno != EACCES) {
                        refuse(lookup, "RootDirectory", place, "%s: %s", path, strerror(errno));
                        return 0;
                }
        } else if (!S_ISDIR(st.st_mode)) {
                refuse(lookup, "RootDirectory", place, "%s is no directory", path);
                return 0;
        }
        return add_source(lookup, NULL, strdup(path), /* image= */ false, place);
}

int unit_resolve_layers(const UnitSearch *search, const Unit *unit, DiagList *diags,
                        LayerSources *ret) {
        _cleanup_(layer_sources_done) LayerSources found = {};
        const Spec *spec = unit->spec;
        Lookup lookup = {.search = search, .diags = diags, .found = &found};
        int r = 0;

        assert(search);
        assert(diags);
        assert(ret);

        if (spec->root_directory) {
                r = find_root_directory(&lookup, spec->root_directory,
                                        &spec->places[DIRECTIVE_RootDirectory]);
        } else if (spec->root_image) {
                r = find_root_image(&lookup, spec->root_image, &spec->places[DIRECTIVE_RootImage]);
        } else if (spec->layers.n == 0) {
                r = add_source(&lookup, NULL, strdup("/"), /* image= */ false, &PLACE_NONE);
        }
        for (size_t i = 0; i < spec->layers.n && r >= 0; i++) {
                r = find_layer(&lookup, spec->layers.items[i].text, &spec->layers.items[i].place);
        }
        if (r < 0) {
                return r;
        }
        if (lookup.refused) {
                return UNIT_E_INVALID;
        }
        *ret = found;
        found = (LayerSources){};
        return 0;
}
