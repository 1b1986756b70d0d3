/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Every directive of the table as a read-only property: one vtable, generated from
 * spec/directives.def, whose userdata is a Spec. Directives of records are not in it. */

#include "spec/spec.h"

#include <systemd/sd-bus.h>

extern const sd_bus_vtable bus_spec_vtable[];

/* Appends the value of one directive under its signature (VALUE_TYPES). field points to it. */
int bus_append_directive(sd_bus_message *message, const Directive *directive, const void *field);
