/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ctl.h"

int verb_inspect(Ctl *ctl, char **args) {
        if (ctl->json == JSON_OFF) {
                ctl->json = JSON_PRETTY;
        }
        return verb_show(ctl, args);
}
