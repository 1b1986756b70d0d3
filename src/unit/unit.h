/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Units: names, the search path, files and drop-ins, specifiers; the way from a name to a checked
 * Spec. Reads files below the search path and nothing else. */

#include "ini/ini.h"
#include "spec/device.h"
#include "spec/layer.h"
#include "spec/spec.h"

typedef struct Unit {
        char *name;          /* "web.sandbox", "web@a.sandbox"; for an alias, what it stands for */
        char *fragment_path; /* the file itself, links resolved; NULL where there is none
                                (transient) */
        char **drop_in_paths;
        bool masked;
        bool template;       /* "web@.sandbox": to be verified and shown, never started; its
                                specifiers have "test_instance" for an instance */
        Spec *spec;          /* complete and checked where loaded without errors */
        uint64_t mtime_nsec; /* the newest of fragment and drop-ins */
        uint64_t stamp;      /* of paths, sizes, inodes and times of all files, for
                                unit_needs_reload() */
} Unit;

/* Positive outcomes of the functions below. */
enum {
        _UNIT_E_SUCCESS,
        UNIT_E_BAD_NAME, /* see unit_name_is_valid() */
        UNIT_E_NOT_FOUND,
        UNIT_E_MASKED,
        UNIT_E_INVALID, /* diags say why */
};

/* Where units are looked up, first wins: unit_search_path_system(), or what --root and tests say.
 */
typedef struct UnitSearch {
        char **directories;
        char **layer_directories;
        char *control, *runtime_control; /* the first two: what `set-property` writes */
        bool check_owner; /* system mode: root's, not writable by others, the parents too */
} UnitSearch;
/* Puts the directories of drop-ins that programs make before all others, as systemd has them: that
 * of the first directory, "/etc/sbx/system.control", and RUNTIME/system.control. Called when the
 * directories are there. */
int unit_search_add_control(UnitSearch *search, const char *runtime);
/* The system's directories. What SBX_UNIT_PATH and SBX_LAYER_PATH name (colons between, read with
 * secure_getenv) is looked up before them: so an uninstalled build finds its units and layers. */
int unit_search_system(UnitSearch *ret);
void unit_search_done(UnitSearch *search);

/* Assignments of one unit, drop-ins included, and files of it. */
#define UNIT_ENTRIES_MAX INI_ENTRIES_MAX
#define UNIT_DROP_INS_MAX 256u

/* "web" → "web.sandbox"; checks the grammar. UNIT_E_BAD_NAME. */
int unit_name_mangle(const char *text, char **ret);
/* At most 200 of [a-zA-Z0-9:_.@-], ".sandbox" and something before it, no "." first, no "@" first;
 * the name of its scope fits into 255 bytes too. */
bool unit_name_is_valid(const char *name);
/* "web@.sandbox" */
bool unit_name_is_template(const char *name);
/* "web.sandbox" → "sbx-web.scope", escaped as systemd-escape does. */
int unit_scope_name(const char *name, char **ret);

/* Loads by name: fragment, template, drop-ins, specifiers, rules. ret is set for every outcome but
 * UNIT_E_BAD_NAME and UNIT_E_NOT_FOUND, with what could be read. 0, outcome, or -errno. An alias (a
 * link to another unit of the search path) gives the unit that it stands for, under that name. */
int unit_load(const UnitSearch *search, const char *name, DiagList *diags, Unit **ret);
/* A file by its path (`verify ./web.sandbox`); its name is the path's last component. Where the
 * directory is one of the search path this is unit_load() with that fragment; elsewhere the
 * drop-ins beside it count alone, and owners are not checked: such a unit is never started. */
int unit_load_path(const UnitSearch *search, const char *path, DiagList *diags, Unit **ret);
/* The bytes of a fragment, without any file but those of specifiers. path is what places show. */
int unit_load_bytes(const char *name, const char *path, const char *bytes, size_t size,
                    DiagList *diags, Unit **ret);
/* A transient unit: assignments "Directive=value" or "Port:NAME:Directive=value" from places named
 * "-p", whose line is the number of the assignment. Values are as in a file, specifiers too: what
 * is to be passed on as it is has each % doubled. search is not used; it may be NULL. */
int unit_load_transient(const UnitSearch *search, const char *name, char *const *assignments,
                        DiagList *diags, Unit **ret);
Unit *unit_free(Unit *unit);
DEFINE_CLEANUP(Unit *, unit_free)

/* All unit names in the search path, sorted, templates too. */
int unit_list(const UnitSearch *search, char ***ret);
/* The text of fragment and drop-ins as `cat` prints it: "# /path" before each. */
int unit_cat(const Unit *unit, Str *out);
/* Takes the files as they are on disk now for what was loaded: after a drop-in was written whose
 * assignments are in unit->spec already. */
int unit_refresh(const UnitSearch *search, Unit *unit);
/* True where the files on disk are not what was loaded. */
bool unit_needs_reload(const UnitSearch *search, const Unit *unit);

/* Looks up Layers=, RootDirectory=, or the host's root; missing ones are errors in diags. 0, or
 * UNIT_E_INVALID, or -errno. */
int unit_resolve_layers(const UnitSearch *search, const Unit *unit, DiagList *diags,
                        LayerSources *ret);

/* Looks up the disk behind each path of IODeviceWeight= and its kin, and the nodes and drivers of
 * DeviceAllow=, or those of the wanted directives alone (by DirectiveId; NULL: of all). One that is
 * not there is an error in diags, unless the unit says otherwise, and without diags left out. 0,
 * UNIT_E_INVALID, or -ENOMEM. */
int unit_resolve_devices(const Spec *spec, const bool *wanted, DiagList *diags, DeviceSources *ret);
/* "/dev/sda"; of a disk that is not there any more what udev would call it: "/dev/block/8:0". */
int unit_disk_name(uint32_t major, uint32_t minor, char **ret);
