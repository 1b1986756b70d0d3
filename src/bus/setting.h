/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One property of a scope as systemd takes it. */

#include "bus/scope.h"

/* Appends "(sv)". -EOPNOTSUPP: a signature that is not known here. */
int setting_append(sd_bus_message *message, const ScopeSetting *setting);
