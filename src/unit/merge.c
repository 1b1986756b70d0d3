/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/merge.h"

#include "spec/absence.h"

static bool is_private(const char *name) {
        return startswith(name, "X-") != NULL;
}

/* Reports what is wrong with a header. 1: its assignments count. */
static int merge_section(Merge *merge, const IniSection *section) {
        size_t errors = merge->diags->n_errors;
        const char *nearest;
        int r;

        if (is_private(section->section)) {
                return 0;
        }
        if (section_is_record(section->section) ||
            (section_is_known(section->section) && section->name)) {
                r = spec_add_record(merge->spec, section->section, section->name, &section->place,
                                    merge->diags);
                return r < 0 ? r : merge->diags->n_errors == errors;
        }
        if (section_is_known(section->section)) {
                return 1;
        }
        nearest = section_suggest(section->section);
        if (nearest) {
                diag_add(merge->diags, DIAG_ERROR, &section->place, NULL,
                         "there is no section [%s]; did you mean [%s]?", section->section, nearest);
        } else {
                diag_add(merge->diags, DIAG_ERROR, &section->place, NULL,
                         "there is no section [%s]; those of others are called [X-…]",
                         section->section);
        }
        return 0;
}

static void report_unknown(Merge *merge, const char *section, const char *key, const Place *place) {
        const DirectiveAbsence *absence = directive_absence_find(key);
        const Directive *nearest = directive_suggest(section, key);

        if (absence) {
                diag_add(merge->diags, DIAG_ERROR, place, NULL, "there is no %s=: %s", key,
                         absence->reason);
        } else if (!nearest) {
                diag_add(merge->diags, DIAG_ERROR, place, NULL, "there is no %s= in [%s]", key,
                         section);
        } else if (streq(nearest->section, section)) {
                diag_add(merge->diags, DIAG_ERROR, place, NULL,
                         "there is no %s= in [%s]; did you mean %s=?", key, section, nearest->name);
        } else {
                diag_add(merge->diags, DIAG_ERROR, place, NULL,
                         "there is no %s= in [%s]; did you mean %s= of [%s]?", key, section,
                         nearest->name, nearest->section);
        }
}

/* An entry as it was assigned, to find back where a byte of the expanded text stands. */
typedef struct Assigned {
        const IniEntry *entry;
        const SpecifierMap *map;
        size_t length;
} Assigned;

/* spec counts columns along the text that it got; here they go back through expansion and
 * continuation to where the byte stands. Other places stay. */
static void move_place(Place *place, const Assigned *assigned) {
        const Place *start = &assigned->entry->value_place;
        size_t offset;

        if (place->file != start->file || place->line != start->line ||
            place->column < start->column || place->column - start->column > assigned->length) {
                return;
        }
        offset = specifier_map_offset(assigned->map, place->column - start->column);
        *place = ini_entry_place(assigned->entry, offset);
}

static void move_places(DiagList *found, ValueList *list, const Assigned *assigned) {
        for (size_t i = 0; i < found->n; i++) {
                move_place(&found->diags[i].place, assigned);
        }
        for (size_t i = 0; list && i < list->n; i++) {
                move_place(&list->items[i].place, assigned);
        }
}

/* The text that is assigned. 1, or 0 where it cannot be. */
static int expand(Merge *merge, const Directive *directive, const IniEntry *entry, Str *text,
                  SpecifierMap *map) {
        int r;

        if (!specifier_applies(directive->type->kind)) {
                r = str_append(text, entry->value);
                return r < 0 ? r : 1;
        }
        r = specifier_expand(&merge->context, entry, merge->diags, text, map);
        if (r != 0) {
                return r < 0 ? r : 0;
        }
        if (text->length == 0 && entry->value[0]) {
                /* It would reset: a list of restrictions, gone by the name of an instance. */
                diag_add(merge->diags, DIAG_ERROR, &entry->value_place, entry->key,
                         "%s expands to nothing; to reset, write nothing behind the =",
                         entry->value);
                return 0;
        }
        return 1;
}

/* The value of entry into the directive. */
static int merge_value(Merge *merge, const Directive *directive, const IniEntry *entry) {
        _cleanup_(specifier_map_done) SpecifierMap map = {};
        _cleanup_(diag_list_done) DiagList found = {};
        _cleanup_(str_done) Str text = STR_INIT;
        ValueList *list = NULL;
        int r;

        r = expand(merge, directive, entry, &text, &map);
        if (r <= 0) {
                return r;
        }
        r = spec_assign(merge->spec, directive, entry->name, str_text(&text), &entry->value_place,
                        &found);
        /* Its items have places of their own; a record has no lists. */
        if (directive->type->list && !directive->record) {
                list = directive_field(directive, merge->spec);
        }
        move_places(&found, list, &(Assigned){entry, &map, text.length});
        diag_list_take(merge->diags, &found);
        return r;
}

static int merge_entry(Merge *merge, const IniEntry *entry) {
        const Directive *directive;

        if (is_private(entry->key)) {
                return 0;
        }
        directive = directive_find(entry->section, entry->key);
        if (!directive) {
                report_unknown(merge, entry->section, entry->key, &entry->key_place);
                return 0;
        }
        return merge_value(merge, directive, entry);
}

static bool same_place(const Place *a, const Place *b) {
        return a->line == b->line && a->column == b->column;
}

int merge_file(Merge *merge, const IniFile *file) {
        size_t next = 0;

        for (size_t i = 0; i < file->n_sections; i++) {
                const IniSection *section = &file->sections[i];
                int r, counts = merge_section(merge, section);

                if (counts < 0) {
                        return counts;
                }
                for (; next < file->n &&
                       same_place(&file->entries[next].section_place, &section->place);
                     next++) {
                        if (merge->n == UNIT_ENTRIES_MAX && !merge->full) {
                                diag_add(merge->diags, DIAG_ERROR, &file->entries[next].key_place,
                                         NULL,
                                         "more than %u assignments in one unit, drop-ins included",
                                         UNIT_ENTRIES_MAX);
                                merge->full = true;
                        }
                        if (merge->full || !counts) {
                                continue;
                        }
                        merge->n++;
                        r = merge_entry(merge, &file->entries[next]);
                        if (r < 0) {
                                return r;
                        }
                }
        }
        return 0;
}

/* "Port:http:Listen" → section, name, key; "MemoryMax" → its section, NULL, key. */
static int split_key(char *text, char **ret_section, char **ret_name, char **ret_key) {
        char *first = strchr(text, ':'), *last = strrchr(text, ':');

        if (first == last) {
                *ret_key = strdup(text);
                return *ret_key ? 0 : -ENOMEM;
        }
        *first = '\0';
        *last = '\0';
        *ret_section = strdup(text);
        *ret_name = strdup(first + 1);
        *ret_key = strdup(last + 1);
        return *ret_section && *ret_name && *ret_key ? 0 : -ENOMEM;
}

/* What a file may not hold either. */
static bool check_text(Merge *merge, const char *text, Place place) {
        size_t n = strlen(text);

        if (n > INI_LINE_MAX) {
                diag_add(merge->diags, DIAG_ERROR, &place, NULL,
                         "the assignment is longer than %u bytes", INI_LINE_MAX);
                return false;
        }
        if (!utf8_valid(text, n)) {
                diag_add(merge->diags, DIAG_ERROR, &place, NULL,
                         "the assignment is not valid UTF-8");
                return false;
        }
        for (size_t i = 0; i < n; i++) {
                if (((unsigned char) text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f) {
                        place.column += (uint32_t) i;
                        diag_add(merge->diags, DIAG_ERROR, &place, NULL,
                                 "control character 0x%02x: write it as \\x%02x where escapes are "
                                 "understood, or remove it",
                                 (unsigned) text[i], (unsigned) text[i]);
                        return false;
                }
        }
        return true;
}

/* Fills the parts of entry, whose place is set. 1, or 0 with a diagnostic. */
static int split_assignment(Merge *merge, const char *assignment, IniEntry *entry) {
        const char *equals = strchr(assignment, '=');
        _cleanup_free_ char *left = NULL;
        int r;

        if (!equals || equals == assignment) {
                diag_add(merge->diags, DIAG_ERROR, &entry->key_place, NULL,
                         "%.80s is no assignment: write Directive=value", assignment);
                return 0;
        }
        if (!check_text(merge, assignment, entry->key_place)) {
                return 0;
        }
        left = strndup(assignment, (size_t) (equals - assignment));
        entry->value = strdup(equals + 1);
        if (!left || !entry->value) {
                return -ENOMEM;
        }
        r = split_key(left, &entry->section, &entry->name, &entry->key);
        entry->value_place = entry->key_place;
        entry->value_place.column += (uint32_t) (equals + 1 - assignment);
        return r < 0 ? r : 1;
}

static void entry_done(IniEntry *entry) {
        free(entry->section);
        free(entry->name);
        free(entry->key);
        free(entry->value);
}

int merge_assignment(Merge *merge, const char *assignment, size_t number) {
        Place place = {.file = file_intern("-p"), .line = (uint32_t) number, .column = 1};
        _cleanup_(entry_done) IniEntry entry = {.key_place = place};
        const Directive *directive;
        int r;

        if (!place.file) {
                return -ENOMEM;
        }
        if (number > UNIT_ENTRIES_MAX) {
                if (!merge->full) {
                        diag_add(merge->diags, DIAG_ERROR, &place, NULL,
                                 "more than %u assignments in one unit", UNIT_ENTRIES_MAX);
                }
                merge->full = true;
                return 0;
        }
        r = split_assignment(merge, assignment, &entry);
        if (r <= 0 || is_private(entry.key)) {
                return r < 0 ? r : 0;
        }
        directive = entry.section ? directive_find(entry.section, entry.key)
                                  : directive_find_name(entry.key);
        if (directive && entry.name && !directive->record) {
                diag_add(merge->diags, DIAG_ERROR, &place, NULL, "[%s] takes no name",
                         entry.section);
                return 0;
        }
        if (!directive || directive->record != (entry.name != NULL)) {
                report_unknown(merge, entry.section ? entry.section : "Sandbox", entry.key, &place);
                return 0;
        }
        return merge_value(merge, directive, &entry);
}
