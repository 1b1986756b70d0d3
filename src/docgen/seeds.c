/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "docgen/docgen.h"

#include "base/fd.h"
#include "spec/spec.h"

#include <fcntl.h>
#include <sys/stat.h>

static char *seed_text(const Directive *directive) {
        const char *sample = directive->n_names > 0 ? directive->names[0] : directive->type->sample;

        return strf("[%s%s]\n%s=%s\n", directive->section, directive->record ? " http" : "",
                    directive->name, sample);
}

static int seed_write(int directory, const Directive *directive) {
        _cleanup_free_ char *name = strf("%s.sandbox", directive->name),
                            *text = seed_text(directive);
        _cleanup_fd_ int fd = -EBADF;

        if (!name || !text) {
                return -ENOMEM;
        }
        fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd < 0) {
                return negative_errno();
        }
        return fd_write_all(fd, text, strlen(text));
}

int seeds_write(const char *directory) {
        _cleanup_fd_ int fd = -EBADF;

        assert(directory);

        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) {
                return negative_errno();
        }
        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                int r = seed_write(fd, &directive_table[i]);

                if (r < 0) {
                        return r;
                }
        }
        return 0;
}
