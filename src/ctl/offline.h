/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From an argument to a unit and its plan, without any daemon: what plan, verify and cat share. */

#include "ctl/ctl.h"
#include "plan/build.h"
#include "unit/unit.h"

typedef struct Offline {
        UnitSearch search;
        HostFacts host;
        Backend backend;
        /* of the unit last loaded */
        DiagList diags;
        Unit *unit;
        LayerSources layers;
        DeviceSources devices;
        LaunchPlan *launch;
} Offline;

/* Probes the host; backend_text: "scope", "direct" or NULL for the host's own. 0; SBX_EXIT_FAILURE,
 * reported; or -errno. */
int offline_init(Offline *offline, const char *backend_text);
void offline_done(Offline *offline);
/* Arguments with patterns of glob(7) replaced by the unit files of the search path that match, but
 * for templates. Files (arguments with a slash) stay as they are. */
int offline_expand(const Offline *offline, char *const *args, char ***ret);
/* Loads a name or, where it has a slash, a file, and forgets the one before. 0 and outcomes of
 * unit_load(). */
int offline_load(Offline *offline, const char *argument);
/* Looks up the layers and builds the plan of a unit that was loaded. 0; UNIT_E_INVALID, diags say
 * why; -errno. */
int offline_plan(Offline *offline);
/* Says what an outcome of offline_load() or offline_plan() other than 0 means, diagnostics
 * included. Gives the exit status. what: "show". */
int offline_report(Offline *offline, const char *what, const char *argument, int outcome);
