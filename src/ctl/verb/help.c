/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/help.h"

#include "base/log.h"
#include "ctl/output.h"

#include "sbx/exit.h"

int verb_help(Ctl *ctl, char **args) {
        _cleanup_(str_done) Str out = STR_INIT;
        const Verb *verb = args[0] ? verb_find(args[0]) : NULL;
        int r;

        if (args[0] && !verb) {
                const Verb *near = verb_suggest(args[0]);

                log_error("Unknown verb '%s'.%s%s%s", args[0], near ? " Did you mean '" : "",
                          near ? near->name : "", near ? "'?" : "");
                return SBX_EXIT_FAILURE;
        }
        r = verb ? help_format_verb(verb, ctl->colour, &out) : help_format(ctl->colour, &out);
        return r < 0 ? r : output_print(ctl, &out);
}
