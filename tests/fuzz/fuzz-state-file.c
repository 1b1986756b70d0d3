/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/state-file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The bytes as they are, and once more with a checksum that is right: else nothing behind it is
 * tried. */
static void try_decode(const uint8_t *bytes, size_t size) {
        SandboxRecord record;
        void *again;
        size_t again_size;

        if (state_file_decode(bytes, size, &record) < 0) {
                return;
        }
        /* what was accepted is canonical */
        if (state_file_encode(&record, &again, &again_size) < 0 || again_size != size ||
            memcmp(again, bytes, size) != 0) {
                abort();
        }
        free(again);
        sandbox_record_done(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
        uint64_t hash = 0xcbf29ce484222325u;
        uint8_t *sealed;

        try_decode(bytes, size);
        if (size < 8) {
                return 0;
        }
        sealed = malloc(size);
        if (!sealed) {
                return 0;
        }
        memcpy(sealed, bytes, size);
        for (size_t i = 0; i < size - 8; i++) {
                hash = (hash ^ sealed[i]) * 0x100000001b3u;
        }
        for (unsigned i = 0; i < 8; i++) {
                sealed[size - 8 + i] = (uint8_t) (hash >> 8 * i);
        }
        try_decode(sealed, size);
        free(sealed);
        return 0;
}
