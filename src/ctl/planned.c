/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/planned.h"

static int set_origin(json_object *row, uint16_t origin, const Place *place) {
        const char *directive = origin < _DIRECTIVE_MAX ? directive_table[origin].name : NULL;
        int r;

        r = json_set_text(row, "directive", directive);
        return r < 0 ? r : json_set_place(row, "place", place);
}

static json_object *strv_to_json(char *const *list) {
        _cleanup_json_ json_object *array = json_object_new_array();

        STRV_FOREACH (text, list) {
                if (!array || json_push(array, json_text(*text)) < 0) {
                        return NULL;
                }
        }
        return TAKE(array);
}

static int set_argument(json_object *row, const OpArgSchema *schema, const OpArg *arg) {
        switch (schema->type) {
        case OP_ARG_NONE:
                return 0;
        case OP_ARG_U64:
                return json_set(row, schema->name, json_object_new_uint64(arg->u64));
        case OP_ARG_I64:
                return json_set(row, schema->name, json_object_new_int64(arg->i64));
        case OP_ARG_PATH:
        case OP_ARG_STRING:
                return json_set_text(row, schema->name, arg->string);
        case OP_ARG_STRV:
                return json_set(row, schema->name, strv_to_json(arg->strv));
        case OP_ARG_BLOB: {
                _cleanup_json_ json_object *blob = json_object_new_object();

                if (!blob || json_set(blob, "bytes", json_object_new_uint64(arg->blob.size)) < 0) {
                        return -ENOMEM;
                }
                return json_set(row, schema->name, TAKE(blob));
        }
        }
        return -EINVAL;
}

static int push_op(json_object *array, const Op *op) {
        _cleanup_json_ json_object *row = json_object_new_object(),
                                   *arguments = json_object_new_object();
        const OpSchema *schema = &op_table[op->kind];
        _cleanup_(str_done) Str text = STR_INIT;
        int r;

        if (!row || !arguments) {
                return -ENOMEM;
        }
        r = json_set_text(row, "op", schema->name);
        if (r == 0) {
                r = json_set_text(row, "phase", op_phase_name(schema->phase));
        }
        if (r == 0) {
                r = set_origin(row, op->origin, &op->place);
        }
        for (size_t i = 0; r == 0 && i < OP_ARGS_MAX; i++) {
                r = set_argument(arguments, &schema->args[i], &op->args[i]);
        }
        if (r == 0) {
                r = json_set(row, "arguments", TAKE(arguments));
        }
        if (r == 0) {
                /* with the names of flags and kinds, as the text of plan has them */
                r = op_format(op, &text);
        }
        if (r == 0) {
                r = json_set_text(row, "text", str_text(&text));
        }
        return r < 0 ? r : json_push(array, TAKE(row));
}

static json_object *set_to_json(const NumberSet *set) {
        _cleanup_(str_done) Str text = STR_INIT;

        return number_set_format(set, ' ', &text) < 0 ? NULL
                                                      : json_object_new_string(str_text(&text));
}

/* An array of arrays: [["/dev/null", "rw"]], [["/dev/sda", 1000]]. */
static json_object *items_to_json(const ValueList *list, bool numbered) {
        _cleanup_json_ json_object *array = json_object_new_array();

        for (size_t i = 0; array && i < list->n; i++) {
                const ValueItem *item = &list->items[i];
                json_object *row = json_object_new_array();

                if (!row || json_push(array, row) < 0 ||
                    json_push(row, json_object_new_string(item->text)) < 0 ||
                    (item->second && json_push(row, json_object_new_string(item->second)) < 0) ||
                    (numbered && json_push(row, json_object_new_uint64(item->size)) < 0)) {
                        return NULL;
                }
        }
        return TAKE(array);
}

static int push_property(json_object *array, const ScopeProperty *property) {
        _cleanup_json_ json_object *row = json_object_new_object();
        int r;

        if (!row) {
                return -ENOMEM;
        }
        r = json_set_text(row, "name", property->name);
        if (r == 0 && property->text) {
                r = json_set_text(row, "value", property->text);
        } else if (r == 0 && streq(property->signature, "ay")) {
                r = json_set(row, "value", set_to_json(&property->set));
        } else if (r == 0 && property->signature[0] == 'a') {
                r = json_set(row, "value",
                             items_to_json(&property->list, streq(property->signature, "a(st)")));
        } else if (r == 0 && property->signature[0] == 'b') {
                r = json_set(row, "value", json_object_new_boolean(property->number != 0));
        } else if (r == 0) {
                r = json_set(row, "value", json_object_new_uint64(property->number));
        }
        if (r == 0) {
                r = set_origin(row, property->origin, &property->place);
        }
        return r < 0 ? r : json_push(array, TAKE(row));
}

int planned_to_json(const char *unit_name, const LaunchPlan *launch, Backend backend,
                    json_object **ret) {
        _cleanup_json_ json_object *document = json_object_new_object(),
                                   *ops = json_object_new_array(), *scope = json_object_new_array();
        int r = 0;

        if (!document || !ops || !scope) {
                return -ENOMEM;
        }
        for (size_t i = 0; r == 0 && i < launch->plan->n_ops; i++) {
                r = push_op(ops, &launch->plan->ops[i]);
        }
        for (size_t i = 0; r == 0 && i < launch->n_properties; i++) {
                r = push_property(scope, &launch->properties[i]);
        }
        if (r == 0) {
                r = json_set_text(document, "unit", unit_name);
        }
        if (r == 0) {
                r = json_set_text(document, "backend", backend_name(backend));
        }
        if (r == 0) {
                r = json_set(document, "ops", TAKE(ops));
        }
        if (r == 0) {
                r = json_set(document, "scope", TAKE(scope));
        }
        if (r == 0) {
                r = json_set(document, "degraded", strv_to_json(launch->degraded));
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE(document);
        return 0;
}
