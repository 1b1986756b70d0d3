/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/setting.h"

#include "base/str.h"
#include "spec/prefix.h"

typedef int (*Append)(sd_bus_message *message, const ScopeSetting *setting);

static int append_u64(sd_bus_message *message, const ScopeSetting *setting) {
        return sd_bus_message_append(message, "t", setting->number);
}

static int append_u32(sd_bus_message *message, const ScopeSetting *setting) {
        return sd_bus_message_append(message, "u", (uint32_t) setting->number);
}

static int append_boolean(sd_bus_message *message, const ScopeSetting *setting) {
        return sd_bus_message_append(message, "b", setting->number != 0);
}

static int append_text(sd_bus_message *message, const ScopeSetting *setting) {
        return sd_bus_message_append(message, "s", setting->text ? setting->text : "");
}

static int append_words(sd_bus_message *message, const ScopeSetting *setting) {
        int r;

        r = sd_bus_message_open_container(message, 'a', "s");
        for (size_t i = 0; i < setting->list.n && r >= 0; i++) {
                r = sd_bus_message_append(message, "s", setting->list.items[i].text);
        }
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_pairs(sd_bus_message *message, const ScopeSetting *setting) {
        int r;

        r = sd_bus_message_open_container(message, 'a', "(ss)");
        for (size_t i = 0; i < setting->list.n && r >= 0; i++) {
                const ValueItem *item = &setting->list.items[i];

                r = sd_bus_message_append(message, "(ss)", item->text, item->second);
        }
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_numbered(sd_bus_message *message, const ScopeSetting *setting) {
        int r;

        r = sd_bus_message_open_container(message, 'a', "(st)");
        for (size_t i = 0; i < setting->list.n && r >= 0; i++) {
                const ValueItem *item = &setting->list.items[i];

                r = sd_bus_message_append(message, "(st)", item->text, item->size);
        }
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_prefix(sd_bus_message *message, const char *text) {
        AddressPrefix prefix;
        int r;

        r = address_prefix_parse(text, &prefix);
        r = r < 0 ? r : sd_bus_message_open_container(message, 'r', "iayu");
        r = r < 0 ? r : sd_bus_message_append(message, "i", (int32_t) prefix.family);
        r = r < 0 ? r : sd_bus_message_append_array(message, 'y', prefix.bytes, prefix.size);
        r = r < 0 ? r : sd_bus_message_append(message, "u", prefix.length);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_prefixes(sd_bus_message *message, const ScopeSetting *setting) {
        int r;

        r = sd_bus_message_open_container(message, 'a', "(iayu)");
        for (size_t i = 0; i < setting->list.n && r >= 0; i++) {
                const char *text = setting->list.items[i].text;
                const char *const *prefixes = &text;
                size_t n = address_word_find(text, &prefixes);

                for (size_t k = 0; k < MAX(n, (size_t) 1) && r >= 0; k++) {
                        r = append_prefix(message, prefixes[k]);
                }
        }
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_set(sd_bus_message *message, const ScopeSetting *setting) {
        return sd_bus_message_append_array(message, 'y', setting->set.bytes,
                                           number_set_size(&setting->set));
}

static Append append_find(const char *signature) {
        static const struct {
                const char *signature;
                Append append;
        } table[] = {
                {"u", append_u32},       {"t", append_u64},          {"b", append_boolean},
                {"s", append_text},      {"ay", append_set},         {"as", append_words},
                {"a(ss)", append_pairs}, {"a(st)", append_numbered}, {"a(iayu)", append_prefixes},
        };

        for (size_t i = 0; i < ELEMENTS(table); i++) {
                if (streq(table[i].signature, signature)) {
                        return table[i].append;
                }
        }
        return NULL;
}

int setting_append(sd_bus_message *message, const ScopeSetting *setting) {
        Append append;
        int r;

        assert(message);
        assert(setting);

        append = append_find(setting->signature);
        if (!append) {
                return -EOPNOTSUPP;
        }
        r = sd_bus_message_open_container(message, 'r', "sv");
        if (r >= 0) {
                r = sd_bus_message_append(message, "s", setting->name);
        }
        if (r >= 0) {
                r = sd_bus_message_open_container(message, 'v', setting->signature);
        }
        if (r >= 0) {
                r = append(message, setting);
        }
        for (unsigned depth = 0; depth < 2 && r >= 0; depth++) {
                r = sd_bus_message_close_container(message);
        }
        return r;
}
