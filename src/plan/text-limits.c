/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Limits that are more than one number: sets, and values that belong to a disk. */

#include "plan/limits.h"

/* One line for each value: what is to stand in the kernel's file. */
static int append_line(const Builder *builder, const TextLimit *limit, const TextLimitValue *value,
                       char ***lines) {
        char *line = NULL;
        int r;

        r = text_limit_format(limit, builder->input->host->cgroup_mode, value, &line);
        return r < 0 ? r : strv_append_take(lines, line);
}

static int append_disk_lines(Builder *builder, const LimitRequest *request, const TextLimit *limit,
                             char ***lines) {
        const ValueList *list = request->field;
        int r = 0;

        for (size_t i = 0; i < list->n && r == 0; i++) {
                const ValueItem *item = &list->items[i];
                const DeviceSource *disk =
                        builder->input->devices
                                ? device_sources_find(builder->input->devices, item->text)
                                : NULL;

                if (!disk) {
                        builder_refuse(builder, request->origin, item->place,
                                       "The disk of %s is not known", item->text);
                } else if (item->size != LIMIT_INFINITY) {
                        r = append_line(builder, limit,
                                        &(TextLimitValue){.major = disk->major,
                                                          .minor = disk->minor,
                                                          .number = item->size},
                                        lines);
                }
        }
        return r;
}

static int append_lines(Builder *builder, const LimitRequest *request, const TextLimit *limit,
                        char ***lines) {
        TextLimitValue value = {};

        switch (limit->format) {
        case TEXT_LIMIT_SET:
                value.set = request->field;
                break;
        case TEXT_LIMIT_WEIGHT:
                value.number = *(const uint64_t *) request->field;
                break;
        case TEXT_LIMIT_DEVICE_WEIGHT:
        case TEXT_LIMIT_DEVICE:
                return append_disk_lines(builder, request, limit, lines);
        }
        return append_line(builder, limit, &value, lines);
}

static int add_text_property(Builder *builder, const LimitRequest *request, const TextLimit *limit,
                             char **lines) {
        ScopeProperty property = {
                .origin = request->origin, .place = request->place, .expected = lines};

        switch (limit->format) {
        case TEXT_LIMIT_SET:
                property.signature = "ay";
                property.set = *(const NumberSet *) request->field;
                break;
        case TEXT_LIMIT_WEIGHT:
                property.signature = "t";
                property.number = *(const uint64_t *) request->field;
                break;
        case TEXT_LIMIT_DEVICE_WEIGHT:
        case TEXT_LIMIT_DEVICE:
                property.signature = "a(st)";
                property.list = *(const ValueList *) request->field;
                break;
        }
        return scope_property_add(builder, property, limit->scope_property);
}

int build_text_limit(Builder *builder, const LimitRequest *request, const TextLimit *limit) {
        const HostFacts *host = builder->input->host;
        _cleanup_(strv_freep) char **lines = NULL;
        CgroupHierarchy hierarchy;
        const char *file;
        int r;

        if (!request->set) {
                return 0;
        }
        if (text_limit_locate(limit, host->cgroup_mode, host->cgroup_controllers, &hierarchy,
                              &file) < 0) {
                return limit_not_offered(builder, request, limit_reason(host));
        }
        r = append_lines(builder, request, limit, &lines);
        if (r < 0 || !lines) {
                return r; /* `infinity` alone: nothing to do */
        }
        if (builder->input->backend == BACKEND_SCOPE) {
                return add_text_property(builder, request, limit, TAKE(lines));
        }
        STRV_FOREACH (line, lines) {
                r = limit_allow_best_effort(builder, request);
                if (r == 0) {
                        r = builder_add(builder, OP_LIMIT_TEXT, request->origin, request->place,
                                        U64(limit->id), *line);
                }
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}
