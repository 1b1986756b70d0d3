/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/control-file.h"

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_directory(int parent_fd, const char *path) {
        int fd;

        if (mkdirat(parent_fd, path, 0755) < 0 && errno != EEXIST) {
                return negative_errno();
        }
        fd = openat(parent_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? negative_errno() : fd;
}

/* /etc/sbx itself is missing where nothing was installed. */
static int make_parent(const char *directory) {
        _cleanup_free_ char *parent = strdup(directory);
        char *slash = parent ? strrchr(parent, '/') : NULL;

        if (!parent) {
                return -ENOMEM;
        }
        if (!slash || slash == parent) {
                return 0;
        }
        *slash = '\0';
        return mkdir(parent, 0755) < 0 && errno != EEXIST ? negative_errno() : 0;
}

static int write_temporary(const ControlFile *file, const char *text) {
        _cleanup_fd_ int fd = -EBADF;
        int r;

        fd = openat(file->directory_fd, file->temporary,
                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0) {
                return negative_errno();
        }
        r = fd_write_all(fd, text, strlen(text));
        if (r == 0 && fsync(fd) < 0) {
                r = negative_errno();
        }
        return r;
}

int control_file_write(const char *directory, const char *unit, const char *directive,
                       const char *text, ControlFile *ret) {
        _cleanup_(control_file_done) ControlFile file = CONTROL_FILE_NONE;
        int r;

        assert(directory && unit && directive && text);
        assert(ret);

        file.folder = strf("%s.d", unit);
        file.name = strf("50-%s.conf", directive);
        file.temporary = strf(".50-%s.conf.new", directive); /* hidden: no drop-in */
        file.path = strf("%s/%s.d/50-%s.conf", directory, unit, directive);
        if (!file.folder || !file.name || !file.temporary || !file.path) {
                return -ENOMEM;
        }
        r = make_parent(directory);
        if (r < 0) {
                return r;
        }
        file.control_fd = open_directory(AT_FDCWD, directory);
        if (file.control_fd < 0) {
                return file.control_fd;
        }
        file.directory_fd = open_directory(file.control_fd, file.folder);
        if (file.directory_fd < 0) {
                return file.directory_fd;
        }
        r = write_temporary(&file, text);
        if (r < 0) {
                return r;
        }
        *ret = file;
        file = CONTROL_FILE_NONE;
        return 0;
}

int control_file_keep(ControlFile *file) {
        assert(file && file->temporary);

        if (renameat(file->directory_fd, file->temporary, file->directory_fd, file->name) < 0) {
                return negative_errno();
        }
        file->temporary = (free(file->temporary), NULL);
        return fsync(file->directory_fd) < 0 ? negative_errno() : 0;
}

void control_file_done(ControlFile *file) {
        if (file->directory_fd >= 0 && file->temporary) {
                (void) unlinkat(file->directory_fd, file->temporary, 0);
        }
        if (file->control_fd >= 0 && file->temporary) {
                (void) unlinkat(file->control_fd, file->folder, AT_REMOVEDIR);
        }
        file->directory_fd = fd_close(file->directory_fd);
        file->control_fd = fd_close(file->control_fd);
        free(file->folder);
        free(file->name);
        free(file->temporary);
        free(file->path);
        *file = CONTROL_FILE_NONE;
}
