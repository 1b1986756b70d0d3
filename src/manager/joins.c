/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/joins.h"

#include "manager/failure.h"
#include "manager/manager.h"
#include "spec/namespaces.h"

/* The first kind that is asked for and that the other shares with the host, or NULL. */
static const NamespaceKind *find_shared(const Spec *spec, const Spec *other) {
        uint64_t missing = spec->join_namespaces & ~spec_apart(other);

        for (size_t i = 0; i < NAMESPACE_KINDS; i++) {
                if ((missing & namespace_kinds[i].flag) != 0) {
                        return &namespace_kinds[i];
                }
        }
        return NULL;
}

static int refuse(const Spec *spec, char **ret_why, const char *format, ...) _printf_(3, 4);
static int refuse(const Spec *spec, char **ret_why, const char *format, ...) {
        _cleanup_(str_done) Str text = STR_INIT;
        va_list list;
        int r = failure_format_origin(DIRECTIVE_JoinsNamespaceOf, NULL, spec, &text);

        r = r < 0 ? r : str_append(&text, ": ");
        va_start(list, format);
        r = r < 0 ? r : str_vappendf(&text, format, list);
        va_end(list);
        if (r < 0) {
                return r;
        }
        *ret_why = str_take(&text);
        return *ret_why ? JOINS_REFUSED : -ENOMEM;
}

int joins_resolve(Sandbox *sandbox, const SandboxId **ret, char **ret_why) {
        const Spec *spec = sandbox->run.spec;
        const NamespaceKind *shared;
        const Sandbox *other;
        const char *name;

        assert(ret);
        assert(ret_why);

        *ret = NULL;
        name = spec->joins_namespace_of;
        if (!name || name[0] == '\0' || spec->join_namespaces == 0) {
                return 0;
        }
        other = manager_find(sandbox->manager, name);
        if (other == sandbox) {
                return refuse(spec, ret_why, "%s names itself.", name);
        }
        if (!other || other->state != SANDBOX_RUNNING || !other->run.spec) {
                return refuse(spec, ret_why,
                              "%s is not running. Start it first (sbxctl start %s): joining "
                              "implies no dependency, so nothing has started it.",
                              name, name);
        }
        shared = find_shared(spec, other->run.spec);
        if (shared) {
                return refuse(spec, ret_why,
                              "%s has no %s namespace to join, it shares the host's (%s= there). "
                              "Leave %s out of JoinNamespaces=, or change %s.",
                              name, shared->name, directive_table[shared->own].name, shared->name,
                              name);
        }
        *ret = &other->run.id;
        return 0;
}
