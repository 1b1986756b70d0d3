/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ctl.h"

/* The login shell of whoever is meant, as the environment of the sandbox has it; each root has sh.
 */
int verb_shell(Ctl *ctl, char **args) {
        static char program[] = "/bin/sh", flag[] = "-c",
                    script[] = "exec \"${SHELL:-/bin/sh}\" -l";
        char *command[] = {args[0], program, flag, script, NULL};

        return verb_exec(ctl, args[1] ? args : command);
}
