/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/doctor.h"

#include "base/log.h"
#include "ctl/property.h"
#include "ctl/table.h"

#include "sbx/exit.h"

static const TableColumn columns[] = {
        {"CHECK"},
        {"STATE"},
        {"DETAIL", .wrap = true},
        {"FIX", .wrap = true},
};

static int finding_to_table(json_object *finding, struct libscols_table *table) {
        static const char *const colours[_FINDING_STATE_MAX] = {
                [FINDING_OK] = "green",
                [FINDING_LIMITED] = "yellow",
                [FINDING_MISSING] = "red",
                [FINDING_UNKNOWN] = NULL,
        };
        const char *cells[] = {
                property_text(finding, "check"),
                property_text(finding, "state"),
                property_text(finding, "detail"),
                property_text(finding, "fix"),
        };
        int state = finding_state_parse(cells[1]);

        return table_add(table, cells, ELEMENTS(cells), state < 0 ? NULL : colours[state], 1u << 1);
}

int verb_doctor(Ctl *ctl, char **args) {
        _cleanup_json_ json_object *findings = json_object_new_array();
        _cleanup_table_ struct libscols_table *table = NULL;
        _cleanup_(str_done) Str out = STR_INIT;
        bool fit = false;
        int r;

        if (table_check(ctl, columns, ELEMENTS(columns)) != 0) {
                return SBX_EXIT_FAILURE;
        }
        r = findings ? doctor_examine(ctl, findings, &fit) : -ENOMEM;
        if (r == 0 && ctl->json != JSON_OFF) {
                r = output_json(ctl, findings);
                return r < 0 ? r : fit ? SBX_EXIT_OK : SBX_EXIT_FAILURE;
        }
        r = r < 0 ? r : table_new(ctl, columns, ELEMENTS(columns), &table);
        for (size_t i = 0; r == 0 && i < json_object_array_length(findings); i++) {
                r = finding_to_table(json_object_array_get_idx(findings, i), table);
        }
        r = r < 0 ? r : table_format(ctl, table, &out);
        r = r < 0 ? r : output_print(ctl, &out);
        if (r == 0 && !fit) {
                log_error("Something essential is missing: sandboxes with the defaults do not "
                          "start here.");
        }
        return r < 0 ? r : fit ? SBX_EXIT_OK : SBX_EXIT_FAILURE;
}
