/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/doctor.h"

#include "base/log.h"
#include "ctl/property.h"
#include "ctl/table.h"
#include "ctl/text.h"

#include "sbx/exit.h"

static const TableColumn columns[] = {
        {"CHECK"},
        {"STATE"},
        {"DETAIL", .lines = true},
        {"FIX", .lines = true},
};

/* What is left of a terminal by the first two columns, shared between the others; 0: no bound. */
enum { FIRST_COLUMNS = 30, NARROWEST = 16 };

static size_t share(size_t width, unsigned percent) {
        return width == 0 ? 0
                          : MAX(width > FIRST_COLUMNS ? (width - FIRST_COLUMNS) * percent / 100 : 0,
                                (size_t) NARROWEST);
}

static int finding_to_table(json_object *finding, size_t width, struct libscols_table *table) {
        static const char *const colours[_FINDING_STATE_MAX] = {
                [FINDING_OK] = "green",
                [FINDING_LIMITED] = "yellow",
                [FINDING_MISSING] = "red",
                [FINDING_UNKNOWN] = NULL,
        };
        _cleanup_(str_done) Str detail = STR_INIT, fix = STR_INIT;
        int state = finding_state_parse(property_text(finding, "state")), r;

        r = text_append_wrapped(&detail, false, COLOUR_NONE, 0, share(width, 45),
                                property_text(finding, "detail"));
        r = r < 0 ? r
                  : text_append_wrapped(&fix, false, COLOUR_NONE, 0, share(width, 55),
                                        property_text(finding, "fix"));
        if (r < 0) {
                return r;
        }
        const char *cells[] = {
                property_text(finding, "check"),
                property_text(finding, "state"),
                str_text(&detail),
                str_text(&fix),
        };

        return table_add(table, cells, ELEMENTS(cells), state < 0 ? NULL : colours[state], 1u << 1);
}

/* What is missing, by name. */
static int report_unfit(json_object *findings) {
        _cleanup_(str_done) Str names = STR_INIT;
        int r = 0;

        for (size_t i = 0; r == 0 && i < json_object_array_length(findings); i++) {
                json_object *finding = json_object_array_get_idx(findings, i);

                if (property_flag(finding, "essential") &&
                    finding_state_parse(property_text(finding, "state")) == FINDING_MISSING) {
                        r = str_appendf(&names, "%s%s", names.length > 0 ? ", " : "",
                                        property_text(finding, "check"));
                }
        }
        log_error("Sandboxes do not start here. Missing: %s.", str_text(&names));
        return r;
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
                r = finding_to_table(json_object_array_get_idx(findings, i), output_width(), table);
        }
        r = r < 0 ? r : table_format(ctl, table, &out);
        r = r < 0 ? r : output_print(ctl, &out);
        if (r == 0 && !fit) {
                r = report_unfit(findings);
        }
        return r < 0 ? r : fit ? SBX_EXIT_OK : SBX_EXIT_FAILURE;
}
