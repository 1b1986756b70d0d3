/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/effective.h"

#include "base/fd.h"
#include "base/path.h"
#include "manager/in-force.h"
#include "manager/manager.h"
#include "manager/stats.h"
#include "op/limit.h"

#define FILE_MAX 65536u

void effective_limits_done(EffectiveLimits *limits) {
        assert(limits);

        for (size_t i = 0; i < limits->n; i++) {
                free(limits->rows[i].device);
                free(limits->rows[i].set);
                free(limits->rows[i].in_force);
                free(limits->rows[i].capped_by);
                free(limits->rows[i].cap);
        }
        free(limits->rows);
        *limits = (EffectiveLimits){};
}

static int add_row(EffectiveLimits *limits, const Directive *directive, EffectiveLimit **ret) {
        EffectiveLimit *grown = reallocarray(limits->rows, limits->n + 1, sizeof(*grown));

        if (!grown) {
                return -ENOMEM;
        }
        limits->rows = grown;
        *ret = &grown[limits->n++];
        **ret = (EffectiveLimit){.directive = directive};
        return 0;
}

/* "/a/b" → "/a" → "/"; false at the root. */
static bool go_up(char *path) {
        char *slash = strrchr(path, '/');

        if (!slash || streq(path, "/")) {
                return false;
        }
        slash[slash == path ? 1 : 0] = '\0';
        return true;
}

/* A value of one text; what is not set has an empty one. */
static int format_value(const Directive *directive, const void *value, char **ret) {
        _cleanup_(strv_freep) char **texts = NULL;
        int r;

        r = directive->type->format(directive, value, &texts);
        if (r < 0 || !texts || texts[0][0] == '\0') {
                return r;
        }
        *ret = strdup(texts[0]);
        return *ret ? 0 : -ENOMEM;
}

static int format_cap(EffectiveLimit *row, const char *path, const void *value) {
        row->capped_by = strdup(path);
        return row->capped_by ? format_value(row->directive, value, &row->cap) : -ENOMEM;
}

/* -- limits of one number -- */

/* What holds where the controller does not reach down to the sandbox's own cgroup. */
static uint64_t value_of_none(const Limit *limit) {
        return limit->id == LIMIT_MEMORY_LOW || limit->id == LIMIT_MEMORY_MIN ? 0 : LIMIT_INFINITY;
}

/* A share holds among siblings alone; every other limit of an ancestor holds for all below it. */
static int find_cap(const Limit *limit, const HostFacts *host, char *path, uint64_t in_force,
                    EffectiveLimit *row) {
        _cleanup_free_ char *capped_by = NULL;
        uint64_t tightest = in_force, value;

        if (limit->format == LIMIT_WEIGHT || limit->format == LIMIT_PERIOD) {
                return 0;
        }
        while (go_up(path)) {
                /* the root has no such file: nothing is limited there */
                if (limit_read_path(limit, host->cgroup_mode, host->cgroup_controllers, path,
                                    &value) < 0 ||
                    value >= tightest) {
                        continue;
                }
                tightest = value;
                free(capped_by);
                capped_by = strdup(path);
                if (!capped_by) {
                        return -ENOMEM;
                }
        }
        return capped_by ? format_cap(row, capped_by, &tightest) : 0;
}

static int read_number(const Sandbox *sandbox, const Spec *spec, const Directive *directive,
                       const Limit *limit, EffectiveLimits *limits) {
        const HostFacts *host = &sandbox->manager->host;
        _cleanup_free_ char *path = NULL;
        CgroupHierarchy hierarchy;
        EffectiveLimit *row;
        const char *file;
        uint64_t value;
        int r;

        r = add_row(limits, directive, &row);
        if (r == 0) {
                r = format_value(directive, directive_field_const(directive, spec), &row->set);
        }
        if (r < 0 || sandbox->run.leader_pid <= 0 ||
            limit_locate(limit, host->cgroup_mode, host->cgroup_controllers, &hierarchy, &file) <
                    0 ||
            stats_cgroup_of(sandbox, hierarchy, &path) < 0) {
                return r;
        }
        if (limit_read_path(limit, host->cgroup_mode, host->cgroup_controllers, path, &value) ==
            0) {
                r = format_value(directive, &value, &row->in_force);
        } else {
                value = value_of_none(limit);
        }
        return r < 0 ? r : find_cap(limit, host, path, value, row);
}

/* -- limits of more than one number -- */

typedef struct CgroupFiles {
        CgroupFile *files;
        size_t n;
} CgroupFiles;

static void files_done(CgroupFiles *files) {
        for (size_t i = 0; i < files->n; i++) {
                free(files->files[i].path);
                free(files->files[i].text);
        }
        free(files->files);
}

static int add_file(CgroupMode mode, CgroupHierarchy hierarchy, const char *path, const char *name,
                    CgroupFiles *files) {
        CgroupFile *grown = reallocarray(files->files, files->n + 1, sizeof(*grown));
        _cleanup_fd_ int directory = -EBADF;

        if (!grown) {
                return -ENOMEM;
        }
        files->files = grown;
        grown[files->n] = (CgroupFile){.path = strdup(path)};
        if (!grown[files->n].path) {
                return -ENOMEM;
        }
        directory = cgroup_open(mode, hierarchy, path);
        if (directory >= 0 &&
            file_read_at(directory, name, FILE_MAX, &grown[files->n].text, NULL) == -ENOMEM) {
                free(grown[files->n].path);
                return -ENOMEM;
        }
        files->n++;
        return 0;
}

/* None where it does not run, or nothing here has such a limit. */
static int read_files(const Sandbox *sandbox, const TextLimit *limit, CgroupFiles *files) {
        const HostFacts *host = &sandbox->manager->host;
        _cleanup_free_ char *path = NULL;
        CgroupHierarchy hierarchy;
        const char *name;
        int r;

        if (sandbox->run.leader_pid <= 0 ||
            text_limit_locate_effective(limit, host->cgroup_mode, host->cgroup_controllers,
                                        &hierarchy, &name) < 0 ||
            stats_cgroup_of(sandbox, hierarchy, &path) < 0) {
                return 0;
        }
        do {
                r = add_file(host->cgroup_mode, hierarchy, path, name, files);
        } while (r == 0 && go_up(path));
        return r;
}

static int read_set(const Spec *spec, const CgroupFiles *files, EffectiveLimit *row) {
        const NumberSet *asked = directive_field_const(row->directive, spec);
        SetInForce found;
        int r;

        r = format_value(row->directive, asked, &row->set);
        if (r < 0 || !set_in_force(files->files, files->n,
                                   number_set_is_empty(asked) ? NULL : asked, &found)) {
                return r;
        }
        r = format_value(row->directive, &found.set, &row->in_force);
        return r < 0 || !found.capped_by ? r : format_cap(row, found.capped_by, &found.cap);
}

/* On v1 several weights are one: then what was asked for is what is in force. */
static uint64_t nearest_weight(const TextLimit *limit, CgroupMode mode, uint64_t asked,
                               uint64_t found) {
        _cleanup_free_ char *one = NULL, *other = NULL;

        if (limit->format == TEXT_LIMIT_DEVICE || asked == LIMIT_INFINITY ||
            text_limit_format(limit, mode, &(TextLimitValue){.number = asked}, &one) < 0 ||
            text_limit_format(limit, mode, &(TextLimitValue){.number = found}, &other) < 0) {
                return found;
        }
        return streq(one, other) ? asked : found;
}

static int read_weight(const TextLimit *limit, CgroupMode mode, const Spec *spec,
                       const CgroupFiles *files, EffectiveLimit *row) {
        const char *content = files->n > 0 && files->files[0].text ? files->files[0].text : "";
        const uint64_t *asked = directive_field_const(row->directive, spec);
        TextLimitValue value;
        uint64_t number;
        int r;

        r = format_value(row->directive, asked, &row->set);
        /* bfq's own default is none of the weights that a unit's stand for */
        if (r < 0 || (*asked == LIMIT_INFINITY && mode != CGROUP_UNIFIED) ||
            !text_limit_next(limit, mode, &content, &value)) {
                return r;
        }
        number = nearest_weight(limit, mode, *asked, value.number);
        return format_value(row->directive, &number, &row->in_force);
}

/* -- limits of disks -- */

static int format_number(const Directive *directive, uint64_t number, char **ret) {
        *ret = value_device_number_text(directive, number);
        return *ret ? 0 : -ENOMEM;
}

static int fill_device(const DeviceInForce *found, bool read, EffectiveLimit *row) {
        int r = 0;

        if (read &&
            (found->number != LIMIT_INFINITY || row->directive->type->kind == VALUE_DEVICE_RATES)) {
                r = format_number(row->directive, found->number, &row->in_force);
        }
        if (r < 0 || !found->capped_by) {
                return r;
        }
        row->capped_by = strdup(found->capped_by);
        return row->capped_by ? format_number(row->directive, found->cap, &row->cap) : -ENOMEM;
}

static const DeviceInForce *find_device(const DeviceInForce *devices, size_t n,
                                        const DeviceSource *source) {
        for (size_t i = 0; i < n && source; i++) {
                if (devices[i].major == source->major && devices[i].minor == source->minor) {
                        return &devices[i];
                }
        }
        return NULL;
}

typedef struct DeviceRows {
        const Directive *directive;
        const TextLimit *limit;
        CgroupMode mode;
        const ValueList *items; /* of the unit */
        const DeviceSources *sources;
        DeviceInForce *found;
        size_t n_found;
        bool read; /* the sandbox's own file */
} DeviceRows;

static int add_items(const DeviceRows *rows, EffectiveLimits *limits) {
        int r = 0;

        for (size_t i = 0; i < rows->items->n && r == 0; i++) {
                const ValueItem *item = &rows->items->items[i];
                const DeviceSource *source = device_sources_find(rows->sources, item->text);
                const DeviceInForce *known = find_device(rows->found, rows->n_found, source);
                DeviceInForce found = known ? *known : (DeviceInForce){.number = LIMIT_INFINITY};
                EffectiveLimit *row;

                found.number = nearest_weight(rows->limit, rows->mode, item->size, found.number);
                r = add_row(limits, rows->directive, &row);
                if (r < 0) {
                        return r;
                }
                row->device = strdup(item->text);
                r = row->device ? format_number(rows->directive, item->size, &row->set) : -ENOMEM;
                r = r < 0 ? r : fill_device(&found, rows->read && source, row);
        }
        return r;
}

static bool is_named(const DeviceRows *rows, const DeviceInForce *device) {
        for (size_t i = 0; i < rows->items->n; i++) {
                if (find_device(device, 1,
                                device_sources_find(rows->sources, rows->items->items[i].text))) {
                        return true;
                }
        }
        return false;
}

static int add_others(const DeviceRows *rows, EffectiveLimits *limits) {
        int r = 0;

        for (size_t i = 0; i < rows->n_found && r == 0; i++) {
                const DeviceInForce *device = &rows->found[i];
                EffectiveLimit *row;

                if (is_named(rows, device)) {
                        continue;
                }
                r = add_row(limits, rows->directive, &row);
                r = r < 0 ? r : unit_disk_name(device->major, device->minor, &row->device);
                r = r < 0 ? r : fill_device(device, rows->read, row);
        }
        return r;
}

static int read_devices(DeviceRows *rows, const CgroupFiles *files, EffectiveLimits *limits) {
        int r;

        rows->read = files->n > 0 && files->files[0].text;
        r = devices_in_force(rows->limit, rows->mode, files->files, files->n, &rows->found,
                             &rows->n_found);
        r = r < 0 ? r : add_items(rows, limits);
        r = r < 0 ? r : add_others(rows, limits);
        free(rows->found);
        return r;
}

static int read_text(const Sandbox *sandbox, const Spec *spec, const DeviceSources *sources,
                     const Directive *directive, const TextLimit *limit, EffectiveLimits *limits) {
        CgroupMode mode = sandbox->manager->host.cgroup_mode;
        _cleanup_(files_done) CgroupFiles files = {};
        DeviceRows rows = {
                .directive = directive, .limit = limit, .mode = mode, .sources = sources};
        EffectiveLimit *row;
        int r;

        r = read_files(sandbox, limit, &files);
        if (r < 0) {
                return r;
        }
        if (text_limit_is_of_devices(limit)) {
                rows.items = directive_field_const(directive, spec);
                return read_devices(&rows, &files, limits);
        }
        r = add_row(limits, directive, &row);
        if (r < 0) {
                return r;
        }
        return limit->format == TEXT_LIMIT_SET ? read_set(spec, &files, row)
                                               : read_weight(limit, mode, spec, &files, row);
}

/* -- all of them -- */

static bool names_only(const Spec *spec, const DeviceSources *sources) {
        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                const Directive *directive = &directive_table[i];
                const TextLimit *limit = directive->scope_property
                                                 ? text_limit_find(directive->scope_property)
                                                 : NULL;
                const ValueList *list;

                if (!limit || !text_limit_is_of_devices(limit)) {
                        continue;
                }
                list = directive_field_const(directive, spec);
                for (size_t j = 0; j < list->n; j++) {
                        if (!device_sources_find(sources, list->items[j].text)) {
                                return false;
                        }
                }
        }
        return true;
}

/* As the start looked them up. After an adoption or a change they are looked up once more: what is
 * not there any more has no limit in the kernel's files either. */
static int find_sources(const Sandbox *sandbox, const Spec *spec, DeviceSources *looked_up,
                        const DeviceSources **ret) {
        int r;

        *ret = sandbox->run.prepared ? &sandbox->run.prepared->devices : looked_up;
        if (sandbox->run.leader_pid <= 0 || names_only(spec, *ret)) {
                return 0;
        }
        r = unit_resolve_devices(spec, NULL, NULL, looked_up);
        if (r == 0) {
                *ret = looked_up;
        }
        return r < 0 ? r : 0;
}

int effective_limits_read(const Sandbox *sandbox, EffectiveLimits *ret) {
        const Spec *spec =
                sandbox_is_live(sandbox) ? sandbox_spec(sandbox) : sandbox_definition(sandbox);
        _cleanup_(device_sources_done) DeviceSources looked_up = {};
        _cleanup_(effective_limits_done) EffectiveLimits limits = {};
        const DeviceSources *sources;
        int r;

        assert(ret);

        r = find_sources(sandbox, spec, &looked_up, &sources);
        for (size_t i = 0; i < _DIRECTIVE_MAX && r == 0; i++) {
                const Directive *directive = &directive_table[i];
                const char *property = directive->scope_property;
                const Limit *limit = property ? limit_find(property) : NULL;
                const TextLimit *text = property ? text_limit_find(property) : NULL;

                if (limit && limit->format != LIMIT_ACCOUNTING) {
                        r = read_number(sandbox, spec, directive, limit, &limits);
                } else if (text) {
                        r = read_text(sandbox, spec, sources, directive, text, &limits);
                }
        }
        if (r == 0) {
                *ret = limits;
                limits = (EffectiveLimits){};
        }
        return r;
}
