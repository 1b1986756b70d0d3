/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bytes of a unit file to entries with their places, by systemd.syntax(7). iniparser is the keeper
 * of the values, but never sees a user's raw bytes: see README.md of this room. */

#include "base/diag.h"

#include <sys/stat.h>

#define INI_FILE_MAX (1u << 20)
#define INI_LINE_MAX (64u << 10) /* a logical line, continuations joined */
#define INI_ENTRIES_MAX 4096u    /* assignments of a file, and section headers */
#define INI_NAME_MAX 255u

/* Where a physical line of a continued value starts: the value's byte at offset stands at place. */
typedef struct IniBreak {
        size_t offset;
        Place place;
} IniBreak;

/* A section header as it stands in the file; those without assignments are here too. */
typedef struct IniSection {
        char *section; /* "Port" */
        char *name;    /* of a record: "http"; NULL for plain sections */
        Place place;
} IniSection;

typedef struct IniEntry {
        char *section; /* "Port" */
        char *name;    /* of a record: "http"; NULL for plain sections */
        char *key;     /* true case */
        char *value;   /* continuations joined, quotes and escapes untouched; "" is a reset */
        Place section_place;
        Place key_place;
        Place value_place;
        IniBreak *breaks; /* of a continued value, ascending; ini_entry_place() reads them */
        size_t n_breaks;
} IniEntry;

typedef struct IniFile {
        IniEntry *entries;
        size_t n;
        IniSection *sections;
        size_t n_sections;
} IniFile;

IniFile *ini_file_free(IniFile *file);
DEFINE_CLEANUP(IniFile *, ini_file_free)

/* The place of a byte of the value; the offset may be the value's length. */
Place ini_entry_place(const IniEntry *entry, size_t offset);

/* Reads from memory. path is what places show. Mistakes go to diags, and everything that can still
 * be read is. 0; -ENOMEM; -EUCLEAN where iniparser lost something (an internal error: the unit is
 * refused). */
int ini_parse(const char *bytes, size_t size, const char *path, DiagList *diags, IniFile **ret);

/* Opens relative to dirfd without following a link, checks what it is, reads, parses. A file that
 * may not be used (FIFO, directory, link, too large, unreadable, writable by everybody, with
 * check_owner not root's or writable by its group) is a diagnostic at line 0, and *ret is then
 * empty. -ENOENT where it does not exist; otherwise as ini_parse(). ret_stat may be NULL; it is
 * zeroed where the file could not be looked at. */
int ini_read_at(int dirfd, const char *name, const char *path, bool check_owner, DiagList *diags,
                IniFile **ret, struct stat *ret_stat);
