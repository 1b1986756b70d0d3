/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The main() of a fuzz target outside of libFuzzer: runs every file of a corpus directory through
 * it. */

#include "base/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#define REPLAY_SIZE_MAX (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int main(int argc, char **argv) {
        unsigned n = 0;
        DIR *directory;

        if (argc != 2) {
                fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
                return EXIT_FAILURE;
        }
        directory = opendir(argv[1]);
        if (!directory) {
                perror(argv[1]);
                return EXIT_FAILURE;
        }
        for (struct dirent *entry; (entry = readdir(directory));) {
                _cleanup_free_ char *bytes = NULL;
                size_t size;

                if (entry->d_name[0] == '.') {
                        continue;
                }
                if (file_read_at(dirfd(directory), entry->d_name, REPLAY_SIZE_MAX, &bytes, &size) <
                    0) {
                        fprintf(stderr, "%s/%s: unreadable\n", argv[1], entry->d_name);
                        closedir(directory);
                        return EXIT_FAILURE;
                }
                (void) LLVMFuzzerTestOneInput((const uint8_t *) bytes, size);
                n++;
        }
        closedir(directory);
        printf("%u inputs\n", n);
        return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
