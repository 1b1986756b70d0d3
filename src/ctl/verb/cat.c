/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"
#include "ctl/offline.h"
#include "ctl/output.h"
#include "ctl/report.h"
#include "ctl/text.h"

#include "sbx/exit.h"

#include <unistd.h>

static int cat_one(Offline *offline, const char *argument, Str *out) {
        _cleanup_(str_done) Str text = STR_INIT;
        int r;

        r = offline_load(offline, argument);
        if (r == UNIT_E_BAD_NAME || r == UNIT_E_NOT_FOUND) {
                return offline_report(offline, "show", argument, r);
        }
        if (r < 0) {
                return r;
        }
        r = unit_cat(offline->unit, &text);
        if (r < 0) {
                return log_fault(r, "Failed to read the files of %s: %m", argument),
                       SBX_EXIT_FAILURE;
        }
        /* as it is for programs, made safe for people */
        return isatty(STDOUT_FILENO) ? text_append_lines(out, str_text(&text), text.length)
                                     : str_append_n(out, str_text(&text), text.length);
}

int verb_cat(Ctl *ctl, char **args) {
        _cleanup_(offline_done) Offline offline = {};
        _cleanup_(strv_freep) char **names = NULL;
        _cleanup_(str_done) Str out = STR_INIT;
        int r, status = SBX_EXIT_OK;

        if (ctl->json != JSON_OFF) {
                log_error("Files are shown as they are, not as JSON. What they say together is in "
                          "'sbxctl show --json=%s'.",
                          ctl->options.json);
                return SBX_EXIT_FAILURE;
        }
        r = offline_init(&offline, NULL);
        r = r != 0 ? r : offline_expand(&offline, args, &names);
        if (r != 0) {
                return r;
        }
        STRV_FOREACH (arg, names) {
                if (out.length > 0 && str_append_char(&out, '\n') < 0) {
                        return -ENOMEM;
                }
                r = cat_one(&offline, *arg, &out);
                if (r < 0) {
                        return r;
                }
                status = MAX(status, r);
        }
        r = output_print(ctl, &out);
        return r < 0 ? r : status;
}
