/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/job.h"

int verb_thaw(Ctl *ctl, char **args) {
        return units_call(ctl, "thaw", "ThawUnit", args);
}
