/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a unit asks for that holds its sandbox less tightly than the defaults would. Pure. */

#include "ctl/output.h"

/* Appends {"directive", "value", "place", "meaning"} for each to the array. properties: of the
 * unit, as D-Bus has them. */
int weaker_find(json_object *properties, json_object *weaker);
