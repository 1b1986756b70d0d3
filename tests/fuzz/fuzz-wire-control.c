/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The decoder of control messages, from both ends: what it accepts encodes to the very same bytes.
 */

#include "wire/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
        for (ControlDirection way = CONTROL_DOWN; way <= CONTROL_UP; way++) {
                uint8_t again[CONTROL_SIZE_MAX];
                size_t again_size = sizeof(again);
                ControlMessage message;

                if (control_decode(bytes, size, way, &message) < 0) {
                        continue;
                }
                assert((control_table[message.type].direction & way) != 0);
                message.n_fds = control_table[message.type].fds_min;
                assert(control_encode(&message, again, &again_size) == 0);
                assert(again_size == size && memcmp(again, bytes, size) == 0);
        }
        return 0;
}
