/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of the library share. */

#include "base/macros.h"
#include "sbx/bus.h"
#include "sbx/sbx.h"

/* In the library's interface: libsbx.map has the same names. */
#define PUBLIC __attribute__((visibility("default")))

struct sbx_client {
        sd_bus *bus;
        bool peer; /* no bus daemon between us and sbxd */
        char *error;
};

/* Keeps the words and gives the negative errno: of the error where it is set, else of r. */
int client_fail(sbx_client *client, int r, const sd_bus_error *error);
/* A method of the Manager. ret_reply may be NULL. */
int client_call(sbx_client *client, const char *method, sd_bus_message **ret_reply,
                const char *types, ...);
/* Calls back for a signal of sbxd until the slot is dropped. */
int client_match(sbx_client *client, const char *path, const char *interface, const char *member,
                 sd_bus_message_handler_t handler, void *userdata, sd_bus_slot **ret);
/* The same for the end of sbxd. */
int client_match_gone(sbx_client *client, sd_bus_message_handler_t handler, void *userdata,
                      sd_bus_slot **ret);
/* Whether a message that client_match_gone() called back for says so. */
bool client_is_gone(sd_bus_message *message);
