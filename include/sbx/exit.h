/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Exit statuses of sbxctl: systemctl(1), and those of env(1) for run and exec. */

enum {
        SBX_EXIT_OK = 0,
        SBX_EXIT_FAILURE = 1,
        SBX_EXIT_NOT_ACTIVE = 3,
        SBX_EXIT_NO_SUCH_UNIT = 4,
        SBX_EXIT_VERIFY_WARNINGS = 1,
        SBX_EXIT_VERIFY_ERRORS = 2,
        SBX_EXIT_RUN_FAILED = 125,
        SBX_EXIT_NOT_EXECUTABLE = 126,
        SBX_EXIT_NOT_FOUND = 127,
        SBX_EXIT_SIGNAL_BASE = 128,
};
