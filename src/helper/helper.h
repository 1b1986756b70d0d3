/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What one sbx-helper holds: its directories, its one connection, its sandboxes. */

#include "helper/log-store.h"
#include "helper/sandbox.h"

#include <signal.h>

#define SANDBOXES_MAX 4096

typedef struct Connection Connection;

struct Helper {
        Loop *loop;
        int listen;
        Watch *listen_watch;
        int signals;
        Watch *signal_watch;
        Watch *idle_watch;
        Watch *sweep_watch; /* once, after the start */
        int ids;            /* a directory */
        LogStore logs;
        CgroupBase cgroups;
        LaunchGround ground;
        Images images;
        Watch *images_watch; /* until they are looked at again; NULL: none is without a user */
        Connection *connection;
        Sandbox *sandboxes; /* in order of their START */
        size_t n_sandboxes;
        char boot_id[40];
        bool exit_idle;
        bool stopping;
};

typedef struct HelperOptions {
        const char *runtime_directory;
        const char *relay_path;
        bool exit_idle;
} HelperOptions;

/* lifecycle. listen: a listening SOCK_SEQPACKET socket, taken. */
int helper_init(Helper *helper, const HelperOptions *options, int listen);
int helper_run(Helper *helper);
void helper_done(Helper *helper);

/* registry */
Sandbox *helper_find(Helper *helper, const SandboxId *id);
/* The one of this name that still holds something of its own. */
Sandbox *helper_find_alive(Helper *helper, const char *name);
void helper_register(Helper *helper, Sandbox *sandbox);

/* Sends to the connected sbxd, if there is one; message->fds stay the caller's. */
void helper_send(Helper *helper, const ControlMessage *message);
