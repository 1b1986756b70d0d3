/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/specifier.h"

#include "unit/name.h"

#include "base/fd.h"
#include "base/path.h"

#include <fcntl.h>
#include <sys/utsname.h>

#define ID_FILE_MAX 64u

typedef struct Specifier {
        char letter;
        /* 0, -ENOMEM, or -errno where the host does not have it */
        int (*get)(const SpecifierContext *context, const char *argument, char **ret);
        const char *argument;
} Specifier;

static int give(char *text, char **ret) {
        *ret = text;
        return text ? 0 : -ENOMEM;
}

static int get_constant(const SpecifierContext *context, const char *argument, char **ret) {
        return give(strdup(argument), ret);
}

static int get_name(const SpecifierContext *context, const char *argument, char **ret) {
        return give(strdup(context->name), ret);
}

static int get_stem(const SpecifierContext *context, const char *argument, char **ret) {
        return give(strndup(context->name, strlen(context->name) - strlen(UNIT_SUFFIX)), ret);
}

static int get_prefix(const SpecifierContext *context, const char *argument, char **ret) {
        return give(unit_name_prefix(context->name), ret);
}

static int get_instance(const SpecifierContext *context, const char *argument, char **ret) {
        return give(unit_name_instance(context->name), ret);
}

/* The part of the prefix behind its last dash. */
static int get_last_part(const SpecifierContext *context, const char *argument, char **ret) {
        _cleanup_free_ char *prefix = unit_name_prefix(context->name);
        const char *dash = prefix ? strrchr(prefix, '-') : NULL;

        return prefix ? give(strdup(dash ? dash + 1 : prefix), ret) : -ENOMEM;
}

static int unescape(char *part, char **ret) {
        _cleanup_free_ char *owned = part;

        return owned ? give(unit_name_unescape(owned), ret) : -ENOMEM;
}

static int get_unescaped_prefix(const SpecifierContext *context, const char *argument, char **ret) {
        return unescape(unit_name_prefix(context->name), ret);
}

static int get_unescaped_instance(const SpecifierContext *context, const char *argument,
                                  char **ret) {
        return unescape(unit_name_instance(context->name), ret);
}

static int get_unescaped_last_part(const SpecifierContext *context, const char *argument,
                                   char **ret) {
        char *part = NULL;
        int r = get_last_part(context, argument, &part);

        return r < 0 ? r : unescape(part, ret);
}

/* The instance, or else the prefix, as an absolute path. */
static int get_file_name(const SpecifierContext *context, const char *argument, char **ret) {
        _cleanup_free_ char *text = NULL;
        int r = unescape(unit_name_is_instance(context->name) ? unit_name_instance(context->name)
                                                              : unit_name_prefix(context->name),
                         &text);

        return r < 0 ? r : give(strf("%s%s", text[0] == '/' ? "" : "/", text), ret);
}

static int get_path(const SpecifierContext *context, const char *argument, char **ret) {
        return context->path ? give(strdup(context->path), ret) : -ENODATA;
}

static int get_directory(const SpecifierContext *context, const char *argument, char **ret) {
        const char *last = context->path ? path_last(context->path) : NULL;

        return last && last > context->path
                       ? give(strndup(context->path, (size_t) (last - context->path) - 1), ret)
                       : -ENODATA;
}

static int get_host_name(const SpecifierContext *context, const char *argument, char **ret) {
        struct utsname names;

        return uname(&names) < 0 ? negative_errno() : give(strdup(names.nodename), ret);
}

static int get_short_host_name(const SpecifierContext *context, const char *argument, char **ret) {
        struct utsname names;

        return uname(&names) < 0 ? negative_errno()
                                 : give(strndup(names.nodename, strcspn(names.nodename, ".")), ret);
}

static int get_kernel(const SpecifierContext *context, const char *argument, char **ret) {
        struct utsname names;

        return uname(&names) < 0 ? negative_errno() : give(strdup(names.release), ret);
}

/* A 128-bit id in a file, with or without dashes, as 32 digits. */
static int get_id(const SpecifierContext *context, const char *argument, char **ret) {
        _cleanup_free_ char *text = NULL;
        size_t size, n = 0;
        int r;

        r = file_read_at(AT_FDCWD, argument, ID_FILE_MAX, &text, &size);
        if (r < 0) {
                return r;
        }
        for (size_t i = 0; i < size; i++) {
                if (strchr("0123456789abcdef", text[i]) && text[i]) {
                        text[n++] = text[i];
                } else if (text[i] != '-' && text[i] != '\n') {
                        return -EINVAL; /* "uninitialized" */
                }
        }
        text[n] = '\0';
        if (n != 32) {
                return -EINVAL;
        }
        *ret = TAKE(text);
        return 0;
}

#ifdef __aarch64__
#define ARCHITECTURE "arm64"
#else
#define ARCHITECTURE "x86-64"
#endif

/* As for the system's manager of systemd, whoever asks. */
static const Specifier specifiers[] = {
        {'a', get_constant, ARCHITECTURE},
        {'b', get_id, "/proc/sys/kernel/random/boot_id"},
        {'C', get_constant, "/var/cache"},
        {'E', get_constant, "/etc"},
        {'f', get_file_name, NULL},
        {'g', get_constant, "root"},
        {'G', get_constant, "0"},
        {'h', get_constant, "/root"},
        {'H', get_host_name, NULL},
        {'i', get_instance, NULL},
        {'I', get_unescaped_instance, NULL},
        {'j', get_last_part, NULL},
        {'J', get_unescaped_last_part, NULL},
        {'l', get_short_host_name, NULL},
        {'L', get_constant, "/var/log"},
        {'m', get_id, "/etc/machine-id"},
        {'n', get_name, NULL},
        {'N', get_stem, NULL},
        {'p', get_prefix, NULL},
        {'P', get_unescaped_prefix, NULL},
        {'S', get_constant, "/var/lib"},
        {'t', get_constant, "/run"},
        {'T', get_constant, "/tmp"},
        {'u', get_constant, "root"},
        {'U', get_constant, "0"},
        {'v', get_kernel, NULL},
        {'V', get_constant, "/var/tmp"},
        {'y', get_path, NULL},
        {'Y', get_directory, NULL},
        {'%', get_constant, "%"},
};

bool specifier_applies(ValueKind kind) {
        switch (kind) {
        case VALUE_STRING:
        case VALUE_HOSTNAME:
        case VALUE_SLICE:
        case VALUE_PATH:
        case VALUE_PATH_OPTIONAL:
        case VALUE_WORDS:
        case VALUE_COMMANDS:
        case VALUE_ENVIRONMENT:
        case VALUE_BINDS:
        case VALUE_TMPFS_LIST:
        case VALUE_PATHS:
        case VALUE_FILES:
        case VALUE_DEVICES:
        case VALUE_DEVICE_RATES:
        case VALUE_DEVICE_WEIGHTS:
        case VALUE_DEVICE_TIMES:
        case VALUE_LISTEN:
        case VALUE_TARGET:
                return true;
        case VALUE_PREFIXES:
        case VALUE_BOOL:
        case VALUE_ENUM:
        case VALUE_SIZE:
        case VALUE_COUNT:
        case VALUE_WEIGHT:
        case VALUE_CPU_WEIGHT:
        case VALUE_QUOTA:
        case VALUE_TIMESPAN:
        case VALUE_OFFSET:
        case VALUE_MODE:
        case VALUE_SIGNAL:
        case VALUE_CAPABILITIES:
        case VALUE_USERS:
        case VALUE_ID_MAPS:
        case VALUE_JOIN_KINDS:
        case VALUE_RLIMIT:
        case VALUE_NUMBER_SET:
        case VALUE_SYSCALLS:
        case VALUE_CHOICES:
        case VALUE_ERRNO:
        case VALUE_INTEGER:
        case _VALUE_KIND_MAX:
                return false;
        }
        return false;
}

void specifier_map_done(SpecifierMap *map) {
        free(map->breaks);
        *map = (SpecifierMap){};
}

size_t specifier_map_offset(const SpecifierMap *map, size_t expanded) {
        const SpecifierBreak *last = NULL;

        for (size_t i = 0; i < map->n && map->breaks[i].expanded <= expanded; i++) {
                last = &map->breaks[i];
        }
        if (!last) {
                return expanded;
        }
        return last->original + (last->verbatim ? expanded - last->expanded : 0);
}

/* A doubling array without a size: it grows where the count is a power of two. */
static int map_append(SpecifierMap *map, size_t expanded, size_t original, bool verbatim) {
        if ((map->n & (map->n - 1)) == 0) {
                size_t n = map->n == 0 ? 1 : map->n * 2;
                SpecifierBreak *grown = reallocarray(map->breaks, n, sizeof(SpecifierBreak));

                if (!grown) {
                        return -ENOMEM;
                }
                map->breaks = grown;
        }
        map->breaks[map->n++] = (SpecifierBreak){expanded, original, verbatim};
        return 0;
}

/* The text is split into words and unquoted afterwards: what a specifier brings in must not take
 * part in that. */
static bool is_inert(const char *text) {
        for (const char *c = text; *c; c++) {
                if ((unsigned char) *c <= ' ' || *c == 0x7f || strchr("\"'\\", *c)) {
                        return false;
                }
        }
        return true;
}

static int refuse(const IniEntry *entry, size_t offset, DiagList *diags, const char *format, ...)
        _printf_(4, 5);
static int refuse(const IniEntry *entry, size_t offset, DiagList *diags, const char *format, ...) {
        Place place = ini_entry_place(entry, offset);
        _cleanup_(str_done) Str text = STR_INIT;
        va_list args;
        int r;

        va_start(args, format);
        r = str_vappendf(&text, format, args);
        va_end(args);
        if (r < 0) {
                return r;
        }
        diag_add(diags, DIAG_ERROR, &place, entry->key, "%s", str_text(&text));
        return UNIT_E_INVALID;
}

/* The specifier at value[offset], a "%". */
static int expand_one(const SpecifierContext *context, const IniEntry *entry, size_t offset,
                      DiagList *diags, Str *out) {
        const char letter[] = {entry->value[offset + 1], '\0'};
        const Specifier *found = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        for (size_t i = 0; i < ELEMENTS(specifiers); i++) {
                if (specifiers[i].letter == letter[0]) {
                        found = &specifiers[i];
                }
        }
        if (!found) {
                return refuse(entry, offset, diags,
                              "There is no specifier %%%s; a single %% is written as %%%%", letter);
        }
        r = found->get(context, found->argument, &text);
        if (r == -ENOMEM) {
                return r;
        }
        if (r < 0) {
                return refuse(entry, offset, diags, "%%%s has no value on this host: %s", letter,
                              strerror(-r));
        }
        if (!is_inert(text)) {
                return refuse(entry, offset, diags,
                              "%%%s has blanks, quotes or backslashes in its value on this host",
                              letter);
        }
        return str_append(out, text);
}

/* As in systemd, a % before anything but a letter, a digit or a % is itself. */
static bool is_specifier(char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '%';
}

int specifier_expand(const SpecifierContext *context, const IniEntry *entry, DiagList *diags,
                     Str *out, SpecifierMap *map) {
        const char *value = entry->value;
        bool refused = false;
        size_t offset = 0;

        while (value[offset]) {
                size_t n = strcspn(value + offset, "%");
                int r;

                while (value[offset + n] == '%' && !is_specifier(value[offset + n + 1])) {
                        n += 1 + strcspn(value + offset + n + 1, "%");
                }

                r = str_append_n(out, value + offset, n);
                if (r < 0) {
                        return r;
                }
                offset += n;
                if (!value[offset]) {
                        break;
                }
                r = map_append(map, out->length, offset, /* verbatim= */ false);
                if (r < 0) {
                        return r;
                }
                r = expand_one(context, entry, offset, diags, out);
                if (r < 0) {
                        return r;
                }
                refused = refused || r == UNIT_E_INVALID;
                offset += 2;
                r = map_append(map, out->length, offset, /* verbatim= */ true);
                if (r < 0) {
                        return r;
                }
        }
        return refused ? UNIT_E_INVALID : 0;
}
