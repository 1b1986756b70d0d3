/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Properties of a sandbox or of the manager, read whole from the bus into JSON: what comes after is
 * pure, and the same for people, programs and tests. */

#include "ctl/ctl.h"
#include "ctl/output.h"

/* Any D-Bus value as JSON: structs and arrays become arrays, string maps objects, byte arrays hex.
 * The message is read behind the value. */
int message_to_json(sd_bus_message *message, json_object **ret);

/* Everything that interface has at path, by Properties.GetAll. -errno with error filled in. */
int properties_read(Ctl *ctl, const char *path, const char *interface, sd_bus_error *error,
                    json_object **ret);
/* The same of a unit, which is loaded where it is not yet. */
int properties_read_unit(Ctl *ctl, const char *unit, sd_bus_error *error, json_object **ret);
/* Loads the unit and gives its object path, which the caller frees. */
int unit_path(Ctl *ctl, const char *unit, sd_bus_error *error, char **ret);

/* Values of an object of properties, with what stands for "not there". */
const char *property_text(json_object *properties, const char *name); /* "" */
uint64_t property_number(json_object *properties, const char *name);  /* 0 */
bool property_flag(json_object *properties, const char *name);
/* The array, or NULL. */
json_object *property_list(json_object *properties, const char *name);

/* The value as `show` prints it: directives as a unit file would have them, times as dates, numbers
 * that are not set as "[not set]". Not escaped. */
int property_format(const char *name, json_object *value, Str *out);
