/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The client of org.freedesktop.systemd1 for transient scopes. Everything is asynchronous: a
 * request gives a ScopeJob, its callback is called once from the event loop, never from within the
 * call. What a "done" means is the caller's to check: systemd says it too of a scope whose process
 * has died. org.freedesktop.systemd1(5). */

#include "base/time.h"
#include "spec/value.h"

#include <sys/types.h>
#include <systemd/sd-bus.h>

typedef struct ScopeClient ScopeClient;
typedef struct ScopeJob ScopeJob;

#define SCOPE_JOB_TIMEOUT_USEC (25 * USEC_PER_SEC)

/* What a signature carries: t, b: number. s: text. ay: set. a(ss): text and second of each item;
 * a(st): text and size. a(iayu): text, a range of
 * addresses or a word for several. */
typedef struct ScopeSetting {
        const char *name;
        const char *signature; /* a literal */
        uint64_t number;
        const char *text;
        ValueList list;
        NumberSet set;
} ScopeSetting;

typedef struct ScopeStart {
        const char *name; /* "sbx-web.scope" */
        const pid_t *pids;
        size_t n_pids;
        const ScopeSetting *settings;
        size_t n_settings;
        bool survives_oom; /* on cgroup2: a process of it that is killed is no reason to stop it */
} ScopeStart;

/* result: 0, or -errno with a sentence. The job is still the owner's, who frees it here or later.
 */
typedef void (*ScopeDone)(void *userdata, int result, const char *text);
typedef void (*ScopeListed)(void *userdata, char *const *names);

/* lifecycle; bus is attached to an event loop. Subscribes to systemd's signals. Freeing ends every
 * job that is still waiting with -ENOTCONN. */
int scope_client_new(sd_bus *bus, usec_t job_timeout_usec, ScopeClient **ret);
ScopeClient *scope_client_free(ScopeClient *client);
DEFINE_CLEANUP(ScopeClient *, scope_client_free)

/* Starts a scope around the processes. A stale unit of this name is stopped first, once. No setting
 * is ever left out because systemd does not know it: a limit that is not set is not in force. */
int scope_start(ScopeClient *client, const ScopeStart *start, ScopeDone done, void *userdata,
                ScopeJob **ret);
/* Stops a unit and waits for its end; one that is not there counts as stopped. */
int scope_stop(ScopeClient *client, const char *name, ScopeDone done, void *userdata,
               ScopeJob **ret);
/* Changes settings of a unit until it ends. Done means that systemd has taken them: it writes them
 * to the kernel some time later. */
int scope_set(ScopeClient *client, const char *name, const ScopeSetting *settings,
              size_t n_settings, ScopeDone done, void *userdata, ScopeJob **ret);
/* Sends a signal to every process of a unit; nobody waits for the answer. */
int scope_kill(ScopeClient *client, const char *name, int signal);
/* Forgets about a request: the callback is not called any more. What systemd was asked for goes on.
 * Gives NULL. */
ScopeJob *scope_job_free(ScopeJob *job);

/* The loaded units that match a glob. The callback gets NULL where systemd could not be asked. */
int scope_list(ScopeClient *client, const char *pattern, ScopeListed listed, void *userdata);
