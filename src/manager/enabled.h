/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whether systemd starts a sandbox at boot: systemctl enable sbx@NAME. */

#include "spec/spec.h"

/* "enabled", "disabled", or "static" where the unit has no [Install] either; as systemctl has them.
 */
const char *enabled_state(const char *unit, const Spec *spec);
/* Whether a unit in one of these directories (a list that ends with NULL) wants or requires
 * sbx@NAME.service. */
bool enabled_below(const char *const *directories, const char *unit);
