/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The directory of logs on a host without a journal, as a whole bounded: in bytes and in files,
 * however many sandboxes write and however many names they had. It may lie on a tmpfs, so these
 * bytes are memory. Files that nobody writes any more go first, the oldest of them before all. */

#include "base/macros.h"

#define LOG_FILE_MAX (512u * 1024u)
#define LOG_FILE_MIN (16u * 1024u)
#define LOG_STORE_MAX (64u * 1024u * 1024u)
#define LOG_STORE_FILES_MAX 16384u

typedef struct LogStore {
        int directory;    /* -EBADF: none */
        unsigned writers; /* sandboxes that write now */
        /* Never less than there are; looked at again where they pass the limit. */
        uint64_t bytes, bytes_limit;
        unsigned files;
} LogStore;

#define LOG_STORE_NONE ((LogStore){.directory = -EBADF})

/* Takes the directory over and counts what is in it. */
void log_store_init(LogStore *store, int directory);
void log_store_done(LogStore *store);

/* Opens NAME.log for appending and locks it as in use. *ret_size: what it holds already. */
int log_store_open(LogStore *store, const char *name, uint64_t *ret_size);
/* Puts the full file aside as NAME.log.1, over an earlier one. The caller closes it. */
int log_store_rotate(LogStore *store, const char *name);
/* The most that a file may hold now: less the more write. */
uint64_t log_store_file_max(const LogStore *store);
/* To be told of what was written; makes room where the bounds are passed. */
void log_store_account(LogStore *store, uint64_t bytes);
