/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/spec-text.h"

#include "base/str.h"

static int write_value(const Directive *directive, const PortSpec *port, const void *field,
                       char ***list) {
        _cleanup_(strv_freep) char **texts = NULL;
        int r;

        r = directive->type->format(directive, field, &texts);
        if (r < 0) {
                return r;
        }
        STRV_FOREACH (text, texts) {
                r = strv_append_take(
                        list, port ? strf("Port:%s:%s=%s", port->name, directive->name, *text)
                                   : strf("%s=%s", directive->name, *text));
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

int spec_text_write(const Spec *spec, char ***ret) {
        _cleanup_(strv_freep) char **list = NULL;
        int r = 0;

        assert(spec);
        assert(ret);

        for (size_t i = 0; i < _DIRECTIVE_MAX && r == 0; i++) {
                const Directive *directive = &directive_table[i];

                if (!directive->record && spec->set[i]) {
                        r = write_value(directive, NULL, directive_field_const(directive, spec),
                                        &list);
                }
        }
        for (size_t port = 0; port < spec->n_ports && r == 0; port++) {
                for (size_t i = 0; i < _DIRECTIVE_MAX && r == 0; i++) {
                        const Directive *directive = &directive_table[i];
                        const PortSpec *record = &spec->ports[port];

                        if (directive->record) {
                                r = write_value(directive, record,
                                                directive_field_const(directive, record), &list);
                        }
                }
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE(list);
        return 0;
}

/* Splits "Port:NAME:Key" in place; plain keys give *ret_record NULL. */
static const Directive *find_key(char *key, const char **ret_record) {
        char *record, *name;

        *ret_record = NULL;
        if (!startswith(key, "Port:")) {
                return directive_find_name(key);
        }
        record = key + strlen("Port:");
        name = strrchr(record, ':');
        if (!name) {
                return NULL;
        }
        *name = '\0';
        *ret_record = record;
        return directive_find("Port", name + 1);
}

static int read_assignment(Spec *spec, const char *assignment, DiagList *diags) {
        _cleanup_free_ char *key = strdup(assignment);
        const Directive *directive;
        const char *record;
        char *text;

        if (!key) {
                return -ENOMEM;
        }
        text = strchr(key, '=');
        if (!text) {
                return -EBADMSG;
        }
        *text++ = '\0';
        directive = find_key(key, &record);
        if (!directive) {
                return -EBADMSG;
        }
        return spec_assign(spec, directive, record, text, &PLACE_NONE, diags);
}

int spec_text_read(char *const *assignments, Spec **ret) {
        _cleanup_(spec_freep) Spec *spec = NULL;
        _cleanup_(diag_list_done) DiagList diags = {};
        int r;

        assert(ret);

        r = spec_new(&spec);
        STRV_FOREACH (assignment, assignments) {
                if (r < 0) {
                        break;
                }
                r = read_assignment(spec, *assignment, &diags);
        }
        if (r < 0) {
                return r;
        }
        if (diag_list_has_errors(&diags)) {
                return -EBADMSG;
        }
        spec_derive(spec);
        *ret = TAKE(spec);
        return 0;
}
