/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/parse.h"
#include "spec/value-type.h"

#include <inttypes.h>

/* -- ID_MAPS: lines of an id map, as Quadlet's UIDMap= has them -- */

/* One number of the three; *text is moved behind the colon. -EINVAL. */
static int take_number(const char **text, uint32_t *ret) {
        size_t n = strcspn(*text, ":");
        char digits[16];

        if (n >= sizeof(digits)) {
                return -EINVAL;
        }
        memcpy(digits, *text, n);
        digits[n] = '\0';
        *text += n + ((*text)[n] == ':' ? 1 : 0);
        return parse_u32(digits, ret);
}

int value_id_range(const char *text, IdMapping *ret) {
        const char *first = strchr(text, ':'), *second = first ? strchr(first + 1, ':') : NULL;
        IdMapping mapping = {};
        int r;

        assert(ret);

        if (!second || strchr(second + 1, ':')) {
                return -EINVAL;
        }
        r = take_number(&text, &mapping.inside);
        r = r < 0 ? r : take_number(&text, &mapping.outside);
        r = r < 0 ? r : take_number(&text, &mapping.count);
        if (r < 0) {
                return r;
        }
        /* (uid_t) -1 stands for "none" everywhere. */
        if (mapping.count == 0 || mapping.count > UINT32_MAX - mapping.inside ||
            mapping.count > UINT32_MAX - mapping.outside) {
                return -ERANGE;
        }
        *ret = mapping;
        return 0;
}

bool value_id_is_mapped(const ValueList *map, uint32_t inside) {
        IdMapping mapping;

        assert(map);

        for (size_t i = 0; i < map->n; i++) {
                if (value_id_range(map->items[i].text, &mapping) == 0 && inside >= mapping.inside &&
                    inside - mapping.inside < mapping.count) {
                        return true;
                }
        }
        return false;
}

static int id_range_add(const char *word, ValueList *list, const Place *place, char **reterr) {
        IdMapping mapping;
        ValueItem *item;
        int r = value_id_range(word, &mapping);

        if (r == -ERANGE) {
                return value_fail(reterr, r,
                                  QUOTED " is out of range; COUNT is at least 1 and all ids lie "
                                         "below 4294967295",
                                  word);
        }
        if (r < 0) {
                return value_fail(reterr, r,
                                  QUOTED " is no range of ids; write INSIDE:OUTSIDE:COUNT such as "
                                         "0:600000:1000",
                                  word);
        }
        item = value_list_add(list, place);
        if (!item) {
                return -ENOMEM;
        }
        item->text = strf("%" PRIu32 ":%" PRIu32 ":%" PRIu32, mapping.inside, mapping.outside,
                          mapping.count);
        return item->text ? 0 : -ENOMEM;
}

static int id_maps_parse(const Directive *directive, const char *text, const Place *place,
                         void *field, char **reterr, size_t *reterr_offset) {
        WordReader reader = {.text = text};
        _cleanup_list_ ValueList list = {};

        while (word_reader_next(&reader)) {
                _cleanup_free_ char *word = NULL;
                Place at = *place;
                int r;

                r = word_reader_take(&reader, "", &word, reterr);
                at.column += at.line > 0 ? (uint32_t) reader.start : 0;
                r = r < 0 ? r : id_range_add(word, &list, &at, reterr);
                if (r < 0) {
                        *reterr_offset = reader.start;
                        return r;
                }
        }
        return value_list_take(field, &list, reterr);
}

const ValueType value_type_ID_MAPS = {
        .kind = VALUE_ID_MAPS,
        .sample = "0:600000:1000 1000:1000:1",
        .label = "ranges of ids",
        .signature = "as",
        .grammar = "INSIDE:OUTSIDE:COUNT [INSIDE:OUTSIDE:COUNT…]",
        .size = sizeof(ValueList),
        .list = true,
        .parse = id_maps_parse,
        .format = value_list_format_texts,
        .done = value_list_field_done,
        .copy = value_list_field_copy,
};
