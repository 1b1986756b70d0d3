/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/path.h"
#include "ctl/connection.h"
#include "ctl/names.h"
#include "ctl/output.h"
#include "ctl/table.h"

static const TableColumn columns[] = {{"UNIT FILE", .cut = true, .middle = true},
                                      {"STATE"},
                                      {"PATH", .cut = true, .middle = true}};

static int row_to_json(const char *path, const char *state, json_object *document) {
        _cleanup_json_ json_object *object = json_object_new_object();
        int r;

        if (!object) {
                return -ENOMEM;
        }
        r = json_set_text(object, "unit", path_last(path));
        r = r < 0 ? r : json_set_text(object, "state", state);
        r = r < 0 ? r : json_set_text(object, "path", path);
        return r < 0 ? r : json_push(document, TAKE(object));
}

int verb_list_unit_files(Ctl *ctl, char **args) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_json_ json_object *document = json_object_new_array();
        _cleanup_table_ struct libscols_table *table = NULL;
        _cleanup_(str_done) Str out = STR_INIT;
        const char *path, *state;
        size_t n = 0;
        int r;

        if (table_check(ctl, columns, ELEMENTS(columns)) != 0 || ctl_connect(ctl) < 0) {
                return SBX_EXIT_FAILURE;
        }
        r = ctl_call(ctl, "ListUnitFiles", &error, &reply, NULL);
        if (r < 0) {
                return ctl_report(ctl, "list unit files", &error, r);
        }
        r = document ? table_new(ctl, columns, ELEMENTS(columns), &table) : -ENOMEM;
        if (r == 0) {
                r = sd_bus_message_enter_container(reply, 'a', "(ss)");
        }
        while (r >= 0 && (r = sd_bus_message_read(reply, "(ss)", &path, &state)) > 0) {
                const char *cells[] = {path_last(path), state, path};

                if (!name_matches(cells[0], args)) {
                        continue;
                }
                r = ctl->json != JSON_OFF ? row_to_json(path, state, document)
                                          : table_add(table, cells, ELEMENTS(cells), NULL, 0);
                n++;
        }
        if (r < 0) {
                return r;
        }
        if (ctl->json != JSON_OFF) {
                return output_json(ctl, document);
        }
        r = table_format(ctl, table, &out);
        if (r == 0 && !ctl->options.no_legend) {
                r = str_appendf(&out, "%s%zu unit file%s listed.\n", n > 0 ? "\n" : "", n,
                                n == 1 ? "" : "s");
        }
        return r < 0 ? r : output_print(ctl, &out);
}
