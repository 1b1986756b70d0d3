/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A line of output as it is kept where there is no journal. The file is text, one record a line:
 *
 *     SECONDS.MICROSECONDS PRIORITY KIND MESSAGE
 *
 * with the time of day in UTC since 1970, the priority of syslog(3), and a message of whatever
 * bytes the workload wrote; only a line break cannot be among them. */

#include "base/str.h"
#include "base/time.h"

typedef enum RecordKind {
        RECORD_LINE = '.', /* a line, or its last part */
        RECORD_PART = '+', /* the next record goes on with this line */
        RECORD_NOTE = '!', /* not the workload's: what became of its output */
} RecordKind;

#define RECORD_PRIORITY_DEFAULT 6u /* info, as the journal has it for output */
#define RECORD_PRIORITY_MAX 7u

typedef struct Record {
        usec_t realtime_usec; /* 0: not known */
        unsigned priority;
        RecordKind kind;
        const char *message; /* size bytes, borrowed, not terminated */
        size_t size;
} Record;

/* Appends the record as a line. 0 or -ENOMEM. */
int record_append(Str *out, const Record *record);
/* Takes the first record off the n bytes at text. Gives the bytes that it takes up, 0 where its end
 * is not among them. A line that is no record (a disk that was full, a hand that edited it) is a
 * message of unknown time: nothing is dropped. */
size_t record_parse(const char *text, size_t n, Record *ret);
/* Takes a "<N>" off the message, as sd-daemon(3) has it, into the priority. */
void record_take_prefix(Record *record);
