/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/value-type.h"

/* Lists, and the types whose items are one word each: WORDS, ENVIRONMENT. */

static void value_item_done(ValueItem *item) {
        free(item->text);
        free(item->second);
        strv_free(item->words);
        *item = (ValueItem){};
}

void value_list_done(ValueList *list) {
        assert(list);

        for (size_t i = 0; i < list->n; i++) {
                value_item_done(&list->items[i]);
        }
        free(list->items);
        *list = (ValueList){};
}

void value_list_field_done(void *field) {
        value_list_done(field);
}

/* Room for one more. The capacity is always the next power of two at least, so it need not be kept.
 */
static int value_list_grow(ValueList *list) {
        ValueItem *items;
        size_t n = list->n;

        if (n == 0 || (n & (n - 1)) == 0) {
                items = reallocarray(list->items, n == 0 ? 1 : n * 2, sizeof(*items));
                if (!items) {
                        return -ENOMEM;
                }
                list->items = items;
        }
        return 0;
}

ValueItem *value_list_add(ValueList *list, const Place *place) {
        ValueItem *item;

        assert(list);
        assert(place);

        if (value_list_grow(list) < 0) {
                return NULL;
        }
        item = &list->items[list->n++];
        *item = (ValueItem){.place = *place};
        return item;
}

int value_list_take(ValueList *list, ValueList *from, char **reterr) {
        ValueItem *items;
        size_t capacity = 1;

        assert(list);
        assert(from);

        if (from->n > VALUE_ITEMS_MAX - list->n) {
                return value_fail(reterr, -EINVAL, "The list has more than %u items",
                                  VALUE_ITEMS_MAX);
        }
        if (from->n == 0) {
                return 0;
        }
        while (capacity < list->n + from->n) {
                capacity *= 2;
        }
        items = reallocarray(list->items, capacity, sizeof(*items));
        if (!items) {
                return -ENOMEM;
        }
        memcpy(items + list->n, from->items, from->n * sizeof(*items));
        list->items = items;
        list->n += from->n;
        from->n = 0;
        return 0;
}

static int value_item_copy(const ValueItem *item, ValueItem *ret) {
        *ret = *item;
        ret->text = item->text ? strdup(item->text) : NULL;
        ret->second = item->second ? strdup(item->second) : NULL;
        ret->words = NULL;
        if ((item->text && !ret->text) || (item->second && !ret->second)) {
                return -ENOMEM;
        }
        return strv_copy(item->words, &ret->words);
}

int value_list_copy(const ValueList *list, ValueList *ret) {
        _cleanup_list_ ValueList copy = {};

        assert(list);
        assert(ret);

        for (size_t i = 0; i < list->n; i++) {
                ValueItem *item = value_list_add(&copy, &list->items[i].place);

                if (!item || value_item_copy(&list->items[i], item) < 0) {
                        return -ENOMEM;
                }
        }
        *ret = copy;
        copy = (ValueList){};
        return 0;
}

int value_list_format_texts(const Directive *directive, const void *field, char ***ret) {
        _cleanup_(strv_freep) char **texts = NULL;
        const ValueList *list = field;

        for (size_t i = 0; i < list->n; i++) {
                int r = strv_append(&texts, list->items[i].text);

                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE(texts);
        return 0;
}

int value_list_field_copy(const void *field, void *ret) {
        return value_list_copy(field, ret);
}

/* Moves column of place to a byte of the text. */
static Place place_at(const Place *place, size_t offset) {
        Place moved = *place;

        if (moved.line > 0) {
                moved.column += (uint32_t) offset;
        }
        return moved;
}

/* -- WORDS -- */

static int words_parse(const Directive *directive, const char *text, const Place *place,
                       ValueWordAdd add, ValueList *list, char **reterr, size_t *reterr_offset) {
        WordReader reader = {.text = text};
        int r;

        while (word_reader_next(&reader)) {
                _cleanup_free_ char *word = NULL;
                Place at;

                if (list->n >= VALUE_ITEMS_MAX) {
                        return value_fail(reterr, -EINVAL, "The list has more than %u items",
                                          VALUE_ITEMS_MAX);
                }
                r = word_reader_take(&reader, "", &word, reterr);
                if (r >= 0) {
                        at = place_at(place, reader.start);
                        r = add(directive, TAKE(word), list, &at, reterr);
                }
                if (r < 0) {
                        *reterr_offset = reader.start;
                        return r;
                }
        }
        return 0;
}

static int words_add(const Directive *directive, char *word, ValueList *list, const Place *place,
                     char **reterr) {
        ValueItem *item = value_list_add(list, place);

        if (!item) {
                free(word);
                return -ENOMEM;
        }
        item->text = word;
        return 0;
}

static int words_field_parse(const Directive *directive, const char *text, const Place *place,
                             void *field, char **reterr, size_t *reterr_offset) {
        _cleanup_list_ ValueList list = {};
        int r;

        r = words_parse(directive, text, place, words_add, &list, reterr, reterr_offset);
        if (r < 0) {
                return r;
        }
        return value_list_take(field, &list, reterr);
}

static int words_format(const Directive *directive, const void *field, char ***ret) {
        const ValueList *list = field;
        _cleanup_(strv_freep) char **texts = NULL;

        for (size_t i = 0; i < list->n; i++) {
                int r = strv_append_take(&texts, value_quote_word(list->items[i].text));

                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE(texts);
        return 0;
}

const ValueType value_type_WORDS = {
        .kind = VALUE_WORDS,
        .sample = "one two",
        .label = "list of words",
        .signature = "as",
        .grammar = "WORD [WORD…]",
        .size = sizeof(ValueList),
        .list = true,
        .parse = words_field_parse,
        .format = words_format,
        .done = value_list_field_done,
        .copy = value_list_field_copy,
};

int value_list_parse_inverted(const Directive *directive, const char *text, const Place *place,
                              ValueWordAdd add, ValueList *list, char **reterr,
                              size_t *reterr_offset) {
        size_t skipped = text[0] == '~' ? 1 : 0;
        Place at = place_at(place, skipped);
        int r;

        r = words_parse(directive, text + skipped, &at, add, list, reterr, reterr_offset);
        if (r < 0) {
                *reterr_offset += skipped;
                return r;
        }
        if (skipped > 0 && list->n == 0) {
                ValueItem *item = value_list_add(list, place);

                if (!item) {
                        return -ENOMEM;
                }
                item->text = strdup("");
                if (!item->text) {
                        return -ENOMEM;
                }
        }
        for (size_t i = 0; i < list->n; i++) {
                list->items[i].flags |= skipped > 0 ? VALUE_INVERTED : 0;
        }
        return 0;
}

/* -- ENVIRONMENT -- */

bool environment_name_is_valid(const char *name, size_t n) {
        for (size_t i = 0; i < n; i++) {
                char c = name[i];
                bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

                if (!letter && !(i > 0 && c >= '0' && c <= '9')) {
                        return false;
                }
        }
        return n > 0;
}

/* Control characters but the blanks of text are refused, as systemd does. */
static bool environment_value_is_valid(const char *value) {
        for (const char *c = value; *c; c++) {
                if (((uint8_t) *c < 0x20 && !char_is_blank(*c)) || *c == 0x7f) {
                        return false;
                }
        }
        return utf8_valid(value, strlen(value));
}

static int environment_add(const Directive *directive, char *word, ValueList *list,
                           const Place *place, char **reterr) {
        _cleanup_free_ char *owned = word;
        const char *equals = strchr(word, '=');

        if (!equals) {
                return value_fail(reterr, -EINVAL,
                                  QUOTED
                                  " is no assignment; write NAME=VALUE, and quote it as a whole "
                                  "where it holds blanks: \"NAME=a b\"",
                                  word);
        }
        if (!environment_name_is_valid(word, (size_t) (equals - word))) {
                return value_fail(reterr, -EINVAL,
                                  "In " QUOTED
                                  " the name is not valid; it may hold letters, digits and "
                                  "underscores, and no digit first",
                                  word);
        }
        if (!environment_value_is_valid(equals + 1)) {
                return value_fail(
                        reterr, -EINVAL,
                        "In " QUOTED " the value holds control characters or invalid UTF-8", word);
        }
        return words_add(directive, TAKE(owned), list, place, reterr);
}

static bool environment_same_name(const char *a, const char *b) {
        size_t n = strcspn(a, "=");

        return strncmp(a, b, n + 1) == 0;
}

/* Removes what a later assignment of the same name overrides. */
static void environment_override(ValueList *list, const ValueList *later) {
        size_t kept = 0;

        for (size_t i = 0; i < list->n; i++) {
                bool overridden = false;

                for (size_t j = list == later ? i + 1 : 0; j < later->n && !overridden; j++) {
                        overridden =
                                environment_same_name(list->items[i].text, later->items[j].text);
                }
                if (overridden) {
                        value_item_done(&list->items[i]);
                } else {
                        list->items[kept++] = list->items[i];
                }
        }
        list->n = kept;
}

static int environment_parse(const Directive *directive, const char *text, const Place *place,
                             void *field, char **reterr, size_t *reterr_offset) {
        _cleanup_list_ ValueList list = {};
        ValueList *environment = field;
        int r;

        r = words_parse(directive, text, place, environment_add, &list, reterr, reterr_offset);
        if (r < 0) {
                return r;
        }
        if (list.n > VALUE_ITEMS_MAX - environment->n) {
                return value_fail(reterr, -EINVAL, "The list has more than %u items",
                                  VALUE_ITEMS_MAX);
        }
        environment_override(&list, &list);
        environment_override(environment, &list);
        return value_list_take(environment, &list, reterr);
}

const ValueType value_type_ENVIRONMENT = {
        .kind = VALUE_ENVIRONMENT,
        .sample = "A=1 \"B=two words\"",
        .label = "environment",
        .signature = "as",
        .grammar = "NAME=VALUE [\"NAME=VALUE WITH BLANKS\"…]",
        .size = sizeof(ValueList),
        .list = true,
        .parse = environment_parse,
        .format = words_format,
        .done = value_list_field_done,
        .copy = value_list_field_copy,
};

/* -- FILES -- */

/* One an assignment, as it stands: blanks and quotes are a part of the name. */
static int files_parse(const Directive *directive, const char *text, const Place *place,
                       void *field, char **reterr, size_t *reterr_offset) {
        _cleanup_list_ ValueList list = {};
        ValueItem *item = value_list_add(&list, place);
        bool missing_ok = text[0] == '-';
        int r;

        if (!item) {
                return -ENOMEM;
        }
        item->flags = missing_ok ? VALUE_MISSING_OK : 0;
        r = value_parse_path(text + (missing_ok ? 1 : 0), &item->text, reterr);
        return r < 0 ? r : value_list_take(field, &list, reterr);
}

static int files_format(const Directive *directive, const void *field, char ***ret) {
        const ValueList *list = field;
        _cleanup_(strv_freep) char **texts = NULL;

        for (size_t i = 0; i < list->n; i++) {
                const ValueItem *item = &list->items[i];
                int r = strv_append_take(
                        &texts,
                        strf("%s%s", item->flags & VALUE_MISSING_OK ? "-" : "", item->text));

                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE(texts);
        return 0;
}

const ValueType value_type_FILES = {
        .kind = VALUE_FILES,
        .sample = "-/etc/default/web",
        .label = "file",
        .signature = "as",
        .grammar = "[-]PATH",
        .size = sizeof(ValueList),
        .list = true,
        .parse = files_parse,
        .format = files_format,
        .done = value_list_field_done,
        .copy = value_list_field_copy,
};
