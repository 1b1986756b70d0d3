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

/* -- values of disks -- */

/* Paths of one disk are one. */
typedef struct Disk {
        const ValueItem *item;
        uint32_t major, minor;
        bool unset;
} Disk;

typedef struct DiskList {
        Disk *disks;
        size_t n;
} DiskList;

static Disk *disk_find(const DiskList *list, const DeviceSource *source) {
        for (size_t i = 0; i < list->n; i++) {
                if (list->disks[i].major == source->major &&
                    list->disks[i].minor == source->minor) {
                        return &list->disks[i];
                }
        }
        return NULL;
}

static Disk disk_of(const Builder *builder, const DeviceSource *source, const ValueItem *item,
                    bool unset) {
        return (Disk){.item = item,
                      .major = source->major,
                      .minor = source->minor,
                      .unset = unset || (builder->change && item->size == LIMIT_INFINITY)};
}

/* The last one counts. */
static void list_disks(Builder *builder, const LimitRequest *request, DiskList *list) {
        const ValueList *asked = request->field;

        for (size_t i = 0; i < asked->n; i++) {
                const ValueItem *item = &asked->items[i];
                const DeviceSource *source =
                        builder->input->devices
                                ? device_sources_find(builder->input->devices, item->text)
                                : NULL;
                Disk *disk;

                if (!source) {
                        builder_refuse(builder, request->origin, item->place,
                                       "The disk of %s is not known", item->text);
                        continue;
                }
                disk = disk_find(list, source);
                disk = disk ? disk : &list->disks[list->n++];
                *disk = disk_of(builder, source, item, false);
        }
}

/* What is in force and is no longer asked for. A disk that is gone took its limit along. */
static void list_disks_to_unset(const Builder *builder, const LimitRequest *request,
                                DiskList *list) {
        const DeviceSources *devices = builder->change->devices_before;
        const ValueList *before =
                directive_field_const(request->directive, builder->change->before);

        for (size_t i = 0; i < before->n; i++) {
                const ValueItem *item = &before->items[i];
                const DeviceSource *source = device_sources_find(devices, item->text);

                if (source && !disk_find(list, source)) {
                        list->disks[list->n++] = disk_of(builder, source, item, true);
                }
        }
}

static int make_disk_list(Builder *builder, const LimitRequest *request, DiskList *ret) {
        const ValueList *asked = request->field, *before = NULL;
        bool running = builder->change && builder->change->before;

        if (running) {
                before = directive_field_const(request->directive, builder->change->before);
        }
        *ret = (DiskList){.disks = calloc(asked->n + (before ? before->n : 0) + 1, sizeof(Disk))};
        if (!ret->disks) {
                return -ENOMEM;
        }
        list_disks(builder, request, ret);
        if (running) {
                list_disks_to_unset(builder, request, ret);
        }
        return 0;
}

static uint64_t default_weight(const Builder *builder) {
        uint64_t weight = builder->spec->io_weight;

        return weight == LIMIT_INFINITY ? LIMIT_WEIGHT_DEFAULT : weight;
}

/* systemd forgets a weight that is taken back, and leaves it with the kernel. */
static bool is_reweighed(const Builder *builder, const TextLimit *limit, const Disk *disk) {
        return disk->unset && limit->format == TEXT_LIMIT_DEVICE_WEIGHT &&
               builder->input->backend == BACKEND_SCOPE;
}

static int append_disk_line(const Builder *builder, const TextLimit *limit, const Disk *disk,
                            char ***lines) {
        bool reweighed = is_reweighed(builder, limit, disk);
        const TextLimitValue value = {
                .unset = disk->unset && !reweighed,
                .major = disk->major,
                .minor = disk->minor,
                .number = reweighed ? default_weight(builder) : disk->item->size,
        };

        return !value.unset && value.number == LIMIT_INFINITY
                       ? 0 /* nothing to do */
                       : append_line(builder, limit, &value, lines);
}

/* -- what systemd is asked for -- */

static int add_disks_property(Builder *builder, const LimitRequest *request, const TextLimit *limit,
                              const DiskList *list, char **lines) {
        _cleanup_free_ ValueItem *items = calloc(list->n + 1, sizeof(ValueItem));
        ScopeProperty property = {.signature = "a(st)",
                                  .list.items = items,
                                  .origin = request->origin,
                                  .place = request->place,
                                  .expected = lines};

        if (!items) {
                strv_free(lines);
                return -ENOMEM;
        }
        for (size_t i = 0; i < list->n; i++) {
                ValueItem *item = &items[property.list.n];
                const Disk *disk = &list->disks[i];

                if (disk->unset && !is_reweighed(builder, limit, disk)) {
                        continue;
                }
                *item = (ValueItem){.text = disk->item->text,
                                    .size = disk->unset ? default_weight(builder)
                                                        : disk->item->size};
                property.list.n++;
        }
        return scope_property_set_list(builder, property, limit->scope_property);
}

static int add_property(Builder *builder, const LimitRequest *request, const TextLimit *limit,
                        char **lines) {
        ScopeProperty property = {
                .origin = request->origin, .place = request->place, .expected = lines};

        if (limit->format == TEXT_LIMIT_SET) {
                property.signature = "ay";
                property.set = *(const NumberSet *) request->field;
        } else {
                property.signature = "t";
                property.number = *(const uint64_t *) request->field;
        }
        return scope_property_add(builder, property, limit->scope_property);
}

/* -- what the helper writes -- */

static int add_lines(Builder *builder, const LimitRequest *request, const TextLimit *limit,
                     char *const *lines) {
        int r = 0;

        STRV_FOREACH (line, lines) {
                r = r < 0 ? r : limit_allow_best_effort(builder, request);
                r = r < 0 ? r
                          : builder_add(builder, OP_LIMIT_TEXT, request->origin, request->place,
                                        U64(limit->id), *line);
        }
        return r;
}

/* -- both -- */

static int build_disks(Builder *builder, const LimitRequest *request, const TextLimit *limit) {
        _cleanup_(strv_freep) char **lines = NULL;
        _cleanup_free_ Disk *disks = NULL;
        DiskList list;
        int r;

        r = make_disk_list(builder, request, &list);
        disks = list.disks;
        for (size_t i = 0; i < list.n && r == 0; i++) {
                r = append_disk_line(builder, limit, &list.disks[i], &lines);
        }
        if (r < 0 || !lines) {
                return r; /* `infinity` alone: nothing to do */
        }
        return builder->input->backend == BACKEND_SCOPE
                       ? add_disks_property(builder, request, limit, &list, TAKE(lines))
                       : add_lines(builder, request, limit, lines);
}

static int build_one(Builder *builder, const LimitRequest *request, const TextLimit *limit) {
        _cleanup_(strv_freep) char **lines = NULL;
        TextLimitValue value = {};
        uint64_t weight = LIMIT_WEIGHT_DEFAULT;
        LimitRequest filled = *request;
        int r;

        if (limit->format == TEXT_LIMIT_SET) {
                value.set = request->field;
                value.unset = number_set_is_empty(value.set);
        } else {
                if (request->set) {
                        weight = *(const uint64_t *) request->field;
                }
                value.number = weight;
                filled.field = &weight;
        }
        r = append_line(builder, limit, &value, &lines);
        if (r < 0) {
                return r;
        }
        return builder->input->backend == BACKEND_SCOPE
                       ? add_property(builder, &filled, limit, TAKE(lines))
                       : add_lines(builder, request, limit, lines);
}

static bool is_to_be_unset(const Builder *builder, const LimitRequest *request) {
        const Spec *before = builder->change ? builder->change->before : NULL;

        return before && before->set[request->directive->id];
}

int build_text_limit(Builder *builder, const LimitRequest *request, const TextLimit *limit) {
        const HostFacts *host = builder->input->host;
        CgroupHierarchy hierarchy;
        const char *file;

        if (!request->set && !is_to_be_unset(builder, request)) {
                return 0;
        }
        if (text_limit_locate(limit, host->cgroup_mode, host->cgroup_controllers, &hierarchy,
                              &file) < 0) {
                return request->set ? limit_not_offered(builder, request, limit_reason(host)) : 0;
        }
        return text_limit_is_of_devices(limit) ? build_disks(builder, request, limit)
                                               : build_one(builder, request, limit);
}
