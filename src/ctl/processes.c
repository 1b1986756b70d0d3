/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/processes.h"

#include "base/fd.h"
#include "ctl/connection.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

enum { SHOWN_MAX = 64, COMMAND_MAX = 1024 };

void process_list_done(ProcessList *list) {
        for (size_t i = 0; i < list->n; i++) {
                free(list->items[i].command);
        }
        free(list->items);
        *list = (ProcessList){};
}

/* The command line with blanks between its words; NULL where there is none to be read. */
static char *command_line(uint32_t pid) {
        _cleanup_free_ char *path = strf("/proc/%" PRIu32 "/cmdline", pid), *text = NULL;
        _cleanup_fd_ int fd = -EBADF;
        ssize_t n;

        fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        text = fd >= 0 ? calloc(1, COMMAND_MAX + 1) : NULL;
        n = text ? read(fd, text, COMMAND_MAX) : -1;
        if (n <= 0) {
                return NULL;
        }
        while (n > 0 && (text[n - 1] == '\0' || text[n - 1] == ' ')) {
                n--;
        }
        for (ssize_t i = 0; i < n; i++) {
                text[i] = text[i] == '\0' ? ' ' : text[i];
        }
        text[n] = '\0';
        return n > 0 ? TAKE(text) : NULL;
}

static int read_one(Ctl *ctl, sd_bus_message *reply, ProcessList *list) {
        const char *state, *name;
        Process process, *grown;
        int r;

        r = sd_bus_message_read(reply, "(uuuustts)", &process.pid, &process.parent, &process.inner,
                                &process.user, &state, &process.cpu_nsec, &process.memory_bytes,
                                &name);
        if (r <= 0) {
                return r;
        }
        grown = reallocarray(list->items, list->n + 1, sizeof(*grown));
        if (!grown) {
                return -ENOMEM;
        }
        list->items = grown;
        process.state = state[0];
        /* numbers of another host's processes mean nothing here */
        process.command = ctl->options.host ? NULL : command_line(process.pid);
        if (!process.command) {
                process.command = strf("[%s]", name);
        }
        if (!process.command) {
                return -ENOMEM;
        }
        list->items[list->n++] = process;
        return 1;
}

int processes_read(Ctl *ctl, const char *unit, sd_bus_error *error, ProcessList *ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(process_list_done) ProcessList list = {};
        uint32_t total = 0;
        int r;

        r = ctl_call(ctl, "ListProcesses", error, &reply, "s", unit);
        r = r < 0 ? r : sd_bus_message_enter_container(reply, 'a', "(uuuustts)");
        while (r >= 0 && (r = read_one(ctl, reply, &list)) > 0) {
        }
        r = r < 0 ? r : sd_bus_message_exit_container(reply);
        r = r < 0 ? r : sd_bus_message_read(reply, "u", &total);
        if (r < 0) {
                return r;
        }
        list.total = MAX((size_t) total, list.n);
        *ret = list;
        list = (ProcessList){};
        return 0;
}

static int process_format(const Process *process, bool last, size_t indent, size_t width,
                          bool colours, Str *out) {
        _cleanup_(str_done) Str text = STR_INIT;
        int r;

        r = str_appendf(&text, "%" PRIu32 " ", process->pid);
        r = r < 0 ? r : str_append_escaped(&text, process->command, strlen(process->command));
        r = r < 0 ? r : text_cut(&text, 0, width > indent + 2 ? width - indent - 2 : width);
        r = r < 0 ? r : str_appendf(out, "%*s%s", (int) indent, "", last ? "└─" : "├─");
        /* escaped already */
        return r < 0 ? r
                     : str_appendf(out, "%s%s%s\n", colour_code(colours, COLOUR_DIM),
                                   str_text(&text), colour_code(colours, COLOUR_NONE));
}

int processes_format(const ProcessList *list, size_t indent, size_t width, bool colours, Str *out) {
        size_t shown = MIN(list->n, (size_t) SHOWN_MAX);
        int r = 0;

        for (size_t i = 0; r == 0 && i < shown; i++) {
                r = process_format(&list->items[i], i + 1 == list->total, indent, width, colours,
                                   out);
        }
        if (r == 0 && shown > 0 && list->total > shown) {
                r = str_appendf(out, "%*s└─… and %zu more\n", (int) indent, "",
                                list->total - shown);
        }
        return r;
}
