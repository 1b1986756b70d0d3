/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The streams of a program without a terminal of its own. What is a terminal of the user's is not
 * handed over: whoever holds it reads what is typed to others, and goes on when the program has
 * ended. The program gets a pipe then, and what comes and goes is copied. */

#include "base/macros.h"

#include <systemd/sd-event.h>

#define STREAMS_N 3

typedef struct Streams {
        sd_event *event;       /* borrowed */
        int theirs[STREAMS_N]; /* what the program gets: 0, 1, 2, or its ends of pipes */
        int ours[STREAMS_N];   /* the other ends; -EBADF: none, or the one of another stream */
        sd_event_source *sources[STREAMS_N];
        sd_event_source *room, *pause; /* of the input */
        char typed[4096];              /* and not yet taken */
        size_t n_typed;
} Streams;

#define STREAMS_INIT ((Streams){.theirs = {0, 1, 2}, .ours = {-EBADF, -EBADF, -EBADF}})

int streams_open(Streams *streams, sd_event *event);
/* Once they are handed over: the program's alone are left. */
void streams_handed(Streams *streams);
/* Prints what there still is. */
void streams_drain(Streams *streams);
void streams_done(Streams *streams);
