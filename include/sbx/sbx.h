/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* libsbx: a client of sbxd. Build with `pkg-config --cflags --libs libsbx`.
 *
 * A call gives 0 or more where it went well, and a negative errno where not:
 *
 *     -ENOENT      there is no such unit          -ENOEXEC   its file has mistakes
 *     -ERFKILL     it is masked                   -ECHILD    it is not running
 *     -EACCES      only root may do this          -EINVAL    that is no name of a unit
 *     -EDQUOT      a limit of sbxd is reached     -ENOTCONN, -ECONNRESET, -ECONNREFUSED
 *                                                            sbxd or the bus is gone
 *
 * sbx_client_error() has the words. Names of units are whole: "web.sandbox".
 *
 * Nothing here makes threads or keeps state outside of the objects. An object is for one thread at
 * a time. What comes out in a ret_… is set where the call went well, and is the caller's to free.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <systemd/sd-bus.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- connections -- */

typedef struct sbx_client sbx_client;

/* Over the system bus: anybody may read, root may change. */
int sbx_client_new_system(sbx_client **ret);
/* Over the socket of sbxd itself, for root; works without a bus. NULL: /run/sbx/private. */
int sbx_client_new_private(const char *socket_path, sbx_client **ret);
/* Peer to peer, by an address as sd_bus_set_address(3) takes it. */
int sbx_client_new_address(const char *address, sbx_client **ret);
/* Over a connection that the caller has: takes a reference of its own. One attached to an event
 * loop is read by the calls that wait, so none of them may be called from a callback of that
 * connection
 * (-EBUSY). */
int sbx_client_new_bus(sd_bus *bus, sbx_client **ret);
/* Gives NULL. NULL is allowed. */
sbx_client *sbx_client_free(sbx_client *client);

/* The connection; still the client's. Where it is not a bus's, signals come of the units that were
 * started, stopped or loaded over it, and of all after the method Subscribe. */
sd_bus *sbx_client_bus(sbx_client *client);
/* What went wrong with the last call that failed, in words; "" where there are none. Valid until
 * the next call with this client. */
const char *sbx_client_error(const sbx_client *client);

/* -- reading -- */

typedef struct sbx_unit {
        char *name, *description;
        char *load_state;   /* "loaded", "bad-setting", "masked", "not-found" */
        char *active_state; /* "active", "activating", "deactivating", "inactive", "failed" */
        char *sub_state;
} sbx_unit;

/* The units that are loaded, as `sbxctl list`. */
int sbx_list(sbx_client *client, sbx_unit **ret_units, size_t *ret_n);
void sbx_units_free(sbx_unit *units, size_t n);

/* A property of a unit by its name in `sbxctl show`; the unit is loaded where it was not.
 * -EBADMSG: it is of another type.
 *   string: of type s               u64: any number that is not negative, or a boolean
 *   i64: any number that fits       strv: as; ends with NULL, free each and the array */
int sbx_get_string(sbx_client *client, const char *unit, const char *property, char **ret);
int sbx_get_u64(sbx_client *client, const char *unit, const char *property, uint64_t *ret);
int sbx_get_i64(sbx_client *client, const char *unit, const char *property, int64_t *ret);
int sbx_get_strv(sbx_client *client, const char *unit, const char *property, char ***ret);
/* Why it failed, in words: "" where it did not. */
int sbx_get_failure(sbx_client *client, const char *unit, char **ret);

/* -- changing -- */

typedef enum sbx_job_result {
        SBX_JOB_DONE,
        SBX_JOB_FAILED,   /* sbx_get_failure() says why */
        SBX_JOB_CANCELED, /* somebody asked for something else meanwhile */
} sbx_job_result;

#define SBX_TIMEOUT_INFINITY UINT64_MAX

/* Asks and waits for the end: a sbx_job_result, or a negative errno; -ETIMEDOUT where it did not
 * come in time, with the job still going on. Other messages of the connection are dispatched
 * meanwhile. */
int sbx_start(sbx_client *client, const char *unit, uint64_t timeout_usec);
int sbx_stop(sbx_client *client, const char *unit, uint64_t timeout_usec);
int sbx_restart(sbx_client *client, const char *unit, uint64_t timeout_usec);

/* whom: "main" or "all". */
int sbx_kill(sbx_client *client, const char *unit, const char *whom, int signal);

/* -- watching -- */

typedef struct sbx_monitor sbx_monitor;

typedef enum sbx_event_type {
        SBX_EVENT_UNIT_NEW,     /* it was loaded */
        SBX_EVENT_UNIT_REMOVED, /* it is loaded no more */
        SBX_EVENT_UNIT_CHANGED, /* its state: active_state, sub_state, result are set */
        SBX_EVENT_JOB_REMOVED,  /* a job is over: result is "done", "failed" or "canceled" */
        SBX_EVENT_SBXD_GONE, /* it ended: sandboxes run on; over the system bus, it may come back */
} sbx_event_type;

/* Types may be added: pass over those that you do not know. Valid within the handler. */
typedef struct sbx_event {
        sbx_event_type type;
        const char *unit;                              /* "" with SBX_EVENT_SBXD_GONE */
        const char *active_state, *sub_state, *result; /* "" where not set */
} sbx_event;

/* Below 0: sbx_monitor_process() ends with it. Must not call what waits on the same client. */
typedef int (*sbx_event_handler)(const sbx_event *event, void *userdata);

/* Calls the handler from sbx_monitor_process(), and from whatever else waits on the client. The
 * client must outlive it. */
int sbx_monitor_new(sbx_client *client, sbx_event_handler handler, void *userdata,
                    sbx_monitor **ret);
sbx_monitor *sbx_monitor_free(sbx_monitor *monitor);
/* For poll(2): the descriptor, its events, and the CLOCK_MONOTONIC time in us when process() has to
 * be called at the latest (UINT64_MAX: no such). All three may change with each process(). */
int sbx_monitor_fd(sbx_monitor *monitor);
int sbx_monitor_events(sbx_monitor *monitor);
int sbx_monitor_timeout(sbx_monitor *monitor, uint64_t *ret_usec);
/* Deals with what has come, without waiting: how many events the handler was called for. */
int sbx_monitor_process(sbx_monitor *monitor);

/* -- cleanup: __attribute__((cleanup(sbx_client_freep))) sbx_client *client = NULL; -- */

static inline void sbx_client_freep(sbx_client **client) {
        (void) sbx_client_free(*client);
}

static inline void sbx_monitor_freep(sbx_monitor **monitor) {
        (void) sbx_monitor_free(*monitor);
}

static inline void sbx_textp(char **text) {
        free(*text);
}

#ifdef __cplusplus
}
#endif
