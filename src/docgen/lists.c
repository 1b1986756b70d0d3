/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "docgen/docgen.h"

#include "op/op.h"
#include "op/step.h"
#include "spec/spec.h"
#include "spec/syscalls.h"

#include <inttypes.h>

/* The tables for programs: fuzzers, editors; and in markdown. */

static const char *const sections[] = {"Unit", "Sandbox", "Port", "Install"};

/* -- dictionary -- */

/* "token", with the escapes that libFuzzer reads. */
static void add_token(Page *page, const char *text) {
        page_add(page, "\"");
        for (const char *c = text; *c; c++) {
                if (*c == '"' || *c == '\\') {
                        page_addf(page, "\\%c", *c);
                } else if ((uint8_t) *c < 0x20 || (uint8_t) *c >= 0x7f) {
                        page_addf(page, "\\x%02X", (unsigned) (uint8_t) *c);
                } else {
                        page_addf(page, "%c", *c);
                }
        }
        page_add(page, "\"\n");
}

int dictionary_write(Page *page) {
        static const char *const words[] = {
                "[",     "]",     "=",    "\\\n", "%i",         "%%",    "infinity",
                "~",     "yes",   "no",   "%",    ";",          "#",     "\"",
                "'",     "\\x41", "\\:",  "pick", "identity",   "rbind", "mode=",
                "size=", "ro",    "1min", "/",    "[::1]:8080",
        };

        assert(page);

        for (size_t i = 0; i < ELEMENTS(sections); i++) {
                _cleanup_free_ char *header =
                        strf("[%s%s]\n", sections[i], streq(sections[i], "Port") ? " http" : "");

                if (!header) {
                        return -ENOMEM;
                }
                add_token(page, header);
        }
        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                _cleanup_free_ char *name = strf("%s=", directive_table[i].name);

                if (!name) {
                        return -ENOMEM;
                }
                add_token(page, name);
                for (size_t j = 0; j < directive_table[i].n_names; j++) {
                        add_token(page, directive_table[i].names[j]);
                }
        }
        for (size_t i = 0; i < n_syscall_groups; i++) {
                add_token(page, syscall_groups[i].name);
        }
        for (size_t i = 0; i < ELEMENTS(words); i++) {
                add_token(page, words[i]);
        }
        return page->fault;
}

/* -- JSON schema -- */

static void add_json_string(Page *page, const char *text) {
        page_add(page, "\"");
        for (const char *c = text; *c; c++) {
                if (*c == '"' || *c == '\\') {
                        page_addf(page, "\\%c", *c);
                } else if ((uint8_t) *c < 0x20) {
                        page_addf(page, "\\u%04x", (unsigned) (uint8_t) *c);
                } else {
                        page_addf(page, "%c", *c);
                }
        }
        page_add(page, "\"");
}

static void add_schema_type(Page *page, const Directive *directive) {
        const ValueType *type = directive->type;

        if (type->kind == VALUE_BOOL) {
                page_add(page, "\"type\": \"boolean\"");
        } else if (directive->n_names > 0 && !type->list) {
                page_add(page, "\"enum\": [");
                for (size_t i = 0; i < directive->n_names; i++) {
                        page_add(page, i > 0 ? ", " : "");
                        add_json_string(page, directive->names[i]);
                }
                page_add(page, "]");
        } else if (type->list) {
                page_add(page, "\"type\": \"array\", \"items\": {\"type\": \"string\"}");
        } else {
                page_add(page, "\"type\": \"string\"");
        }
        page_add(page, ", \"x-grammar\": ");
        add_json_string(page, type->grammar);
        if (directive->fallback && directive->fallback[0] && !type->list) {
                page_add(page, ", \"default\": ");
                if (type->kind == VALUE_BOOL) {
                        page_add(page, streq(directive->fallback, "yes") ? "true" : "false");
                } else {
                        add_json_string(page, directive->fallback);
                }
        }
}

static void add_schema_section(Page *page, const char *section) {
        const char *separator = "";

        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                const Directive *directive = &directive_table[i];

                if (!streq(directive->section, section)) {
                        continue;
                }
                page_addf(page, "%s\n      ", separator);
                add_json_string(page, directive->name);
                page_add(page, ": {");
                add_schema_type(page, directive);
                page_add(page, ", \"description\": ");
                add_json_string(page, directive->summary);
                page_add(page, "}");
                separator = ",";
        }
}

int schema_write(Page *page) {
        assert(page);

        page_add(page, "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
                       "  \"title\": \"sbx.sandbox\",\n  \"type\": \"object\",\n"
                       "  \"additionalProperties\": false,\n  \"properties\": {");
        for (size_t i = 0; i < ELEMENTS(sections); i++) {
                bool record = section_is_record(sections[i]);

                page_addf(page, "%s\n    \"%s\": {\"type\": \"object\", \"additionalProperties\": ",
                          i > 0 ? "," : "", sections[i]);
                page_add(page, record ? "{\"type\": \"object\", \"additionalProperties\": false, "
                                        "\"properties\": {"
                                      : "false, \"properties\": {");
                add_schema_section(page, sections[i]);
                page_add(page, record ? "\n    }}}" : "\n    }}");
        }
        page_add(page, "\n  }\n}\n");
        return page->fault;
}

/* -- markdown -- */

int steps_write(Page *page) {
        assert(page);

        page_add(page, "| step | exit status | what was tried |\n|---|---|---|\n");
        for (size_t i = 0; i < _STEP_MAX; i++) {
                page_addf(page, "| %s | %d | %s |\n", step_table[i].name, step_table[i].exit_status,
                          step_table[i].summary);
        }
        return page->fault;
}

int ops_write(Page *page) {
        assert(page);

        page_add(page, "| op | phase | arguments | what it does |\n|---|---|---|---|\n");
        for (size_t i = 0; i < _OP_MAX; i++) {
                const OpSchema *schema = &op_table[i];

                page_addf(page, "| %s | %s | ", schema->name, op_phase_name(schema->phase));
                for (size_t j = 0; j < op_n_args(schema->kind); j++) {
                        page_addf(page, "%s%s", j > 0 ? ", " : "", schema->args[j].name);
                }
                page_addf(page, " | %s |\n", schema->summary);
        }
        return page->fault;
}
