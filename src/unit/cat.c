/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/specifier.h"

#include "base/fd.h"

#include <fcntl.h>

static int cat_file(const char *path, bool first, Str *out) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = file_read_at(AT_FDCWD, path, INI_FILE_MAX, &text, &size);
        if (r == -ENOMEM) {
                return r;
        }
        if (r < 0) { /* what was refused, or is gone: the others are shown all the same */
                return str_appendf(out, "%s# %s\n# It cannot be read: %s\n", first ? "" : "\n",
                                   path, strerror(-r));
        }
        r = str_appendf(out, "%s# %s\n", first ? "" : "\n", path);
        if (r < 0) {
                return r;
        }
        r = str_append_n(out, text, size);
        if (r < 0 || size == 0 || text[size - 1] == '\n') {
                return r;
        }
        return str_append_char(out, '\n');
}

/* What was typed, as a file needs it: each % doubled where specifiers are known, and a backslash at
 * the end kept from continuing the line. */
static int cat_value(const Directive *directive, const char *text, Str *out) {
        bool doubled = specifier_applies(directive->type->kind);
        int r = 0;

        for (const char *c = text; *c && r >= 0; c++) {
                r = str_append(out, *c == '%' && doubled ? "%" : "");
                if (r >= 0) {
                        r = str_append_char(out, *c);
                }
        }
        return r < 0 ? r : str_append(out, endswith(text, "\\") ? " \n" : "\n");
}

static int cat_lines(const Directive *directive, char *const *texts, Str *out) {
        STRV_FOREACH (text, texts) {
                int r = str_appendf(out, "%s=", directive->name);

                if (r >= 0) {
                        r = cat_value(directive, *text, out);
                }
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

/* One directive, where it was set; *section: the header that was printed last. */
static int cat_directive(const Spec *spec, const Directive *directive, const char **section,
                         Str *out) {
        _cleanup_(strv_freep) char **texts = NULL;
        int r;

        if (directive->record || !spec->set[directive->id]) {
                return 0;
        }
        if (!*section || !streq(*section, directive->section)) {
                r = str_appendf(out, "\n[%s]\n", directive->section);
                if (r < 0) {
                        return r;
                }
                *section = directive->section;
        }
        r = spec_format(spec, directive, &texts);
        return r < 0 ? r : cat_lines(directive, texts, out);
}

static int cat_port(const PortSpec *port, Str *out) {
        int r = str_appendf(out, "\n[Port %s]\n", port->name);

        for (size_t i = 0; i < _DIRECTIVE_MAX && r >= 0; i++) {
                const Directive *directive = &directive_table[i];
                _cleanup_(strv_freep) char **texts = NULL;

                if (!directive->record) {
                        continue;
                }
                r = spec_format_port(port, directive, &texts);
                if (r >= 0) {
                        r = cat_lines(directive, texts, out);
                }
        }
        return r;
}

/* A unit without files, as a file would have it. */
static int cat_spec(const Unit *unit, Str *out) {
        const char *section = NULL;
        int r;

        r = str_appendf(out, "# %s has no file: it is transient\n", unit->name);
        for (size_t i = 0; i < _DIRECTIVE_MAX && r >= 0; i++) {
                r = cat_directive(unit->spec, &directive_table[i], &section, out);
        }
        for (size_t i = 0; i < unit->spec->n_ports && r >= 0; i++) {
                r = cat_port(&unit->spec->ports[i], out);
        }
        return r;
}

int unit_cat(const Unit *unit, Str *out) {
        int r;

        assert(unit);
        assert(out);

        if (!unit->fragment_path) {
                return cat_spec(unit, out);
        }
        if (unit->masked) {
                return str_appendf(out, "# %s\n# The unit is masked.\n", unit->fragment_path);
        }
        r = cat_file(unit->fragment_path, /* first= */ true, out);
        STRV_FOREACH (path, unit->drop_in_paths) {
                if (r < 0) {
                        return r;
                }
                r = cat_file(*path, /* first= */ false, out);
        }
        return r;
}
