/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A stream to the journal, of lines that are the unit's. flags: SOCK_NONBLOCK or 0. -errno where
 * there is no journal, or with SOCK_NONBLOCK where it cannot be reached at once. Only for whoever
 * is still root of the host. */
int journal_connect(const char *identifier, const char *unit, int flags);
