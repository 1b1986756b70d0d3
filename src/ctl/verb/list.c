/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"
#include "ctl/connection.h"
#include "ctl/names.h"
#include "ctl/output.h"
#include "ctl/property.h"
#include "ctl/table.h"
#include "ctl/text.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct Row {
        const char *unit, *description, *load, *active, *sub, *freezer; /* the message's */
        uint32_t pid;
        uint64_t memory;
        char *ports;
} Row;

static void row_done(Row *row) {
        free(row->ports);
}

enum { COLUMN_UNIT = 1 };

static const TableColumn columns[] = {
        {" "},
        [COLUMN_UNIT] = {"UNIT", .cut = true, .middle = true},
        {"LOAD"},
        {"ACTIVE"},
        {"SUB"},
        {"PID", .right = true},
        {"MEMORY", .right = true},
        {"PORTS", .cut = true},
        {"DESCRIPTION", .cut = true},
};

/* 1: one entry of ListSandboxes(); 0: there are no more. */
static int row_read(sd_bus_message *reply, Row *row) {
        _cleanup_(strv_freep) char **ports = NULL;
        int r;

        r = sd_bus_message_enter_container(reply, 'r', "sssssutsas");
        if (r <= 0) {
                return r;
        }
        r = sd_bus_message_read(reply, "sssssuts", &row->unit, &row->description, &row->load,
                                &row->active, &row->sub, &row->pid, &row->memory, &row->freezer);
        r = r < 0 ? r : sd_bus_message_read_strv(reply, &ports);
        r = r < 0 ? r : sd_bus_message_exit_container(reply);
        if (r < 0) {
                return r;
        }
        row->ports = ports ? strv_join(ports, " ") : strdup("");
        return row->ports ? 1 : -ENOMEM;
}

static bool row_is_frozen(const Row *row) {
        return *row->freezer && !streq(row->freezer, "running");
}

static int row_to_table(const Row *row, struct libscols_table *table) {
        bool failed = streq(row->active, "failed"), bad = !streq(row->load, "loaded");
        _cleanup_free_ char *pid = strf("%" PRIu32, row->pid);
        _cleanup_(str_done) Str memory = STR_INIT;

        if (!pid || (row->memory != UINT64_MAX && row->memory > 0 &&
                     text_append_size(&memory, row->memory) < 0)) {
                return -ENOMEM;
        }
        const char *cells[] = {
                failed || bad ? (MB_CUR_MAX > 1 ? "●" : "*") : " ",
                row->unit,
                row->load,
                row->active,
                row_is_frozen(row) ? row->freezer : row->sub,
                row->pid > 0 ? pid : "",
                str_text(&memory),
                row->ports,
                *row->description ? row->description : row->unit,
        };

        return table_add(table, cells, ELEMENTS(cells), failed || bad ? "red" : NULL,
                         failed ? 1u << 0 | 1u << 3 | 1u << 4 : 1u << 0 | 1u << 2);
}

static int row_to_json(const Row *row, json_object *document) {
        _cleanup_json_ json_object *object = json_object_new_object();
        int r;

        if (!object) {
                return -ENOMEM;
        }
        r = json_set_text(object, "unit", row->unit);
        r = r < 0 ? r : json_set_text(object, "load", row->load);
        r = r < 0 ? r : json_set_text(object, "active", row->active);
        r = r < 0 ? r : json_set_text(object, "sub", row->sub);
        r = r < 0 ? r : json_set_text(object, "freezer", row->freezer);
        r = r < 0 ? r : json_set(object, "pid", json_object_new_uint64(row->pid));
        if (r == 0 && row->memory == UINT64_MAX) {
                r = json_set_text(object, "memory", NULL);
        } else if (r == 0) {
                r = json_set(object, "memory", json_object_new_uint64(row->memory));
        }
        r = r < 0 ? r : json_set_text(object, "ports", row->ports);
        r = r < 0 ? r : json_set_text(object, "description", row->description);
        return r < 0 ? r : json_push(document, TAKE(object));
}

/* 1: shown; 0: left out or the end (*ret_end). */
static int list_one(Ctl *ctl, sd_bus_message *reply, char **patterns, struct libscols_table *table,
                    json_object *document, bool *ret_end) {
        _cleanup_(row_done) Row row = {};
        int r;

        r = row_read(reply, &row);
        if (r <= 0) {
                *ret_end = true;
                return r;
        }
        if (!name_matches(row.unit, patterns) ||
            (!ctl->options.all && !*patterns && streq(row.active, "inactive") &&
             streq(row.load, "loaded"))) {
                return 0;
        }
        r = ctl->json != JSON_OFF ? row_to_json(&row, document) : row_to_table(&row, table);
        return r < 0 ? r : 1;
}

static int object_compare(const void *a, const void *b) {
        return strcmp(property_text(*(json_object *const *) a, "unit"),
                      property_text(*(json_object *const *) b, "unit"));
}

int verb_list(Ctl *ctl, char **args) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_json_ json_object *document = json_object_new_array();
        _cleanup_table_ struct libscols_table *table = NULL;
        _cleanup_(str_done) Str out = STR_INIT;
        bool end = false;
        size_t n = 0;
        int r;

        if (table_check(ctl, columns, ELEMENTS(columns)) != 0 || ctl_connect(ctl) < 0) {
                return SBX_EXIT_FAILURE;
        }
        r = ctl_call(ctl, "ListSandboxes", &error, &reply, NULL);
        if (r < 0) {
                return ctl_report(ctl, "list sandboxes", &error, r);
        }
        r = document ? table_new(ctl, columns, ELEMENTS(columns), &table) : -ENOMEM;
        if (r == 0) {
                r = sd_bus_message_enter_container(reply, 'a', "(sssssutsas)");
        }
        while (r >= 0 && !end) {
                r = list_one(ctl, reply, args, table, document, &end);
                n += r > 0;
        }
        if (r < 0) {
                return r;
        }
        if (ctl->json != JSON_OFF) {
                json_object_array_sort(document, object_compare);
                return output_json(ctl, document);
        }
        r = table_sort(table, COLUMN_UNIT);
        r = r < 0 ? r : table_format(ctl, table, &out);
        if (r == 0 && !ctl->options.no_legend) {
                r = str_appendf(&out, "%s%zu sandbox%s listed.%s\n", n > 0 ? "\n" : "", n,
                                n == 1 ? "" : "es",
                                ctl->options.all ? "" : " Pass --all to see inactive ones, too.");
        }
        return r < 0 ? r : output_print(ctl, &out);
}
