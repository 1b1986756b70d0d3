/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Value types: how the text of a directive becomes a typed field and back. One struct per type in
 * value_type_<TYPE>; behaviour lives here and never in a callback of a single directive. */

#include "base/diag.h"
#include "base/number-set.h"

typedef struct Directive Directive;

/* One element of a list-typed field, with the place of the assignment that it came from. What the
 * members mean is the type's: see the comment at each CTYPE. */
typedef struct ValueItem {
        Place place;
        char *text;     /* WORDS: the word. ENVIRONMENT: "A=1". BINDS: source. TMPFS_LIST, PATHS,
                           FILES: path. ID_MAPS: "0:600000:1000". COMMANDS: the path. SYSCALLS: name or
                           @group, or "" for a plain ~. CHOICES: one of the directive's names, or "" for
                           a plain ~. DEVICES: the node, or "char-NAME" or "block-NAME" of
                           /proc/devices. DEVICE_RATES, _WEIGHTS, _TIMES: a path on a disk. PREFIXES:
                           "10.0.0.0/8", or a word for several */
        char *second;   /* BINDS: destination. TMPFS_LIST: options, canonical. DEVICES: of "rwm" */
        char **words;   /* COMMANDS: argv */
        uint64_t flags; /* VALUE_… below */
        uint64_t size;  /* TMPFS_LIST: bytes or UINT64_MAX. DEVICE_RATES: a second.
                           DEVICE_WEIGHTS: the weight. DEVICE_TIMES: usec */
        uint32_t mode;  /* TMPFS_LIST. SYSCALLS: errno or VALUE_KILL, with VALUE_ERROR. CHOICES:
                           index of the name */
} ValueItem;

enum {
        VALUE_READ_ONLY = 1 << 0,      /* TMPFS_LIST */
        VALUE_NO_EXEC = 1 << 1,        /* TMPFS_LIST */
        VALUE_RECURSIVE = 1 << 2,      /* BINDS: rbind (default) */
        VALUE_MISSING_OK = 1 << 3,     /* BINDS, PATHS, FILES, DEVICES: leading - */
        VALUE_IDMAP = 1 << 4,          /* BINDS */
        VALUE_INVERTED = 1 << 5,       /* SYSCALLS, CHOICES: the assignment began with ~ */
        VALUE_IGNORE_FAILURE = 1 << 6, /* COMMANDS: - */
        VALUE_ARGV0 = 1 << 7,          /* COMMANDS: @ */
        VALUE_NO_ENV = 1 << 8,         /* COMMANDS: : */
        VALUE_ERROR = 1 << 16,         /* SYSCALLS: name:errno */
};

/* Instead of an errno: the process is killed. */
#define VALUE_KILL INT32_MAX

typedef struct ValueList {
        ValueItem *items;
        size_t n;
} ValueList;

/* PrivateUsers= */
typedef enum UsersMode {
        USERS_NO,
        USERS_PICK,
        USERS_SELF,
        USERS_IDENTITY,
        USERS_RANGE,
        _USERS_MODE_MAX
} UsersMode;
typedef struct Users {
        UsersMode mode;
        uint32_t base, count; /* USERS_RANGE */
} Users;

/* One line of UIDMap= or GIDMap=. */
typedef struct IdMapping {
        uint32_t inside, outside, count;
} IdMapping;
#define ID_MAPPINGS_MAX 340u /* the kernel's */
/* Of the text of an item of ID_MAPS. -EINVAL; -ERANGE: an id would not exist. */
int value_id_range(const char *text, IdMapping *ret);
/* Whether a list of them holds this id inside. */
bool value_id_is_mapped(const ValueList *map, uint32_t inside);

/* The ports of an address as it is kept: of LISTEN and TARGET. */
#define PORT_RANGE_MAX 64u
typedef struct PortRange {
        size_t host; /* length of what stands before the ports */
        uint32_t first, last;
} PortRange;
/* False: it is a path. */
bool value_address_ports(const char *address, PortRange *ret);

typedef struct OptionalPath {
        char *path;
        bool missing_ok;
} OptionalPath;

/* A resource limit; UINT64_MAX: infinity. Bytes, seconds, … are those of getrlimit(2). */
typedef struct Rlimit {
        bool set; /* else what the helper has */
        uint64_t soft, hard;
} Rlimit;

/* The C type of each value type, and its D-Bus signature. */
#define CTYPE_BOOL bool
#define CTYPE_STRING char *
#define CTYPE_HOSTNAME char *
#define CTYPE_SLICE char *
#define CTYPE_PATH char *
#define CTYPE_PATH_OPTIONAL OptionalPath
#define CTYPE_ENUM int
#define CTYPE_SIZE uint64_t /* UINT64_MAX: infinity */
#define CTYPE_COUNT uint64_t
#define CTYPE_WEIGHT uint64_t     /* UINT64_MAX: unset */
#define CTYPE_CPU_WEIGHT uint64_t /* the same; 0: idle */
#define CTYPE_QUOTA uint64_t      /* microseconds a second */
#define CTYPE_TIMESPAN uint64_t   /* usec */
#define CTYPE_OFFSET int64_t      /* nsec */
#define CTYPE_MODE uint32_t
#define CTYPE_SIGNAL int
#define CTYPE_CAPABILITIES uint64_t /* mask of 1 << capability */
#define CTYPE_USERS Users
#define CTYPE_RLIMIT Rlimit
#define CTYPE_ID_MAPS ValueList
#define CTYPE_JOIN_KINDS uint64_t /* mask of CLONE_NEW… */
#define CTYPE_WORDS ValueList
#define CTYPE_COMMANDS ValueList
#define CTYPE_ENVIRONMENT ValueList
#define CTYPE_BINDS ValueList
#define CTYPE_TMPFS_LIST ValueList
#define CTYPE_PATHS ValueList
#define CTYPE_FILES ValueList
#define CTYPE_SYSCALLS ValueList
#define CTYPE_CHOICES ValueList
#define CTYPE_ERRNO int /* or VALUE_KILL */
#define CTYPE_INTEGER int
#define CTYPE_DEVICES ValueList
#define CTYPE_PREFIXES ValueList
#define CTYPE_DEVICE_RATES ValueList
#define CTYPE_DEVICE_WEIGHTS ValueList
#define CTYPE_DEVICE_TIMES ValueList
#define CTYPE_NUMBER_SET NumberSet
#define CTYPE_LISTEN char *
#define CTYPE_TARGET char *

/* X(TYPE, D-Bus signature): every value type. Lists travel as the texts of their assignments. */
#define VALUE_TYPES(X)          \
        X(BOOL, "b")            \
        X(STRING, "s")          \
        X(HOSTNAME, "s")        \
        X(SLICE, "s")           \
        X(PATH, "s")            \
        X(PATH_OPTIONAL, "s")   \
        X(ENUM, "s")            \
        X(SIZE, "t")            \
        X(COUNT, "t")           \
        X(WEIGHT, "t")          \
        X(CPU_WEIGHT, "t")      \
        X(QUOTA, "t")           \
        X(TIMESPAN, "t")        \
        X(OFFSET, "x")          \
        X(MODE, "u")            \
        X(SIGNAL, "i")          \
        X(CAPABILITIES, "t")    \
        X(USERS, "s")           \
        X(RLIMIT, "s")          \
        X(ID_MAPS, "as")        \
        X(JOIN_KINDS, "s")      \
        X(WORDS, "as")          \
        X(COMMANDS, "as")       \
        X(ENVIRONMENT, "as")    \
        X(BINDS, "as")          \
        X(TMPFS_LIST, "as")     \
        X(PATHS, "as")          \
        X(FILES, "as")          \
        X(SYSCALLS, "as")       \
        X(CHOICES, "as")        \
        X(ERRNO, "s")           \
        X(INTEGER, "i")         \
        X(LISTEN, "s")          \
        X(DEVICES, "as")        \
        X(PREFIXES, "as")       \
        X(DEVICE_RATES, "as")   \
        X(DEVICE_WEIGHTS, "as") \
        X(DEVICE_TIMES, "as")   \
        X(NUMBER_SET, "s")      \
        X(TARGET, "s")

typedef enum ValueKind {
#define X(TYPE, signature) VALUE_##TYPE,
        VALUE_TYPES(X)
#undef X
                _VALUE_KIND_MAX,
} ValueKind;

typedef struct ValueType {
        ValueKind kind;
        const char *label;     /* "size", "boolean": manual page and messages */
        const char *signature; /* D-Bus */
        const char *grammar;   /* one line for the manual page */
        const char *sample; /* a text that is valid; ENUM: NULL, see the names of the directive */
        size_t size;        /* of the field */
        bool list;          /* the field is a ValueList: assignments append, an empty one resets */
        bool merges;        /* not a list, but an assignment merges with the earlier ones */
        /* The text of one assignment into the field (list: appended). 0, or -EINVAL/-ERANGE with a
         * sentence for the user in *reterr (malloc'ed), or -ENOMEM. The field is untouched on
         * failure. *reterr_offset: the byte of text at fault, 0 where it is the whole. */
        int (*parse)(const Directive *directive, const char *text, const Place *place, void *field,
                     char **reterr, size_t *reterr_offset);
        /* One text an assignment, such that parsing them one after another into an empty field
         * gives the same value; a scalar gives exactly one. */
        int (*format)(const Directive *directive, const void *field, char ***ret);
        void (*done)(void *field);
        int (*copy)(const void *field, void *ret);
} ValueType;

#define X(TYPE, signature) extern const ValueType value_type_##TYPE;
VALUE_TYPES(X)
#undef X
extern const ValueType *const value_types[_VALUE_KIND_MAX];

#define VALUE_ITEMS_MAX 4096u /* of one list */
#define VALUE_ARGV_MAX 1024u  /* words of one command */

/* Splits text into words by the quoting rules of systemd.syntax(7): "…", '…', C escapes. -EINVAL
 * with *reterr and the offset of the unbalanced quote. */
int value_split_words(const char *text, char ***ret, char **reterr, size_t *reterr_offset);
/* Quotes a word where it needs it, so that value_split_words() gives it back. */
char *value_quote_word(const char *word);
/* The number of one item of DEVICE_RATES and its kin, as a unit has it; NULL: no memory. */
char *value_device_number_text(const Directive *directive, uint64_t number);
void value_list_done(ValueList *list);
/* The name of a variable, of n bytes: letters, digits, underscores, no digit first. */
bool environment_name_is_valid(const char *name, size_t n) _pure_;
int value_list_copy(const ValueList *list, ValueList *ret);
