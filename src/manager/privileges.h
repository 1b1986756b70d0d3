/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* sbxd needs no capability at all: it reads files of root and talks over sockets. Under systemd its
 * unit takes them away; this does it everywhere. Whoever takes over sbxd then has uid 0 and nothing
 * more. */

/* Empties every capability set of the process, the bounding set too, for good. What cannot be
 * dropped because it is not there is no error. */
int privileges_drop(void);
