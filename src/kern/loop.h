/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Loop devices: loop(4). */

/* Binds a free loop device to a regular file, read-only; it goes when its last user does. Gives a
 * descriptor of the device; -EBUSY where others took every free one first. /dev must be the host's.
 */
int loop_attach(int file);
