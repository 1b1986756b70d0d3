/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Logging, for the programs' own rooms (helper, manager, ctl, relay) alone: rooms below return. To
 * stderr with the <N> prefix of sd-daemon(3) where it is not a terminal, or to a sink that the
 * program installs. The level is the only mutable global of the project. */

#include "base/macros.h"

#include <stdarg.h>
#include <syslog.h>

/* fields: NULL-terminated "NAME=value" strings, or NULL. */
typedef void (*LogSink)(int priority, const char *message, const char *const *fields);

void log_set_level(int priority);
int log_level(void);
const char *log_level_name(int priority);
/* "debug", "info", "warning", "err", or 0..7. -EINVAL otherwise. */
int log_level_parse(const char *text, int *ret);
void log_set_sink(LogSink sink); /* NULL: stderr */
LogSink log_sink(void);

void log_fields(int priority, const char *const *fields, const char *format, ...) _printf_(3, 4);
/* The same with %m for the errno value, given positive or negative; gives -|fault|. */
int log_fault_fields(int priority, int fault, const char *const *fields, const char *format, ...)
        _printf_(4, 5);

#define log_at(priority, ...) log_fields(priority, NULL, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_notice(...) log_at(LOG_NOTICE, __VA_ARGS__)
#define log_warning(...) log_at(LOG_WARNING, __VA_ARGS__)
#define log_error(...) log_at(LOG_ERR, __VA_ARGS__)
/* return log_fault(r, "Failed to open %s: %m", path); */
#define log_fault(fault, ...) log_fault_fields(LOG_ERR, fault, NULL, __VA_ARGS__)
#define log_warning_fault(fault, ...) log_fault_fields(LOG_WARNING, fault, NULL, __VA_ARGS__)
