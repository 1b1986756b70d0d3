/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Names on the bus. */

#define SBX_BUS_NAME "org.sbx1"
#define SBX_OBJECT_PATH "/org/sbx1"
#define SBX_SANDBOX_PREFIX "/org/sbx1/sandbox"
#define SBX_JOB_PREFIX "/org/sbx1/job"
#define SBX_INTERFACE_MANAGER "org.sbx1.Manager"
#define SBX_INTERFACE_SANDBOX "org.sbx1.Sandbox"
#define SBX_INTERFACE_JOB "org.sbx1.Job"
#define SBX_PRIVATE_SOCKET "/run/sbx/private"

#define SBX_ERROR_NO_SUCH_UNIT "org.sbx1.Error.NoSuchUnit"
#define SBX_ERROR_NO_SUCH_JOB "org.sbx1.Error.NoSuchJob"
#define SBX_ERROR_BAD_UNIT_SETTING "org.sbx1.Error.BadUnitSetting"
#define SBX_ERROR_UNIT_MASKED "org.sbx1.Error.UnitMasked"
#define SBX_ERROR_UNIT_EXISTS "org.sbx1.Error.UnitExists"
#define SBX_ERROR_NOT_ACTIVE "org.sbx1.Error.NotActive"
#define SBX_ERROR_INVALID_NAME "org.sbx1.Error.InvalidName"
#define SBX_ERROR_UNSUPPORTED "org.sbx1.Error.Unsupported"
#define SBX_ERROR_EXEC_FAILED "org.sbx1.Error.ExecFailed"
/* the program of Exec is not there; is there but cannot be run: 127 and 126 of env(1) */
#define SBX_ERROR_EXEC_NOT_FOUND "org.sbx1.Error.ExecNotFound"
#define SBX_ERROR_EXEC_NOT_EXECUTABLE "org.sbx1.Error.ExecNotExecutable"
#define SBX_ERROR_HELPER_GONE "org.sbx1.Error.HelperGone"
#define SBX_ERROR_FROZEN "org.sbx1.Error.Frozen"
#define SBX_ERROR_LIMITS_EXCEEDED "org.sbx1.Error.LimitsExceeded"
