/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/value-type.h"

#define SPEC_TEXT_MAX 65536u
#define RECORD_NAME_MAX 64u

static Place *directive_place(const Directive *directive, void *record) {
        return (Place *) ((uint8_t *) record + directive->place_offset);
}

/* The field must be empty. */
static int directive_set_default(const Directive *directive, void *record) {
        _cleanup_free_ char *text = NULL;
        size_t offset;
        int r;

        memset(directive_field(directive, record), 0, directive->type->size);
        *directive_place(directive, record) = PLACE_NONE;
        if (!directive->fallback) {
                return 0;
        }
        r = directive->type->parse(directive, directive->fallback, &PLACE_NONE,
                                   directive_field(directive, record), &text, &offset);
        assert(r >= 0 || r == -ENOMEM); /* the table's own text */
        return r;
}

int spec_new(Spec **ret) {
        _cleanup_(spec_freep) Spec *spec = NULL;

        assert(ret);

        spec = calloc(1, sizeof(*spec));
        if (!spec) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                const Directive *directive = &directive_table[i];
                int r = directive->record ? 0 : directive_set_default(directive, spec);

                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE(spec);
        return 0;
}

/* Frees what the fields of a spec (ports false) or of one port own. */
static void fields_done(void *record, bool ports) {
        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                const Directive *directive = &directive_table[i];

                if (directive->record == ports) {
                        directive->type->done(directive_field(directive, record));
                }
        }
}

Spec *spec_free(Spec *spec) {
        if (!spec) {
                return NULL;
        }
        fields_done(spec, /* ports= */ false);
        for (size_t i = 0; i < spec->n_ports; i++) {
                fields_done(&spec->ports[i], /* ports= */ true);
                free(spec->ports[i].name);
        }
        free(spec->ports);
        free(spec);
        return NULL;
}

/* Copies the fields and their places into a zeroed record. */
static int fields_copy(const void *record, bool ports, void *ret) {
        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                const Directive *directive = &directive_table[i];
                int r;

                if (directive->record != ports) {
                        continue;
                }
                r = directive->type->copy(directive_field_const(directive, record),
                                          directive_field(directive, ret));
                if (r < 0) {
                        return r;
                }
                memcpy(directive_place(directive, ret),
                       (const uint8_t *) record + directive->place_offset, sizeof(Place));
        }
        return 0;
}

int spec_copy(const Spec *spec, Spec **ret) {
        _cleanup_(spec_freep) Spec *copy = NULL;
        int r;

        assert(spec);
        assert(ret);

        copy = calloc(1, sizeof(*copy));
        if (!copy) {
                return -ENOMEM;
        }
        memcpy(copy->set, spec->set, sizeof(copy->set));
        r = fields_copy(spec, /* ports= */ false, copy);
        if (r < 0) {
                return r;
        }
        if (spec->n_ports > 0) {
                copy->ports = calloc(spec->n_ports, sizeof(PortSpec));
                if (!copy->ports) {
                        return -ENOMEM;
                }
        }
        for (size_t i = 0; i < spec->n_ports; i++) {
                PortSpec *port = &copy->ports[copy->n_ports++];

                port->place = spec->ports[i].place;
                port->name = strdup(spec->ports[i].name);
                r = port->name ? fields_copy(&spec->ports[i], /* ports= */ true, port) : -ENOMEM;
                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE(copy);
        return 0;
}

/* -- records -- */

static PortSpec *spec_find_port(Spec *spec, const char *name) {
        for (size_t i = 0; i < spec->n_ports; i++) {
                if (streq(spec->ports[i].name, name)) {
                        return &spec->ports[i];
                }
        }
        return NULL;
}

static bool record_name_is_valid(const char *name) {
        static const char allowed[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
        size_t n = strlen(name);

        return n > 0 && n <= RECORD_NAME_MAX && strspn(name, allowed) == n;
}

/* Appends a port with its defaults. */
static int spec_new_port(Spec *spec, const char *name, const Place *place, PortSpec **ret) {
        PortSpec *ports = reallocarray(spec->ports, spec->n_ports + 1, sizeof(*ports));
        PortSpec *port;

        if (!ports) {
                return -ENOMEM;
        }
        spec->ports = ports;
        port = &ports[spec->n_ports];
        *port = (PortSpec){.place = *place, .name = strdup(name)};
        if (!port->name) {
                return -ENOMEM;
        }
        spec->n_ports++;
        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                const Directive *directive = &directive_table[i];
                int r = directive->record ? directive_set_default(directive, port) : 0;

                if (r < 0) {
                        return r;
                }
        }
        *ret = port;
        return 0;
}

/* The port of this name, made where it is new; NULL in *ret where diags says what is wrong. */
static int spec_take_port(Spec *spec, const char *name, const Place *place, DiagList *diags,
                          PortSpec **ret) {
        *ret = NULL;
        if (!name || !record_name_is_valid(name)) {
                diag_add(diags, DIAG_ERROR, place, NULL,
                         "[Port%s%.80s] needs a name of 1 to %u letters, digits and \"_.-\", such "
                         "as "
                         "[Port http]",
                         name && name[0] ? " " : "", name ? name : "", RECORD_NAME_MAX);
                return 0;
        }
        *ret = spec_find_port(spec, name);
        if (*ret) {
                return 0;
        }
        if (spec->n_ports >= SPEC_RECORDS_MAX) {
                diag_add(diags, DIAG_ERROR, place, NULL,
                         "[Port %s] is one too many: a unit may have %u of them", name,
                         SPEC_RECORDS_MAX);
                return 0;
        }
        return spec_new_port(spec, name, place, ret);
}

int spec_add_record(Spec *spec, const char *section, const char *name, const Place *place,
                    DiagList *diags) {
        PortSpec *port;

        assert(spec);
        assert(section);
        assert(place);
        assert(diags);

        if (!section_is_record(section)) {
                diag_add(diags, DIAG_ERROR, place, NULL, "[%.80s] takes no name", section);
                return 0;
        }
        return spec_take_port(spec, name, place, diags, &port);
}

/* -- assignments -- */

static void place_move(Place *place, size_t offset) {
        if (place->line > 0) {
                place->column += (uint32_t) offset;
        }
}

/* Where a comment seems to follow the value on its line: systemd.syntax(7) knows none there. text +
 * offset, or 0. strict: only where a blank follows the mark too. */
static size_t find_inline_comment(const Directive *directive, const char *text, bool strict) {
        char quote = '\0';

        for (size_t i = 0; text[i]; i++) {
                bool mark = text[i] == '#' ||
                            (text[i] == ';' && directive->type->kind != VALUE_COMMANDS);

                if (quote ? text[i] == quote : (text[i] == '"' || text[i] == '\'')) {
                        quote = quote ? '\0' : text[i];
                } else if (!quote && mark && i > 0 && char_is_blank(text[i - 1]) &&
                           (!strict || char_is_blank(text[i + 1]))) {
                        return i;
                }
        }
        return 0;
}

static void warn_twice(const Directive *directive, const Place *first, const Place *second,
                       DiagList *diags) {
        if (first->line == 0 || second->line == 0) {
                diag_add(diags, DIAG_WARNING, second, directive->name,
                         "It is set twice; only the last assignment counts");
                return;
        }
        diag_add(diags, DIAG_WARNING, second, directive->name,
                 "It is set twice in this file, first at %s:%u:%u; only the last assignment "
                 "counts, so "
                 "remove one",
                 first->file, first->line, first->column);
}

/* Refuses what no type may see. */
static bool text_is_usable(const Directive *directive, const char *text, const Place *place,
                           DiagList *diags) {
        size_t n = strlen(text);

        if (n > SPEC_TEXT_MAX) {
                diag_add(diags, DIAG_ERROR, place, directive->name,
                         "The value has %zu bytes; the most is %u", n, SPEC_TEXT_MAX);
                return false;
        }
        if (!utf8_valid(text, n)) {
                diag_add(diags, DIAG_ERROR, place, directive->name, "The value is not valid UTF-8");
                return false;
        }
        return true;
}

static int directive_assign(const Directive *directive, void *record, const char *text,
                            const Place *place, DiagList *diags) {
        _cleanup_free_ char *mistake = NULL;
        size_t offset = 0, comment;
        Place at = *place;
        int r;

        r = directive->type->parse(directive, text, place, directive_field(directive, record),
                                   &mistake, &offset);
        if (r == -ENOMEM) {
                return r;
        }
        comment =
                find_inline_comment(directive, text,
                                    /* strict= */ r >= 0 && directive->type->kind == VALUE_STRING);
        if (r < 0) {
                assert(mistake);
                place_move(&at, offset);
                diag_add(diags, DIAG_ERROR, &at, directive->name, "%s%s", mistake,
                         comment > 0 ? " (a comment must have a line of its own)" : "");
        } else if (comment > 0) {
                place_move(&at, comment);
                diag_add(diags, DIAG_WARNING, &at, directive->name,
                         "The value seems to hold a comment, which is part of it: comments must "
                         "have lines "
                         "of their own; quote the %c where it is meant",
                         text[comment]);
        }
        return 0;
}

int spec_assign(Spec *spec, const Directive *directive, const char *record, const char *text,
                const Place *place, DiagList *diags) {
        PortSpec *port = NULL;
        void *target = spec;
        Place *where;
        int r;

        assert(spec);
        assert(directive);
        assert(text);
        assert(place);
        assert(diags);

        if (directive->record) {
                r = spec_take_port(spec, record, place, diags, &port);
                if (r < 0 || !port) {
                        return r;
                }
                target = port;
        }
        where = directive_place(directive, target);
        if (text[0] == '\0') {
                directive->type->done(directive_field(directive, target));
                if (!port) {
                        spec->set[directive->id] = false;
                }
                return directive_set_default(directive, target);
        }
        if (!text_is_usable(directive, text, place, diags)) {
                return 0;
        }
        if (!directive->type->list && !directive->type->merges && where->file &&
            streq_ptr(where->file, place->file)) {
                warn_twice(directive, where, place, diags);
        }
        /* A mistake counts as set, so that no rule complains that the directive is missing too. */
        *where = *place;
        if (!port) {
                spec->set[directive->id] = true;
        }
        return directive_assign(directive, target, text, place, diags);
}

int spec_format(const Spec *spec, const Directive *directive, char ***ret) {
        assert(spec);
        assert(directive);
        assert(ret);

        if (directive->record) {
                return -EINVAL;
        }
        return directive->type->format(directive, directive_field_const(directive, spec), ret);
}

int spec_format_port(const PortSpec *port, const Directive *directive, char ***ret) {
        assert(port);
        assert(directive);
        assert(ret);

        if (!directive->record) {
                return -EINVAL;
        }
        return directive->type->format(directive, directive_field_const(directive, port), ret);
}
