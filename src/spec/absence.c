/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/absence.h"

const DirectiveAbsence directive_absences[] = {
#define A(Name, Reason) {#Name, (Reason)},
#include "spec/absences.def"
#undef A
};
const size_t n_directive_absences = ELEMENTS(directive_absences);

const DirectiveAbsence *directive_absence_find(const char *name) {
        assert(name);

        for (size_t i = 0; i < n_directive_absences; i++) {
                if (streq(directive_absences[i].name, name)) {
                        return &directive_absences[i];
                }
        }
        return NULL;
}
