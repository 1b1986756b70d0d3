/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/timeline.h"

static const char *const phase_names[_TIMELINE_MAX] = {
        [TIMELINE_REQUESTED] = "requested", [TIMELINE_PLANNED] = "planned",
        [TIMELINE_SENT] = "sent",           [TIMELINE_SPAWNED] = "spawned",
        [TIMELINE_HELD] = "held",           [TIMELINE_SCOPE_REQUESTED] = "scope-requested",
        [TIMELINE_BUILT] = "built",         [TIMELINE_SCOPE_READY] = "scope-ready",
        [TIMELINE_VERIFIED] = "verified",   [TIMELINE_RELEASED] = "released",
        [TIMELINE_EXECUTED] = "executed",   [TIMELINE_EXITED] = "exited",
        [TIMELINE_CLEANED] = "cleaned",
};
DEFINE_LOOKUP(timeline_phase, TimelinePhase, phase_names)

void timeline_note(Timeline *timeline, TimelinePhase phase) {
        assert(timeline);
        assert(phase < _TIMELINE_MAX);

        if (timeline->usec[phase] == 0) {
                timeline->usec[phase] = usec_now(CLOCK_MONOTONIC);
        }
}
