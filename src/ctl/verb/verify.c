/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"
#include "ctl/offline.h"
#include "ctl/output.h"
#include "ctl/report.h"

#include "sbx/exit.h"

static int diag_to_json(const Diag *diag, json_object *array) {
        _cleanup_json_ json_object *row = json_object_new_object();
        int r;

        if (!row) {
                return -ENOMEM;
        }
        r = json_set_text(row, "severity", diag_severity_name(diag->severity));
        if (r == 0) {
                r = json_set_place(row, "place", &diag->place);
        }
        if (r == 0) {
                r = json_set_text(row, "directive", diag->directive);
        }
        if (r == 0) {
                r = json_set_text(row, "text", diag->text);
        }
        return r < 0 ? r : json_push(array, TAKE(row));
}

static int result_to_json(const Offline *offline, const char *argument, json_object *document) {
        _cleanup_json_ json_object *row = json_object_new_object(),
                                   *diags = json_object_new_array();
        int r;

        if (!row || !diags) {
                return -ENOMEM;
        }
        r = json_set_text(row, "unit", offline->unit ? offline->unit->name : argument);
        if (r == 0) {
                r = json_set(row, "errors", json_object_new_uint64(offline->diags.n_errors));
        }
        if (r == 0) {
                r = json_set(row, "warnings", json_object_new_uint64(offline->diags.n_warnings));
        }
        for (size_t i = 0; r == 0 && i < offline->diags.n; i++) {
                r = diag_to_json(&offline->diags.diags[i], diags);
        }
        if (r == 0) {
                r = json_set(row, "diagnostics", TAKE(diags));
        }
        return r < 0 ? r : json_push(document, TAKE(row));
}

/* All that is wrong with one unit goes into offline->diags, outcomes too: verify has one form of
 * answer. */
static int verify_one(Offline *offline, const char *argument) {
        Place place = {};
        int r;

        r = offline_load(offline, argument);
        if (r == 0) {
                r = offline_plan(offline);
        }
        if (r < 0) {
                return r;
        }
        place.file = file_intern(argument);
        if (r == UNIT_E_BAD_NAME) {
                diag_add(&offline->diags, DIAG_ERROR, &place, NULL,
                         "this is no name of a sandbox; a file is given by a path with a slash");
        } else if (r == UNIT_E_NOT_FOUND) {
                diag_add(&offline->diags, DIAG_ERROR, &place, NULL,
                         strchr(argument, '/') ? "there is no such file"
                                               : "there is no such unit in the search path");
        } else if (r == UNIT_E_MASKED) {
                diag_add(&offline->diags, DIAG_WARNING, &place, NULL,
                         "the unit is masked: its file is a link to /dev/null");
        } else if (r != 0 && !diag_list_has_errors(&offline->diags)) {
                diag_add(&offline->diags, DIAG_ERROR, &place, NULL,
                         "the unit cannot be planned on this host");
        }
        diag_list_sort(&offline->diags);
        return 0;
}

int verb_verify(Ctl *ctl, char **args) {
        _cleanup_json_ json_object *document = json_object_new_array();
        _cleanup_(offline_done) Offline offline = {};
        _cleanup_(strv_freep) char **names = NULL;
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
                r = verify_one(&offline, *arg);
                if (r == 0) {
                        r = ctl->json != JSON_OFF ? result_to_json(&offline, *arg, document)
                                                  : report_diags(&offline.diags);
                }
                if (r < 0) {
                        return r;
                }
                if (offline.diags.n_errors > 0) {
                        status = SBX_EXIT_VERIFY_ERRORS;
                } else if (offline.diags.n_warnings > 0) {
                        status = MAX(status, (int) SBX_EXIT_VERIFY_WARNINGS);
                }
        }
        if (ctl->json != JSON_OFF) {
                r = output_json(ctl, document);
        }
        return r < 0 ? r : status;
}
