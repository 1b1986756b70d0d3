/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"
#include "ctl/names.h"
#include "ctl/offline.h"
#include "ctl/output.h"
#include "ctl/planned.h"
#include "ctl/report.h"

#include "sbx/exit.h"

static int plan_one(const Ctl *ctl, Offline *offline, const char *argument, bool many,
                    json_object *document, Str *out) {
        json_object *planned = NULL;
        int r;

        r = offline_load(offline, argument);
        if (r == 0) {
                r = offline_plan(offline);
        }
        if (r != 0) {
                return r < 0 ? r : offline_report(offline, "plan", argument, r);
        }
        r = report_diags(&offline->diags);
        if (r < 0) {
                return r;
        }
        if (ctl->json != JSON_OFF) {
                r = planned_to_json(offline->unit->name, offline->launch, offline->backend,
                                    &planned);
                return r < 0 ? r : json_push(document, planned);
        }
        if (many &&
            str_appendf(out, "%s%s:\n", out->length > 0 ? "\n" : "", offline->unit->name) < 0) {
                return -ENOMEM;
        }
        return launch_plan_format(offline->launch, offline->backend, out);
}

int verb_plan(Ctl *ctl, char **args) {
        _cleanup_json_ json_object *document = json_object_new_array();
        _cleanup_(offline_done) Offline offline = {};
        _cleanup_(strv_freep) char **names = NULL;
        _cleanup_(str_done) Str out = STR_INIT;
        int r, status = SBX_EXIT_OK;

        if (!document) {
                return -ENOMEM;
        }
        r = offline_init(&offline, ctl->options.backend);
        r = r != 0 ? r : offline_expand(&offline, args, &names);
        if (r != 0) {
                return r;
        }
        STRV_FOREACH (arg, names) {
                r = plan_one(ctl, &offline, *arg, names[1] != NULL, document, &out);
                if (r < 0) {
                        return r;
                }
                status = MAX(status, r);
        }
        if (ctl->json == JSON_OFF) {
                r = output_print(ctl, &out);
        } else if (json_object_array_length(document) == 1 && !args[1] &&
                   !name_is_pattern(args[0])) {
                r = output_json(ctl, json_object_array_get_idx(document, 0));
        } else {
                r = output_json(ctl, document);
        }
        return r < 0 ? r : status;
}
