/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Stops the scopes of sandboxes that are not there (any more): those of an sbxd that was killed
 * between two steps. */

typedef struct Manager Manager;

/* Once the helper and systemd can both be asked; before that it does nothing. */
void janitor_run(Manager *manager);
void janitor_forget(Manager *manager);
