/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/value-type.h"

#include "base/parse.h"
#include "base/path.h"

#include <inttypes.h>

/* What is mounted: BINDS and TMPFS_LIST, whose fields of a word are separated by colons (a colon in
 * a path is quoted or written \: ), and PATHS inside the root. */

#define TMPFS_MODE 0755u

/* A place inside the root: any path but the root itself. */
static int field_path(const char *text, char **ret, char **reterr) {
        int r = value_parse_path(text, ret, reterr);

        if (r >= 0 && streq(*ret, "/")) {
                free(TAKE(*ret));
                return value_fail(reterr, -EINVAL,
                                  "\"/\" cannot be used here: the root is assembled from its "
                                  "layers; name a path below it");
        }
        return r;
}

/* -- BINDS -- */

static int bind_option(const char *option, uint64_t *flags, char **reterr) {
        if (streq(option, "rbind")) {
                *flags |= VALUE_RECURSIVE;
        } else if (streq(option, "norbind")) {
                *flags &= ~(uint64_t) VALUE_RECURSIVE;
        } else if (streq(option, "idmap")) {
                *flags |= VALUE_IDMAP;
        } else if (streq(option, "noidmap")) {
                *flags &= ~(uint64_t) VALUE_IDMAP;
        } else {
                return value_fail(reterr, -EINVAL,
                                  QUOTED
                                  " is no option of a bind; write rbind, norbind, idmap or noidmap",
                                  option);
        }
        return 0;
}

static int bind_options(const char *options, uint64_t *flags, char **reterr) {
        while (*options) {
                size_t n = strcspn(options, ",");
                _cleanup_free_ char *option = strndup(options, n);
                int r;

                if (!option) {
                        return -ENOMEM;
                }
                r = bind_option(option, flags, reterr);
                if (r < 0) {
                        return r;
                }
                options += n + (options[n] == ',' ? 1 : 0);
        }
        return 0;
}

/* The next field of the word; "" behind its end. */
static int bind_field(WordReader *reader, char **ret, char **reterr) {
        if (reader->stop == ':') {
                return word_reader_take(reader, ":", ret, reterr);
        }
        *ret = strdup("");
        return *ret ? 0 : -ENOMEM;
}

static int bind_parse(WordReader *reader, ValueItem *item, char **reterr) {
        _cleanup_free_ char *source = NULL, *destination = NULL, *options = NULL;
        bool missing_ok;
        int r;

        r = word_reader_take(reader, ":", &source, reterr);
        if (r < 0) {
                return r;
        }
        missing_ok = source[0] == '-';
        item->flags = VALUE_RECURSIVE | (missing_ok ? VALUE_MISSING_OK : 0);
        r = value_parse_path(source + (missing_ok ? 1 : 0), &item->text, reterr);
        if (r < 0) {
                return r;
        }
        r = bind_field(reader, &destination, reterr);
        if (r < 0) {
                return r;
        }
        r = field_path(destination[0] ? destination : item->text, &item->second, reterr);
        if (r < 0) {
                return r;
        }
        r = bind_field(reader, &options, reterr);
        if (r < 0) {
                return r;
        }
        if (reader->stop == ':') {
                return value_fail(
                        reterr, -EINVAL,
                        "There are more than three fields; write SOURCE:DESTINATION:OPTIONS, and "
                        "\\: for a colon in a path");
        }
        return bind_options(options, &item->flags, reterr);
}

/* Reads words with fields into items. */
static int mounts_parse(const char *text, const Place *place,
                        int (*parse)(WordReader *, ValueItem *, char **), ValueList *field,
                        char **reterr, size_t *reterr_offset) {
        _cleanup_list_ ValueList list = {};
        WordReader reader = {.text = text};

        while (word_reader_next(&reader)) {
                ValueItem *item;
                int r;

                if (list.n >= VALUE_ITEMS_MAX) {
                        return value_fail(reterr, -EINVAL, "The list has more than %u items",
                                          VALUE_ITEMS_MAX);
                }
                item = value_list_add(&list, place);
                if (!item) {
                        return -ENOMEM;
                }
                if (item->place.line > 0) {
                        item->place.column += (uint32_t) reader.position;
                }
                r = parse(&reader, item, reterr);
                if (r < 0) {
                        *reterr_offset = reader.start;
                        return r;
                }
        }
        return value_list_take(field, &list, reterr);
}

static int binds_parse(const Directive *directive, const char *text, const Place *place,
                       void *field, char **reterr, size_t *reterr_offset) {
        return mounts_parse(text, place, bind_parse, field, reterr, reterr_offset);
}

static char *bind_format(const ValueItem *item) {
        _cleanup_free_ char *prefixed = NULL, *source = NULL, *destination = NULL;
        bool recursive = item->flags & VALUE_RECURSIVE, idmap = item->flags & VALUE_IDMAP;

        prefixed = strf("%s%s", item->flags & VALUE_MISSING_OK ? "-" : "", item->text);
        if (!prefixed) {
                return NULL;
        }
        source = value_quote_special(prefixed, ":");
        destination = value_quote_special(item->second, ":");
        if (!source || !destination) {
                return NULL;
        }
        if (recursive && !idmap) {
                return strf("%s:%s", source, destination);
        }
        return strf("%s:%s:%s%s", source, destination, recursive ? "rbind" : "norbind",
                    idmap ? ",idmap" : "");
}

static int mounts_format(char *(*format)(const ValueItem *), const ValueList *list, char ***ret) {
        _cleanup_(strv_freep) char **texts = NULL;

        for (size_t i = 0; i < list->n; i++) {
                int r = strv_append_take(&texts, format(&list->items[i]));

                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE(texts);
        return 0;
}

static int binds_format(const Directive *directive, const void *field, char ***ret) {
        return mounts_format(bind_format, field, ret);
}

const ValueType value_type_BINDS = {
        .kind = VALUE_BINDS,
        .sample = "/srv/www:/www:norbind",
        .label = "list of binds",
        .signature = "as",
        .grammar = "[-]SOURCE[:DESTINATION[:OPTIONS]] […]",
        .size = sizeof(ValueList),
        .list = true,
        .parse = binds_parse,
        .format = binds_format,
        .done = value_list_field_done,
        .copy = value_list_field_copy,
};

/* -- TMPFS_LIST -- */

/* Options of mount(8) that are always in force, so that units of systemd can be taken over. */
static bool tmpfs_option_is_given(const char *option) {
        static const char *const given[] = {"nosuid", "nodev", "strictatime"};

        for (size_t i = 0; i < ELEMENTS(given); i++) {
                if (streq(option, given[i])) {
                        return true;
                }
        }
        return false;
}

static int tmpfs_option(const char *option, ValueItem *item, char **reterr) {
        const char *argument;

        if (streq(option, "ro")) {
                item->flags |= VALUE_READ_ONLY;
        } else if (streq(option, "rw")) {
                item->flags &= ~(uint64_t) VALUE_READ_ONLY;
        } else if (streq(option, "noexec")) {
                item->flags |= VALUE_NO_EXEC;
        } else if (streq(option, "exec")) {
                item->flags &= ~(uint64_t) VALUE_NO_EXEC;
        } else if ((argument = startswith(option, "mode="))) {
                if (parse_octal(argument, &item->mode) < 0 || item->mode > 07777) {
                        return value_fail(reterr, -EINVAL,
                                          QUOTED " is no mode; write octal digits: mode=0755",
                                          argument);
                }
        } else if ((argument = startswith(option, "size="))) {
                if (value_parse_size(argument, &item->size) < 0 || item->size == 0) {
                        return value_fail(reterr, -EINVAL,
                                          QUOTED
                                          " is no size; write size=64M, or a percentage of the "
                                          "host's memory",
                                          argument);
                }
        } else if (!tmpfs_option_is_given(option)) {
                return value_fail(reterr, -EINVAL,
                                  QUOTED
                                  " is no option of a temporary file system; write ro, rw, exec, "
                                  "noexec, mode= or size= (nosuid and nodev are always set)",
                                  option);
        }
        return 0;
}

/* The options in one order, or NULL where all are the defaults. */
static int tmpfs_canonical(const ValueItem *item, char **ret) {
        _cleanup_(str_done) Str out = STR_INIT;
        int r = 0;

        if (item->flags & VALUE_READ_ONLY) {
                r = str_append(&out, ",ro");
        }
        if (r >= 0 && (item->flags & VALUE_NO_EXEC)) {
                r = str_append(&out, ",noexec");
        }
        if (r >= 0 && item->mode != TMPFS_MODE) {
                r = str_appendf(&out, ",mode=%04o", item->mode);
        }
        if (r >= 0 && item->size != UINT64_MAX) {
                r = str_appendf(&out, ",size=%" PRIu64, item->size);
        }
        if (r >= 0 && out.length > 0) {
                *ret = strdup(str_text(&out) + 1);
                r = *ret ? 0 : -ENOMEM;
        }
        return r;
}

static int tmpfs_parse(WordReader *reader, ValueItem *item, char **reterr) {
        _cleanup_free_ char *path = NULL;
        int r;

        item->size = UINT64_MAX;
        item->mode = TMPFS_MODE;
        r = word_reader_take(reader, ":", &path, reterr);
        if (r < 0) {
                return r;
        }
        r = field_path(path, &item->text, reterr);
        if (r < 0) {
                return r;
        }
        for (char stop = reader->stop; stop == ':' || stop == ','; stop = reader->stop) {
                _cleanup_free_ char *option = NULL;

                r = word_reader_take(reader, ",", &option, reterr);
                if (r >= 0 && option[0]) {
                        r = tmpfs_option(option, item, reterr);
                }
                if (r < 0) {
                        return r;
                }
        }
        return tmpfs_canonical(item, &item->second);
}

static int tmpfs_list_parse(const Directive *directive, const char *text, const Place *place,
                            void *field, char **reterr, size_t *reterr_offset) {
        return mounts_parse(text, place, tmpfs_parse, field, reterr, reterr_offset);
}

static char *tmpfs_format(const ValueItem *item) {
        _cleanup_free_ char *path = value_quote_special(item->text, ":");

        if (!path) {
                return NULL;
        }
        return strf("%s%s%s", path, item->second ? ":" : "", item->second ? item->second : "");
}

static int tmpfs_list_format(const Directive *directive, const void *field, char ***ret) {
        return mounts_format(tmpfs_format, field, ret);
}

const ValueType value_type_TMPFS_LIST = {
        .kind = VALUE_TMPFS_LIST,
        .sample = "/run:ro,mode=0700,size=16M",
        .label = "list of temporary file systems",
        .signature = "as",
        .grammar = "PATH[:OPTION[,OPTION…]] […]",
        .size = sizeof(ValueList),
        .list = true,
        .parse = tmpfs_list_parse,
        .format = tmpfs_list_format,
        .done = value_list_field_done,
        .copy = value_list_field_copy,
};

/* -- PATHS -- */

/* The prefixes of systemd.exec(5), in its order; every path is inside the root here, so that a +
 * changes nothing. */
static int path_parse(WordReader *reader, ValueItem *item, char **reterr) {
        _cleanup_free_ char *word = NULL;
        const char *path;
        int r;

        r = word_reader_take(reader, "", &word, reterr);
        if (r < 0) {
                return r;
        }
        path = word;
        if (*path == '-') {
                item->flags |= VALUE_MISSING_OK;
                path++;
        }
        if (*path == '+') {
                path++;
        }
        return value_parse_path(path, &item->text, reterr);
}

static int paths_parse(const Directive *directive, const char *text, const Place *place,
                       void *field, char **reterr, size_t *reterr_offset) {
        return mounts_parse(text, place, path_parse, field, reterr, reterr_offset);
}

static char *path_format(const ValueItem *item) {
        _cleanup_free_ char *prefixed =
                strf("%s%s", item->flags & VALUE_MISSING_OK ? "-" : "", item->text);

        return prefixed ? value_quote_word(prefixed) : NULL;
}

static int paths_format(const Directive *directive, const void *field, char ***ret) {
        return mounts_format(path_format, field, ret);
}

const ValueType value_type_PATHS = {
        .kind = VALUE_PATHS,
        .sample = "/srv/www -/srv/maybe",
        .label = "list of paths",
        .signature = "as",
        .grammar = "[-][+]PATH […]",
        .size = sizeof(ValueList),
        .list = true,
        .parse = paths_parse,
        .format = paths_format,
        .done = value_list_field_done,
        .copy = value_list_field_copy,
};
