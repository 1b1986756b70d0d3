/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/enabled.h"

#include "base/fd.h"
#include "base/str.h"

#include <fcntl.h>
#include <unistd.h>

static bool wants(int directory_fd, const char *wanting, const char *service) {
        _cleanup_free_ char *link = strf("%s/%s", wanting, service);

        return (endswith(wanting, ".wants") || endswith(wanting, ".requires")) && link &&
               faccessat(directory_fd, link, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool enabled_below(const char *const *directories, const char *unit) {
        const char *suffix = endswith(unit, ".sandbox");
        _cleanup_free_ char *service = NULL;
        bool found = false;

        assert(directories);
        assert(suffix);

        service = strf("sbx@%.*s.service", (int) (suffix - unit), unit);
        for (; service && *directories && !found; directories++) {
                _cleanup_dir_ DIR *directory = opendir(*directories);
                const struct dirent *entry;

                while (directory && !found && (entry = readdir(directory))) {
                        found = wants(dirfd(directory), entry->d_name, service);
                }
        }
        return found;
}

const char *enabled_state(const char *unit, const Spec *spec) {
        static const char *const directories[] = {"/etc/systemd/system", "/run/systemd/system",
                                                  NULL};

        if (enabled_below(directories, unit)) {
                return "enabled";
        }
        return spec && spec->wanted_by.n > 0 ? "disabled" : "static";
}
