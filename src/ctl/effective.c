/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/effective.h"

#include "ctl/connection.h"
#include "ctl/job.h"
#include "ctl/output.h"
#include "ctl/table.h"

typedef struct Row {
        const char *directive, *device, *set, *in_force, *capped_by, *cap; /* the message's */
} Row;

static const TableColumn columns[] = {
        {"DIRECTIVE"},
        {"SET", .right = true},
        {"IN FORCE", .right = true},
        {"CAPPED BY"},
};

static int row_to_table(const Row *row, struct libscols_table *table) {
        _cleanup_free_ char *directive =
                *row->device ? strf("%s %s", row->directive, row->device) : strdup(row->directive);
        _cleanup_free_ char *cap =
                *row->capped_by ? strf("%s: %s", row->capped_by, row->cap) : strdup("");

        if (!directive || !cap) {
                return -ENOMEM;
        }
        const char *cells[] = {directive, *row->set ? row->set : "-",
                               *row->in_force ? row->in_force : "-", cap};

        return table_add(table, cells, ELEMENTS(cells), *cap ? "yellow" : NULL, 1u << 3);
}

/* "" of the message is null. */
static int set_or_null(json_object *object, const char *key, const char *text) {
        return json_set_text(object, key, *text ? text : NULL);
}

static int row_to_json(const Row *row, json_object *list) {
        _cleanup_json_ json_object *object = json_object_new_object();
        int r;

        if (!object) {
                return -ENOMEM;
        }
        r = json_set_text(object, "directive", row->directive);
        r = r < 0 ? r : set_or_null(object, "device", row->device);
        r = r < 0 ? r : set_or_null(object, "set", row->set);
        r = r < 0 ? r : set_or_null(object, "in_force", row->in_force);
        r = r < 0 ? r : set_or_null(object, "capped_by", row->capped_by);
        r = r < 0 ? r : set_or_null(object, "cap", row->cap);
        return r < 0 ? r : json_push(list, TAKE(object));
}

static int read_rows(sd_bus_message *reply, struct libscols_table *table, json_object *list) {
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(ssssss)");
        while (r >= 0) {
                Row row;

                r = sd_bus_message_read(reply, "(ssssss)", &row.directive, &row.device, &row.set,
                                        &row.in_force, &row.capped_by, &row.cap);
                if (r <= 0) {
                        break;
                }
                r = row_to_table(&row, table);
                r = r < 0 ? r : row_to_json(&row, list);
        }
        return r;
}

int effective_show(Ctl *ctl, const char *unit, json_object *document, Str *out) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_json_ json_object *list = json_object_new_array();
        _cleanup_table_ struct libscols_table *table = NULL;
        int r;

        r = ctl_call(ctl, "GetEffectiveLimits", &error, &reply, "s", unit);
        if (r < 0) {
                return unit_report(ctl, "show the limits of", unit, &error, r);
        }
        r = list ? table_new(ctl, columns, ELEMENTS(columns), &table) : -ENOMEM;
        if (r == 0) {
                r = read_rows(reply, table, list);
        }
        if (r < 0) {
                return r;
        }
        if (ctl->json != JSON_OFF) {
                return json_set(document, unit, TAKE(list));
        }
        if (out->length > 0) {
                r = str_append_char(out, '\n');
        }
        return r < 0 ? r : table_format(ctl, table, out);
}
