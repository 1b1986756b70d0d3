/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/in-force.h"

static void intersect(const NumberSet *a, const NumberSet *b, NumberSet *ret) {
        for (size_t i = 0; i < sizeof(ret->bytes); i++) {
                ret->bytes[i] = a->bytes[i] & b->bytes[i];
        }
}

static bool set_equal(const NumberSet *a, const NumberSet *b) {
        return memcmp(a, b, sizeof(*a)) == 0;
}

/* The first that says something, from either end. */
static bool first_set(const CgroupFile *files, size_t n, bool from_root, NumberSet *ret) {
        for (size_t i = 0; i < n; i++) {
                const CgroupFile *file = &files[from_root ? n - 1 - i : i];

                if (file->text && number_set_parse(file->text, ret) == 0) {
                        return true;
                }
        }
        return false;
}

bool set_in_force(const CgroupFile *files, size_t n, const NumberSet *asked, SetInForce *ret) {
        NumberSet wanted, left, set;

        assert(files || n == 0);
        assert(ret);

        *ret = (SetInForce){};
        if (!first_set(files, n, false, &ret->set) || !first_set(files, n, true, &wanted)) {
                return false;
        }
        wanted = asked ? *asked : wanted;
        if (set_equal(&ret->set, &wanted)) {
                return true;
        }
        intersect(&ret->set, &wanted, &left);
        for (size_t i = 1; i < n; i++) {
                NumberSet there;

                if (!files[i].text || number_set_parse(files[i].text, &set) < 0) {
                        continue;
                }
                intersect(&set, &wanted, &there);
                if (!set_equal(&there, &left)) {
                        break;
                }
                ret->capped_by = files[i].path;
                ret->cap = set;
        }
        return true;
}

static DeviceInForce *find_device(DeviceInForce *devices, size_t n, const TextLimitValue *value) {
        for (size_t i = 0; i < n; i++) {
                if (devices[i].major == value->major && devices[i].minor == value->minor) {
                        return &devices[i];
                }
        }
        return NULL;
}

/* A weight and a target hold among siblings alone; and on v1 the kernel takes every cgroup for one
 * right below the root. */
static bool ancestors_count(const TextLimit *limit, CgroupMode mode) {
        return mode == CGROUP_UNIFIED && limit->format == TEXT_LIMIT_DEVICE &&
               limit->id != TEXT_LIMIT_IO_DEVICE_LATENCY;
}

static int add_device(DeviceInForce **devices, size_t *n, const TextLimitValue *value,
                      DeviceInForce **ret) {
        DeviceInForce *grown = reallocarray(*devices, *n + 1, sizeof(**devices));

        if (!grown) {
                return -ENOMEM;
        }
        grown[*n] = (DeviceInForce){
                .major = value->major, .minor = value->minor, .number = LIMIT_INFINITY};
        *ret = &grown[(*n)++];
        *devices = grown;
        return 0;
}

static int add_value(DeviceInForce **devices, size_t *n, const TextLimitValue *value,
                     const char *ancestor) {
        DeviceInForce *device = find_device(*devices, *n, value);
        int r;

        if (value->number == LIMIT_INFINITY) {
                return 0; /* its line is there for another key */
        }
        r = device ? 0 : add_device(devices, n, value, &device);
        if (r < 0) {
                return r;
        }
        if (!ancestor) {
                device->number = value->number;
        } else if (value->number < (device->capped_by ? device->cap : device->number)) {
                device->capped_by = ancestor;
                device->cap = value->number;
        }
        return 0;
}

int devices_in_force(const TextLimit *limit, CgroupMode mode, const CgroupFile *files, size_t n,
                     DeviceInForce **ret, size_t *ret_n) {
        _cleanup_free_ DeviceInForce *devices = NULL;
        size_t n_devices = 0;

        assert(limit);
        assert(files || n == 0);
        assert(ret && ret_n);

        for (size_t i = 0; i < n && (i == 0 || ancestors_count(limit, mode)); i++) {
                const char *content = files[i].text ? files[i].text : "";
                TextLimitValue value;

                while (text_limit_next(limit, mode, &content, &value)) {
                        int r = add_value(&devices, &n_devices, &value,
                                          i > 0 ? files[i].path : NULL);

                        if (r < 0) {
                                return r;
                        }
                }
        }
        *ret = TAKE(devices);
        *ret_n = n_devices;
        return 0;
}
