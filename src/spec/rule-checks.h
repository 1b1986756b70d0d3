/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files with rules share; of no use outside this room. */

#include "spec/rules.h"

/* The place of the directive, or else of the file. */
Place rule_place(const Spec *spec, DirectiveId directive);

#define report(rule, place, ...)                                                          \
        diag_add(diags, (rule)->severity, place, directive_table[(rule)->directive].name, \
                 __VA_ARGS__)

/* The common case: the directive's own place. */
#define report_here(rule, ...)                                    \
        ({                                                        \
                Place here = rule_place(spec, (rule)->directive); \
                                                                  \
                report(rule, &here, __VA_ARGS__);                 \
        })

#define RULE_CHECK(name) int check_##name(const Rule *rule, const Spec *spec, DiagList *diags)

/* rules-namespaces.c */
RULE_CHECK(id_map_users);
RULE_CHECK(id_map_root);
RULE_CHECK(id_map_overlap);
RULE_CHECK(id_map_count);
RULE_CHECK(join_unit);
RULE_CHECK(join_namespaces);
RULE_CHECK(join_twice);
RULE_CHECK(join_own);
RULE_CHECK(join_users);
RULE_CHECK(join_names);
RULE_CHECK(join_offsets);
RULE_CHECK(join_mounts);
RULE_CHECK(delegate_words);
RULE_CHECK(delegate_namespaces);
RULE_CHECK(delegate_view);

/* rules-files.c */
RULE_CHECK(root_or_layers);
RULE_CHECK(root_image_alone);
RULE_CHECK(layer_names);
RULE_CHECK(layer_count);
RULE_CHECK(overlay_size);
RULE_CHECK(bind_destination);
RULE_CHECK(bind_read_only_destination);
RULE_CHECK(tmpfs_destination);
RULE_CHECK(destination_twice);
RULE_CHECK(inaccessible_root);
RULE_CHECK(read_write_alone);
RULE_CHECK(exec_alone);
