/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"
#include "base/time.h"
#include "ctl/connection.h"
#include "ctl/job.h"
#include "ctl/names.h"
#include "ctl/output.h"
#include "ctl/processes.h"
#include "ctl/table.h"

#include <inttypes.h>

enum { UNIT, PID, INSIDE, USER, STATE, CPU, MEMORY, COMMAND, PARENT, _COLUMN_MAX };

static const TableColumn columns[_COLUMN_MAX] = {
        [UNIT] = {"UNIT", .cut = true, .middle = true},
        [PID] = {"PID", .right = true},
        [INSIDE] = {"INSIDE", .right = true},
        [USER] = {"USER", .right = true},
        [STATE] = {"STATE"},
        [CPU] = {"CPU", .right = true},
        [MEMORY] = {"MEMORY", .right = true},
        [COMMAND] = {"COMMAND", .cut = true, .tree = true},
        [PARENT] = {"PARENT", .right = true, .extra = true},
};

static char *number_text(uint32_t number, uint32_t none) {
        return number == none ? strdup("-") : strf("%" PRIu32, number);
}

static int process_to_table(const char *unit, const Process *process, struct libscols_table *table,
                            struct libscols_line **ret) {
        _cleanup_free_ char *pid = strf("%" PRIu32, process->pid),
                            *inner = number_text(process->inner, 0),
                            *user = number_text(process->user, UINT32_MAX),
                            *parent = strf("%" PRIu32, process->parent), *cpu = NULL;
        const char state[] = {process->state, '\0'};
        _cleanup_(str_done) Str memory = STR_INIT;

        /* nobody reads microseconds */
        cpu = usec_format_span(process->cpu_nsec / NSEC_PER_USEC / USEC_PER_MSEC * USEC_PER_MSEC);
        if (!pid || !inner || !user || !parent || !cpu ||
            text_append_size(&memory, process->memory_bytes) < 0) {
                return -ENOMEM;
        }
        const char *cells[_COLUMN_MAX] = {
                [UNIT] = unit,
                [PID] = pid,
                [INSIDE] = inner,
                [USER] = user,
                [STATE] = state,
                [CPU] = cpu,
                [MEMORY] = str_text(&memory),
                [COMMAND] = process->command,
                [PARENT] = parent,
        };

        return table_add_line(table, cells, _COLUMN_MAX, ret);
}

static int list_to_table(const char *unit, const ProcessList *list, struct libscols_table *table) {
        _cleanup_free_ struct libscols_line **lines = calloc(list->n ? list->n : 1, sizeof(*lines));
        int r = lines ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < list->n; i++) {
                r = process_to_table(unit, &list->items[i], table, &lines[i]);
        }
        /* a parent may have the greater number, where numbers began anew */
        for (size_t i = 0; r == 0 && i < list->n; i++) {
                for (size_t j = 0; r == 0 && j < list->n; j++) {
                        if (j != i && list->items[j].pid == list->items[i].parent) {
                                r = scols_line_add_child(lines[j], lines[i]);
                                break;
                        }
                }
        }
        return r;
}

static int process_to_json(const char *unit, const Process *process, json_object *document) {
        _cleanup_json_ json_object *object = json_object_new_object();
        const char state[] = {process->state, '\0'};
        int r;

        r = object ? json_set_text(object, "unit", unit) : -ENOMEM;
        r = r < 0 ? r : json_set(object, "pid", json_object_new_int64(process->pid));
        r = r < 0 ? r : json_set(object, "parent", json_object_new_int64(process->parent));
        if (r == 0) {
                r = process->inner > 0
                            ? json_set(object, "inside", json_object_new_int64(process->inner))
                            : json_set_text(object, "inside", NULL);
        }
        if (r == 0) {
                r = process->user != UINT32_MAX
                            ? json_set(object, "user", json_object_new_int64(process->user))
                            : json_set_text(object, "user", NULL);
        }
        r = r < 0 ? r : json_set_text(object, "state", state);
        r = r < 0 ? r : json_set(object, "cpu_nsec", json_object_new_uint64(process->cpu_nsec));
        r = r < 0 ? r : json_set(object, "memory", json_object_new_uint64(process->memory_bytes));
        r = r < 0 ? r : json_set_text(object, "command", process->command);
        return r < 0 ? r : json_push(document, TAKE(object));
}

/* Gives the exit status. */
static int ps_one(Ctl *ctl, const char *unit, struct libscols_table *table, json_object *document) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(process_list_done) ProcessList list = {};
        int r;

        /* loaded first: a unit that is only on disk is one without processes */
        r = ctl_call(ctl, "LoadUnit", &error, NULL, "s", unit);
        r = r < 0 ? r : processes_read(ctl, unit, &error, &list);
        if (r < 0) {
                return unit_report(ctl, "list the processes of", unit, &error, r);
        }
        if (ctl->json == JSON_OFF) {
                r = list_to_table(unit, &list, table);
        }
        for (size_t i = 0; r == 0 && ctl->json != JSON_OFF && i < list.n; i++) {
                r = process_to_json(unit, &list.items[i], document);
        }
        if (list.total > list.n) {
                log_warning("%s has %zu more that are not shown.", unit, list.total - list.n);
        }
        return r;
}

int verb_ps(Ctl *ctl, char **args) {
        static char *const everything[] = {(char *) "*", NULL};
        _cleanup_json_ json_object *document = json_object_new_array();
        _cleanup_table_ struct libscols_table *table = NULL;
        _cleanup_(strv_freep) char **units = NULL;
        _cleanup_(str_done) Str out = STR_INIT;
        int r, status = SBX_EXIT_OK;

        if (table_check(ctl, columns, ELEMENTS(columns)) != 0 || ctl_connect(ctl) < 0) {
                return SBX_EXIT_FAILURE;
        }
        r = names_expand(ctl, args[0] ? args : everything, &units);
        if (r != 0) {
                return r;
        }
        r = document ? table_new(ctl, columns, ELEMENTS(columns), &table) : -ENOMEM;
        STRV_FOREACH (unit, units) {
                r = r < 0 ? r : ps_one(ctl, *unit, table, document);
                if (r < 0) {
                        return r;
                }
                status = r > 0 ? r : status;
        }
        if (r < 0) {
                return r;
        }
        if (ctl->json != JSON_OFF) {
                r = output_json(ctl, document);
        } else {
                r = table_format(ctl, table, &out);
                r = r < 0 ? r : output_print(ctl, &out);
        }
        return r < 0 ? r : status;
}
