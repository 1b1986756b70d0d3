/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* When each phase of a start was reached: CLOCK_MONOTONIC, 0 where it was not. */

#include "base/lookup.h"
#include "base/time.h"

typedef enum TimelinePhase {
        TIMELINE_REQUESTED,
        TIMELINE_PLANNED,
        TIMELINE_SENT,
        TIMELINE_SPAWNED,
        TIMELINE_HELD,
        TIMELINE_SCOPE_REQUESTED,
        TIMELINE_BUILT,
        TIMELINE_SCOPE_READY,
        TIMELINE_VERIFIED,
        TIMELINE_RELEASED,
        TIMELINE_EXECUTED,
        TIMELINE_EXITED,
        TIMELINE_CLEANED,
        _TIMELINE_MAX,
} TimelinePhase;
DECLARE_LOOKUP(timeline_phase, TimelinePhase)

typedef struct Timeline {
        usec_t usec[_TIMELINE_MAX];
} Timeline;

/* Notes that a phase was reached now; the first time counts. */
void timeline_note(Timeline *timeline, TimelinePhase phase);
