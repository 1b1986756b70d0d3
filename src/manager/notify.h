/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The signals of org.sbx1, to everybody who is connected. */

#include "manager/job.h"
#include "manager/restart.h"

void notify_sandbox_new(const Sandbox *sandbox);
void notify_sandbox_removed(const Sandbox *sandbox);
void notify_sandbox_changed(const Sandbox *sandbox);
/* which: by DirectiveId */
void notify_directives_changed(const Sandbox *sandbox, const bool *which);
void notify_job_new(const Job *job);
void notify_job_removed(Manager *manager, const Job *job);
void notify_reloading(Manager *manager, bool begins);
void notify_exec_exited(const Sandbox *sandbox, uint32_t id, int code, int status, Result result);
