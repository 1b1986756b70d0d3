/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/names.h"

#include "base/log.h"
#include "base/str.h"
#include "ctl/connection.h"
#include "unit/unit.h"

#include <fnmatch.h>

bool name_is_pattern(const char *text) {
        return strpbrk(text, "*?[") != NULL;
}

static int mangle(const char *text, char ***ret) {
        _cleanup_free_ char *name = NULL;
        int r;

        r = unit_name_mangle(text, &name);
        if (r == UNIT_E_BAD_NAME) {
                log_error(
                        "'%s' is no name of a sandbox: letters, digits and ':_.@-' alone, 'web' or "
                        "'web.sandbox'.%s",
                        text, strchr(text, '/') ? " A path is taken by verify, plan and cat." : "");
                return SBX_EXIT_FAILURE;
        }
        return r < 0 ? r : strv_append_take(ret, TAKE(name));
}

int names_mangle(char *const *args, char ***ret) {
        _cleanup_(strv_freep) char **names = NULL;

        STRV_FOREACH (arg, args) {
                int r;

                r = mangle(*arg, &names);
                if (r != 0) {
                        return r;
                }
        }
        *ret = TAKE(names);
        return 0;
}

bool name_matches(const char *name, char *const *patterns) {
        if (!patterns || !*patterns) {
                return true;
        }
        STRV_FOREACH (pattern, patterns) {
                _cleanup_free_ char *with_suffix = strf("%s.sandbox", *pattern);

                if (fnmatch(*pattern, name, 0) == 0 ||
                    (with_suffix && fnmatch(with_suffix, name, 0) == 0)) {
                        return true;
                }
        }
        return false;
}

static int name_compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static int expand(Ctl *ctl, const char *pattern, char ***ret) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        char *const patterns[] = {(char *) pattern, NULL};
        size_t n_before = strv_length(*ret), n;
        const char *name;
        int r;

        r = ctl_call(ctl, "ListUnits", &error, &reply, NULL);
        if (r < 0) {
                return ctl_report(ctl, "list sandboxes", &error, r);
        }
        r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', "ssssssouso")) > 0) {
                r = sd_bus_message_read(reply, "s", &name);
                if (r >= 0 && name_matches(name, patterns) && !strv_contains(*ret, name)) {
                        r = strv_append(ret, name);
                }
                if (r >= 0) {
                        r = sd_bus_message_skip(reply, "sssssouso");
                }
                if (r >= 0) {
                        r = sd_bus_message_exit_container(reply);
                }
        }
        n = strv_length(*ret);
        if (n > n_before) {
                qsort(*ret + n_before, n - n_before, sizeof(char *), name_compare);
        }
        return r < 0 ? r : 0;
}

int names_expand(Ctl *ctl, char *const *args, char ***ret) {
        _cleanup_(strv_freep) char **names = NULL;

        STRV_FOREACH (arg, args) {
                int r;

                r = name_is_pattern(*arg) ? expand(ctl, *arg, &names) : mangle(*arg, &names);
                if (r != 0) {
                        return r;
                }
        }
        *ret = TAKE(names);
        return 0;
}
