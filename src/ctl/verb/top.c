/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fd.h"
#include "base/log.h"
#include "base/parse.h"
#include "ctl/connection.h"
#include "ctl/job.h"
#include "ctl/names.h"
#include "ctl/output.h"
#include "ctl/table.h"
#include "ctl/terminal.h"
#include "ctl/text.h"
#include "ctl/usage.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

enum { LEAVE = 1000 }; /* no exit status: the user wants to */

typedef struct Top {
        Ctl *ctl;
        char *const *patterns;
        UsageOrder order;
        usec_t delay;
        uint64_t iterations; /* still to be shown */
        bool live;           /* on a terminal, with keys */
        struct termios saved;
        int signals; /* signalfd(2) of those that would leave the terminal as it is */
        SampleList before, now;
} Top;

static const TableColumn columns[] = {
        {"UNIT", .cut = true, .middle = true},
        {"TASKS", .right = true},
        {"%CPU", .right = true},
        {"MEMORY", .right = true},
        {"INPUT/S", .right = true},
        {"OUTPUT/S", .right = true},
};

static void top_done(Top *top) {
        if (top->live) {
                (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &top->saved);
        }
        fd_close(top->signals);
        sample_list_done(&top->before);
        sample_list_done(&top->now);
}

/* -- looking -- */

/* 1: one entry of ListUsage(); 0: there are no more. */
static int sample_read(sd_bus_message *reply, const Top *top, SampleList *list) {
        Sample sample = {.now = usec_now(CLOCK_MONOTONIC)}, *grown;
        const char *unit;
        int r;

        r = sd_bus_message_read(reply, "(sttttt)", &unit, &sample.tasks, &sample.memory_bytes,
                                &sample.cpu_nsec, &sample.read_bytes, &sample.write_bytes);
        if (r <= 0 || !name_matches(unit, top->patterns)) {
                return r;
        }
        grown = reallocarray(list->items, list->n + 1, sizeof(*grown));
        if (!grown) {
                return -ENOMEM;
        }
        list->items = grown;
        sample.unit = strdup(unit);
        grown[list->n] = sample;
        return sample.unit ? (list->n++, 1) : -ENOMEM;
}

/* Gives the exit status. */
static int sample_all(Top *top) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        sample_list_done(&top->before);
        top->before = top->now;
        top->now = (SampleList){};
        r = ctl_call(top->ctl, "ListUsage", &error, &reply, NULL);
        if (r < 0) {
                return ctl_report(top->ctl, "list sandboxes", &error, r);
        }
        r = sd_bus_message_enter_container(reply, 'a', "(sttttt)");
        while (r > 0) {
                r = sample_read(reply, top, &top->now);
        }
        return r;
}

/* -- showing -- */

static int size_text(uint64_t bytes, char **ret) {
        _cleanup_(str_done) Str text = STR_INIT;
        int r;

        r = bytes == UINT64_MAX ? str_append(&text, "-") : text_append_size(&text, bytes);
        *ret = r < 0 ? NULL : str_take(&text);
        return *ret ? 0 : -ENOMEM;
}

static int usage_to_table(const Usage *usage, struct libscols_table *table) {
        _cleanup_free_ char *memory = NULL, *input = NULL, *output = NULL, *tasks = NULL,
                            *cpu = NULL;

        if (size_text(usage->memory_bytes, &memory) < 0 ||
            size_text(usage->read_bytes, &input) < 0 ||
            size_text(usage->write_bytes, &output) < 0) {
                return -ENOMEM;
        }
        tasks = usage->tasks == UINT64_MAX ? strdup("-") : strf("%" PRIu64, usage->tasks);
        cpu = usage->cpu_permille == UINT64_MAX
                      ? strdup("-")
                      : strf("%" PRIu64 ".%" PRIu64, usage->cpu_permille / 10,
                             usage->cpu_permille % 10);
        if (!tasks || !cpu) {
                return -ENOMEM;
        }
        const char *cells[] = {usage->unit, tasks, cpu, memory, input, output};

        return table_add(table, cells, ELEMENTS(cells), NULL, 0);
}

static int set_known(json_object *object, const char *key, uint64_t value) {
        return value == UINT64_MAX ? json_set_text(object, key, NULL)
                                   : json_set(object, key, json_object_new_uint64(value));
}

static int usage_to_json(const Usage *usage, json_object *document) {
        _cleanup_json_ json_object *object = json_object_new_object();
        int r;

        r = object ? json_set_text(object, "unit", usage->unit) : -ENOMEM;
        r = r < 0 ? r : set_known(object, "tasks", usage->tasks);
        r = r < 0 ? r : set_known(object, "cpu_permille", usage->cpu_permille);
        r = r < 0 ? r : set_known(object, "memory", usage->memory_bytes);
        r = r < 0 ? r : set_known(object, "read_per_second", usage->read_bytes);
        r = r < 0 ? r : set_known(object, "write_per_second", usage->write_bytes);
        return r < 0 ? r : json_push(document, TAKE(object));
}

/* The first rows of text that fit, over what the terminal showed. */
static int show_screen(const Top *top, const char *text, size_t n_units) {
        _cleanup_(str_done) Str out = STR_INIT;
        uint16_t rows = 0, width = 0;
        size_t start;
        int r;

        terminal_size(&rows, &width);
        r = str_append(&out, "\033[H\033[2J");
        start = out.length;
        r = r < 0 ? r
                  : str_appendf(&out,
                                "%zu sandbox%s, by %s. Keys: n t c m i order, blank refreshes, q "
                                "ends.",
                                n_units, n_units == 1 ? "" : "es", usage_order_name(top->order));
        r = r < 0 ? r : text_cut(&out, start, width);
        r = r < 0 ? r : str_append_char(&out, '\n');
        for (unsigned i = 2; r == 0 && *text && (rows == 0 || i < rows); i++) {
                size_t n = strcspn(text, "\n");

                r = str_append_n(&out, text, n);
                r = r < 0 ? r : str_append_char(&out, '\n');
                text += n + (text[n] == '\n');
        }
        return r < 0 ? r : fd_write_all(STDOUT_FILENO, str_text(&out), out.length);
}

static int show(const Top *top) {
        _cleanup_json_ json_object *document = json_object_new_array();
        _cleanup_table_ struct libscols_table *table = NULL;
        _cleanup_free_ Usage *usages = calloc(top->now.n + 1, sizeof(*usages));
        _cleanup_(str_done) Str out = STR_INIT;
        bool json = top->ctl->json != JSON_OFF;
        int r;

        if (!document || !usages) {
                return -ENOMEM;
        }
        usage_compute(&top->before, &top->now, top->order, usages);
        r = table_new(top->ctl, columns, ELEMENTS(columns), &table);
        for (size_t i = 0; r == 0 && i < top->now.n; i++) {
                r = json ? usage_to_json(&usages[i], document) : usage_to_table(&usages[i], table);
        }
        if (r == 0 && json) {
                return output_json(top->ctl, document);
        }
        r = r < 0 ? r : table_format(top->ctl, table, &out);
        if (r == 0 && !top->live) {
                return fd_write_all(STDOUT_FILENO, str_text(&out), out.length);
        }
        return r < 0 ? r : show_screen(top, str_text(&out), top->now.n);
}

/* -- the loop -- */

static const struct {
        char key;
        UsageOrder order;
} keys[] = {{'n', USAGE_BY_NAME},   {'p', USAGE_BY_NAME}, /* systemd-cgtop(1) */
            {'t', USAGE_BY_TASKS},  {'c', USAGE_BY_CPU},
            {'m', USAGE_BY_MEMORY}, {'i', USAGE_BY_IO}};

/* LEAVE; or 0: time has passed, or there is something new to show. */
static int wait_for_key(Top *top) {
        struct pollfd fds[] = {{.fd = top->live ? STDIN_FILENO : -1, .events = POLLIN},
                               {.fd = top->signals, .events = POLLIN}};
        char key;
        int r;

        r = poll(fds, ELEMENTS(fds), (int) (top->delay / USEC_PER_MSEC));
        if (r < 0) {
                return errno == EINTR ? 0 : negative_errno();
        }
        if (r == 0) {
                return 0;
        }
        if (fds[1].revents || read(STDIN_FILENO, &key, 1) <= 0) {
                return LEAVE;
        }
        for (size_t i = 0; i < ELEMENTS(keys); i++) {
                if (key == keys[i].key) {
                        top->order = keys[i].order;
                }
        }
        return key == 'q' ? LEAVE : 0;
}

/* Keys come at once and are not shown, and signals end the loop, so that top_done() is the only way
 * out. */
static int go_live(Top *top) {
        static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
        struct termios raw;
        sigset_t set;

        (void) sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTS(ends); i++) {
                (void) sigaddset(&set, ends[i]);
        }
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
                return negative_errno();
        }
        top->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (top->signals < 0 || tcgetattr(STDIN_FILENO, &top->saved) < 0) {
                return negative_errno();
        }
        raw = top->saved;
        raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0) {
                return negative_errno();
        }
        top->live = true;
        return 0;
}

static int read_options(Top *top) {
        const Options *options = &top->ctl->options;
        bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
        int order = options->order ? usage_order_parse(options->order) : USAGE_BY_CPU;

        if (order < 0) {
                log_error("--order= takes name, tasks, cpu, memory or io, not '%s'.",
                          options->order);
                return SBX_EXIT_FAILURE;
        }
        top->order = (UsageOrder) order;
        top->delay = USEC_PER_SEC;
        if (options->delay &&
            (parse_timespan(options->delay, &top->delay) < 0 || top->delay < USEC_PER_SEC / 10 ||
             top->delay > 86400 * USEC_PER_SEC)) {
                log_error("-d takes a time from 100ms to a day, not '%s'.", options->delay);
                return SBX_EXIT_FAILURE;
        }
        top->iterations = terminal && !top->ctl->json ? UINT64_MAX : 1;
        if (options->iterations &&
            (parse_u64(options->iterations, &top->iterations) < 0 || top->iterations == 0)) {
                log_error("-n takes a number from 1, not '%s'.", options->iterations);
                return SBX_EXIT_FAILURE;
        }
        if (options->batch && !options->iterations) {
                top->iterations = UINT64_MAX;
        }
        return terminal && !options->batch && top->ctl->json == JSON_OFF ? go_live(top) : 0;
}

/* A name that is none would give an empty table for ever. */
static int check_name(Ctl *ctl, char *name) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(strv_freep) char **units = NULL;
        char *const names[] = {name, NULL};
        int r;

        r = name_is_pattern(name) ? 0 : names_mangle(names, &units);
        if (r != 0 || !units) {
                return r;
        }
        r = ctl_call(ctl, "LoadUnit", &error, NULL, "s", units[0]);
        return r < 0 ? unit_report(ctl, "look at", units[0], &error, r) : 0;
}

int verb_top(Ctl *ctl, char **args) {
        _cleanup_(top_done) Top top = {.ctl = ctl, .patterns = args, .signals = -EBADF};
        int r;

        if (table_check(ctl, columns, ELEMENTS(columns)) != 0 || ctl_connect(ctl) < 0) {
                return SBX_EXIT_FAILURE;
        }
        r = read_options(&top);
        STRV_FOREACH (arg, args) {
                r = r != 0 ? r : check_name(ctl, *arg);
        }
        r = r != 0 ? r : sample_all(&top);
        if (r == 0 && top.live) {
                r = show(&top); /* something at once; the rates come with the second look */
        }
        while (r == 0 && top.iterations-- > 0) {
                r = wait_for_key(&top);
                if (r != 0) {
                        break;
                }
                r = sample_all(&top);
                r = r != 0 ? r : show(&top);
        }
        return r == LEAVE ? SBX_EXIT_OK : r;
}
