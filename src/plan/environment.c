/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The whole environment: what programs expect, what is passed on, the unit's own assignments, those
 * of its files, and then the caller's; each of them before all those in front of it. */

#include "plan/builder.h"

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
/* What every terminal understands; a root rarely has more than the oldest of terminfo. */
#define DEFAULT_TERM "TERM=vt220"
#define INVOCATION_DIGITS 32u

/* Takes the text. An assignment of the same name is replaced where it stands. */
static int environment_put(char ***list, char *assignment) {
        const char *equals = assignment ? strchr(assignment, '=') : NULL;
        size_t n = equals ? (size_t) (equals - assignment) + 1 : 0;

        for (char **each = n > 0 ? *list : NULL; each && *each; each++) {
                if (strncmp(*each, assignment, n) == 0) {
                        free(*each);
                        *each = assignment;
                        return 0;
                }
        }
        return strv_append_take(list, assignment);
}

static int environment_put_copy(char ***list, const char *assignment) {
        return environment_put(list, strdup(assignment));
}

/* The helper looks names up in the root's passwd, the planner cannot: what stands here for other
 * users is what holds without a passwd. */
static int environment_put_user(char ***list, const char *user) {
        bool root = streq(user, "0") || streq(user, "root");
        const char *name = root ? "root" : user;
        int r;

        r = environment_put(list, strf("HOME=%s", root ? "/root" : "/"));
        if (r == 0) {
                r = environment_put(list, strf("USER=%s", name));
        }
        if (r == 0) {
                r = environment_put(list, strf("LOGNAME=%s", name));
        }
        return r < 0 ? r : environment_put_copy(list, "SHELL=/bin/sh");
}

static int environment_put_invocation(char ***list, const char *invocation) {
        int r;

        if (!invocation || strlen(invocation) != INVOCATION_DIGITS) {
                return 0;
        }
        r = environment_put(list, strf("INVOCATION_ID=%s", invocation));
        if (r < 0) {
                return r;
        }
        return environment_put(list, strf("container_uuid=%.8s-%.4s-%.4s-%.4s-%.12s", invocation,
                                          invocation + 8, invocation + 12, invocation + 16,
                                          invocation + 20));
}

/* By its name, or by the whole assignment. */
static bool is_unset(const ValueList *unset, const char *assignment) {
        size_t n = strcspn(assignment, "=");

        for (size_t i = 0; i < unset->n; i++) {
                const char *word = unset->items[i].text;

                if (streq(word, assignment) ||
                    (strlen(word) == n && strncmp(word, assignment, n) == 0)) {
                        return true;
                }
        }
        return false;
}

static void environment_unset(char **list, const ValueList *unset) {
        char **kept = list;

        STRV_FOREACH (assignment, list) {
                if (is_unset(unset, *assignment)) {
                        free(*assignment);
                } else {
                        *kept++ = *assignment;
                }
        }
        *kept = NULL;
}

/* Where the manager has no such variable, there is none: as in systemd. */
static int environment_pass(char ***list, const ValueList *names, char *const *manager) {
        for (size_t i = 0; i < names->n; i++) {
                size_t n = strlen(names->items[i].text);

                STRV_FOREACH (assignment, manager) {
                        if (strncmp(*assignment, names->items[i].text, n) == 0 &&
                            (*assignment)[n] == '=') {
                                int r = environment_put_copy(list, *assignment);

                                if (r < 0) {
                                        return r;
                                }
                                break;
                        }
                }
        }
        return 0;
}

static int environment_put_all(char ***list, char *const *assignments) {
        STRV_FOREACH (assignment, assignments) {
                int r = environment_put_copy(list, *assignment);

                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

int make_environment(const Builder *builder, const Workload *workload, char ***ret) {
        _cleanup_(strv_freep) char **list = NULL;
        const ValueList *own = &builder->spec->environment;
        int r;

        r = environment_put_copy(&list, DEFAULT_PATH);
        if (r == 0) {
                r = environment_put_user(&list,
                                         workload->user ? workload->user : builder->spec->user);
        }
        if (r == 0) {
                r = environment_put_copy(&list, "container=sbx");
        }
        if (r == 0) {
                r = environment_put_invocation(&list, workload->invocation);
        }
        if (r == 0 && workload->terminal) {
                r = environment_put_copy(&list, DEFAULT_TERM);
        }
        if (r == 0) {
                r = environment_pass(&list, &builder->spec->pass_environment,
                                     workload->variables.manager);
        }
        for (size_t i = 0; i < own->n && r == 0; i++) {
                r = environment_put_copy(&list, own->items[i].text);
        }
        if (r == 0) {
                r = environment_put_all(&list, workload->variables.files);
        }
        if (r == 0) {
                environment_unset(list, &builder->spec->unset_environment);
                r = environment_put_all(&list, workload->environment);
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE(list);
        return 0;
}
