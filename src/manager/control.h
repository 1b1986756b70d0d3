/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the helper says: to which sandbox, and which event it is there. */

#include "wire/control.h"

typedef struct Manager Manager;

/* May take descriptors out of the message; what is left stays the caller's. */
void control_dispatch(Manager *manager, ControlMessage *message);
