/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/value-type.h"

#include "base/parse.h"
#include "spec/prefix.h"

#include <arpa/inet.h>

/* PREFIXES: a list of ranges of IP addresses; words that stand for several are kept as words. */

static const struct AddressWord {
        const char *word;
        const char *prefixes[ADDRESS_WORD_PREFIXES];
} address_words[] = {
        {"any", {"0.0.0.0/0", "::/0"}},
        {"localhost", {"127.0.0.0/8", "::1/128"}},
        {"link-local", {"169.254.0.0/16", "fe80::/64"}},
        {"multicast", {"224.0.0.0/4", "ff00::/8"}},
};

size_t address_word_find(const char *word, const char *const **ret) {
        assert(word);
        assert(ret);

        for (size_t i = 0; i < ELEMENTS(address_words); i++) {
                if (streq(address_words[i].word, word)) {
                        *ret = address_words[i].prefixes;
                        return ADDRESS_WORD_PREFIXES;
                }
        }
        return 0;
}

static void clear_behind(AddressPrefix *prefix) {
        for (size_t i = 0; i < prefix->size; i++) {
                uint32_t before = (uint32_t) i * 8;
                uint32_t kept = prefix->length > before ? MIN(prefix->length - before, 8u) : 0;

                prefix->bytes[i] &= (uint8_t) (0xff00u >> kept);
        }
}

int address_prefix_parse(const char *text, AddressPrefix *ret) {
        char address[INET6_ADDRSTRLEN];
        const char *slash = strchr(text, '/');
        size_t n = slash ? (size_t) (slash - text) : strlen(text);
        AddressPrefix prefix = {};
        int r = 0;

        assert(ret);

        if (n >= sizeof(address)) {
                return -EINVAL;
        }
        memcpy(address, text, n);
        address[n] = '\0';
        if (inet_pton(AF_INET, address, prefix.bytes) == 1) {
                prefix.family = AF_INET;
                prefix.size = sizeof(struct in_addr);
        } else if (inet_pton(AF_INET6, address, prefix.bytes) == 1) {
                prefix.family = AF_INET6;
                prefix.size = sizeof(struct in6_addr);
        } else {
                return -EINVAL;
        }
        prefix.length = (uint32_t) prefix.size * 8;
        if (slash) {
                uint32_t most = prefix.length;

                r = parse_u32(slash + 1, &prefix.length);
                r = r == 0 && prefix.length > most ? -EINVAL : r;
        }
        if (r < 0) {
                return -EINVAL;
        }
        clear_behind(&prefix);
        *ret = prefix;
        return 0;
}

char *address_prefix_format(const AddressPrefix *prefix) {
        char text[INET6_ADDRSTRLEN];

        return inet_ntop(prefix->family, prefix->bytes, text, sizeof(text))
                       ? strf("%s/%u", text, prefix->length)
                       : NULL;
}

static bool list_has(const ValueList *list, const char *text) {
        for (size_t i = 0; i < list->n; i++) {
                if (streq(list->items[i].text, text)) {
                        return true;
                }
        }
        return false;
}

/* *ret: the word, or the prefix in its canonical form. */
static int prefix_word(char *word, char **ret, char **reterr) {
        const char *const *prefixes;
        AddressPrefix prefix;

        if (address_word_find(word, &prefixes) > 0) {
                *ret = strdup(word);
                return *ret ? 0 : -ENOMEM;
        }
        if (address_prefix_parse(word, &prefix) < 0) {
                return value_fail(reterr, -EINVAL,
                                  QUOTED
                                  " is no address; write ADDRESS or ADDRESS/BITS, such as "
                                  "10.0.0.0/8 or ::1, or any, localhost, link-local, multicast",
                                  word);
        }
        *ret = address_prefix_format(&prefix);
        return *ret ? 0 : -ENOMEM;
}

static int prefixes_parse(const Directive *directive, const char *text, const Place *place,
                          void *field, char **reterr, size_t *reterr_offset) {
        _cleanup_list_ ValueList list = {};
        WordReader reader = {.text = text};

        while (word_reader_next(&reader)) {
                _cleanup_free_ char *word = NULL, *canonical = NULL;
                ValueItem *item;
                int r;

                r = word_reader_take(&reader, "", &word, reterr);
                r = r < 0 ? r : prefix_word(word, &canonical, reterr);
                if (r < 0) {
                        *reterr_offset = reader.start;
                        return r;
                }
                if (list_has(field, canonical) || list_has(&list, canonical)) {
                        continue;
                }
                item = value_list_add(&list, place);
                if (!item) {
                        return -ENOMEM;
                }
                item->text = TAKE(canonical);
        }
        return value_list_take(field, &list, reterr);
}

const ValueType value_type_PREFIXES = {
        .kind = VALUE_PREFIXES,
        .sample = "localhost 10.0.0.0/8",
        .label = "ranges of addresses",
        .signature = "as",
        .grammar = "ADDRESS[/BITS] | any | localhost | link-local | multicast […]",
        .size = sizeof(ValueList),
        .list = true,
        .parse = prefixes_parse,
        .format = value_list_format_texts,
        .done = value_list_field_done,
        .copy = value_list_field_copy,
};
