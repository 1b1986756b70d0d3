/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/state.h"

#include "base/parse.h"
#include "base/path.h"
#include "ctl/property.h"
#include "ctl/text.h"
#include "ctl/weaker.h"
#include "spec/namespaces.h"

#include <inttypes.h>
#include <signal.h>

enum { LABEL_COLUMNS = STATE_INDENT - 2 };

/* "     Label: " right-aligned as systemctl has it. */
static int label(const char *name, Str *out) {
        return str_appendf(out, "%*s: ", LABEL_COLUMNS, name);
}

static int row(const StateInput *input, const char *name, Colour colour, const char *text,
               Str *out) {
        int r;

        if (!*text) {
                return 0;
        }
        r = label(name, out);
        if (r == 0) {
                r = text_append_wrapped(out, input->colours, colour, STATE_INDENT, input->width,
                                        text);
        }
        return r < 0 ? r : str_append_char(out, '\n');
}

static const char *text_of(const StateInput *input, const char *name) {
        return property_text(input->properties, name);
}

static uint64_t number_of(const StateInput *input, const char *name) {
        return property_number(input->properties, name);
}

static Colour state_colour(const StateInput *input) {
        const char *active = text_of(input, "ActiveState");

        if (streq(active, "active") || streq(active, "reloading")) {
                return COLOUR_GREEN;
        }
        return streq(active, "failed") ? COLOUR_RED : COLOUR_NONE;
}

/* What runs has numbers; of what has ended they say nothing any more. */
static bool is_over(const StateInput *input) {
        const char *active = text_of(input, "ActiveState");

        return streq(active, "inactive") || streq(active, "failed");
}

static int title(const StateInput *input, Str *out) {
        const char *active = text_of(input, "ActiveState"),
                   *description = text_of(input, "Description");
        const char *dot = streq(active, "active") ? "●" : streq(active, "failed") ? "×" : "○";
        Colour colour = state_colour(input);
        int r;

        r = str_appendf(out, "%s%s%s ", colour_code(input->colours && colour, colour), dot,
                        colour_code(input->colours && colour, COLOUR_NONE));
        if (r == 0) {
                r = text_append(out, false, COLOUR_NONE, text_of(input, "Id"));
        }
        if (r == 0 && *description) {
                r = str_append(out, " - ");
                r = r < 0 ? r : text_append(out, false, COLOUR_NONE, description);
        }
        return r < 0 ? r : str_append_char(out, '\n');
}

static int loaded(const StateInput *input, Str *out) {
        const char *load = text_of(input, "LoadState"), *path = text_of(input, "FragmentPath");
        const char *file_state = text_of(input, "UnitFileState");
        bool good = streq(load, "loaded");
        int r;

        r = label("Loaded", out);
        if (r == 0) {
                r = text_append(out, input->colours, good ? COLOUR_NONE : COLOUR_RED, load);
        }
        if (r == 0 && *path) {
                r = str_append(out, " (");
                r = r < 0 ? r : text_append(out, false, COLOUR_NONE, path);
                if (r == 0 && *file_state) {
                        r = str_append(out, "; ");
                        r = r < 0 ? r : text_append(out, false, COLOUR_NONE, file_state);
                }
                r = r < 0 ? r : str_append_char(out, ')');
        } else if (r == 0 && property_flag(input->properties, "Transient")) {
                r = str_append(out, " (transient)");
        }
        return r < 0 ? r : str_append_char(out, '\n');
}

/* In the same directory; NULL is in none. */
static bool beside(const char *path, const char *other) {
        size_t n = (size_t) (path_last(path) - path);

        return other && (size_t) (path_last(other) - other) == n && strncmp(path, other, n) == 0;
}

static int drop_in(const char *path, const char *before, const char *after, Str *out) {
        const char *name = path_last(path);
        _cleanup_free_ char *directory = NULL;
        int r = 0;

        if (!beside(path, before)) {
                directory = strf("%.*s", (int) MAX(name - path - 1, 0), path);
                r = !before ? label("Drop-In", out) : str_appendf(out, "%*s", STATE_INDENT, "");
                r = r < 0 ? r : text_append(out, false, COLOUR_NONE, directory ? directory : "");
                r = r < 0 ? r : str_append_char(out, '\n');
        }
        r = r < 0 ? r
                  : str_appendf(out, "%*s%s", STATE_INDENT, "", beside(path, after) ? "├─" : "└─");
        r = r < 0 ? r : text_append(out, false, COLOUR_NONE, name);
        return r < 0 ? r : str_append_char(out, '\n');
}

/* The directories, and below each its files. */
static int drop_ins(const StateInput *input, Str *out) {
        json_object *list = property_list(input->properties, "DropInPaths");
        size_t n = list ? json_object_array_length(list) : 0;
        const char *before = NULL;
        int r = 0;

        for (size_t i = 0; r == 0 && i < n; i++) {
                const char *path = json_object_get_string(json_object_array_get_idx(list, i));
                json_object *after = i + 1 < n ? json_object_array_get_idx(list, i + 1) : NULL;

                r = drop_in(path, before, after ? json_object_get_string(after) : NULL, out);
                before = path;
        }
        return r;
}

static uint64_t state_since(const StateInput *input) {
        const char *active = text_of(input, "ActiveState");
        uint64_t since = 0;

        if (streq(active, "active")) {
                since = number_of(input, "ActiveEnterTimestamp");
        } else if (streq(active, "inactive") || streq(active, "failed")) {
                since = number_of(input, "InactiveEnterTimestamp");
        }
        return since > 0 ? since : number_of(input, "StateChangeTimestamp");
}

/* " (frozen)"; nothing for what runs. */
static int freezer(const StateInput *input, Str *out) {
        const char *state = text_of(input, "FreezerState");
        int r;

        if (!*state || streq(state, "running")) {
                return 0;
        }
        r = str_appendf(out, " %s(", colour_code(input->colours, COLOUR_YELLOW));
        r = r < 0 ? r : text_append(out, false, COLOUR_NONE, state);
        return r < 0 ? r : str_appendf(out, ")%s", colour_code(input->colours, COLOUR_NONE));
}

static int active(const StateInput *input, Str *out) {
        const char *result = text_of(input, "Result"), *sub = text_of(input, "SubState");
        uint64_t since = state_since(input);
        Colour colour = state_colour(input);
        int r;

        r = label("Active", out);
        r = r < 0 ? r : str_append(out, colour_code(input->colours && colour, colour));
        r = r < 0 ? r : text_append(out, false, COLOUR_NONE, text_of(input, "ActiveState"));
        if (r == 0 && streq(text_of(input, "ActiveState"), "failed") && *result) {
                r = str_append(out, " (Result: ");
                r = r < 0 ? r : text_append(out, false, COLOUR_NONE, result);
                r = r < 0 ? r : str_append_char(out, ')');
        } else if (r == 0 && *sub) {
                r = str_append(out, " (");
                r = r < 0 ? r : text_append(out, false, COLOUR_NONE, sub);
                r = r < 0 ? r : str_append_char(out, ')');
        }
        r = r < 0 ? r : str_append(out, colour_code(input->colours && colour, COLOUR_NONE));
        r = r < 0 ? r : freezer(input, out);
        if (r == 0 && since > 0) {
                _cleanup_free_ char *date = usec_format_timestamp(since);
                usec_t passed = input->now > since ? input->now - since : 0;
                /* nobody reads microseconds */
                _cleanup_free_ char *ago =
                        usec_format_ago(since, since + passed / USEC_PER_MSEC * USEC_PER_MSEC);

                r = date && ago ? str_appendf(out, " since %s; %s", date, ago) : -ENOMEM;
        }
        return r < 0 ? r : str_append_char(out, '\n');
}

/* As systemctl(1) and systemd.exec(5) name them; NULL: it has no name. */
static const char *exit_status_name(int status) {
        static const struct {
                int status;
                const char *name;
        } names[] = {{0, "SUCCESS"},      {1, "FAILURE"},       {200, "CHDIR"},
                     {201, "NICE"},       {203, "EXEC"},        {205, "LIMITS"},
                     {206, "OOM_ADJUST"}, {209, "STDOUT"},      {215, "CPUAFFINITY"},
                     {216, "GROUP"},      {217, "USER"},        {218, "CAPABILITIES"},
                     {219, "CGROUP"},     {225, "NETWORK"},     {226, "NAMESPACE"},
                     {228, "SECCOMP"},    {230, "PERSONALITY"}, {237, "KEYRING"}};

        for (size_t i = 0; i < ELEMENTS(names); i++) {
                if (names[i].status == status) {
                        return names[i].name;
                }
        }
        return NULL;
}

/* How the workload ended: "code=exited, status=1/FAILURE". */
static int ended(const StateInput *input, Str *out) {
        int code = (int) number_of(input, "ExecMainCode"),
            status = (int) number_of(input, "ExecMainStatus");
        const char *name;

        switch (code) {
        case CLD_EXITED:
                name = exit_status_name(status);
                return str_appendf(out, "code=exited, status=%d%s%s", status, name ? "/" : "",
                                   name ? name : "");
        case CLD_KILLED:
        case CLD_DUMPED:
                name = signal_name(status);
                return str_appendf(out, "code=%s, signal=%s",
                                   code == CLD_KILLED ? "killed" : "dumped",
                                   name ? name : "unknown");
        default:
                return 0;
        }
}

static int main_process(const StateInput *input, Str *out) {
        uint64_t pid = number_of(input, "MainPID");
        int r;

        if (pid > 0 && !is_over(input)) {
                r = label("Main PID", out);
                r = r < 0 ? r : str_appendf(out, "%" PRIu64, pid);
                if (r == 0 && input->main_comm) {
                        r = str_append(out, " (");
                        r = r < 0 ? r : text_append(out, false, COLOUR_NONE, input->main_comm);
                        r = r < 0 ? r : str_append_char(out, ')');
                }
        } else if (number_of(input, "ExecMainCode") > 0) {
                r = label("Process", out);
                r = r < 0 ? r : ended(input, out);
        } else {
                return 0;
        }
        return r < 0 ? r : str_append_char(out, '\n');
}

/* "1.2M (high: 32M max: 64M)": what is set of them. */
static int memory(const StateInput *input, Str *out) {
        static const struct {
                const char *property, *name;
                uint64_t none;
        } bounds[] = {{"MemoryMin", "min", 0},
                      {"MemoryLow", "low", 0},
                      {"MemoryHigh", "high", UINT64_MAX},
                      {"MemoryMax", "max", UINT64_MAX},
                      {"MemorySwapMax", "swap max", UINT64_MAX}};
        uint64_t current = number_of(input, "MemoryCurrent");
        bool any = false;
        int r;

        if (current == UINT64_MAX || current == 0) {
                return 0;
        }
        r = label("Memory", out);
        r = r < 0 ? r : text_append_size(out, current);
        for (size_t i = 0; r == 0 && i < ELEMENTS(bounds); i++) {
                json_object *value = NULL;

                if (!json_object_object_get_ex(input->properties, bounds[i].property, &value) ||
                    json_object_get_uint64(value) == bounds[i].none) {
                        continue;
                }
                r = str_appendf(out, "%s%s: ", any ? " " : " (", bounds[i].name);
                r = r < 0 ? r : text_append_size(out, json_object_get_uint64(value));
                any = true;
        }
        r = r < 0 ? r : str_append(out, any ? ")" : "");
        return r < 0 ? r : str_append_char(out, '\n');
}

/* "IO: 1.2M read, 3K written": two counters of bytes, where the kernel has both and one moved. */
static int traffic(const StateInput *input, const char *name, const char *const properties[2],
                   const char *const words[2], Str *out) {
        uint64_t numbers[2] = {number_of(input, properties[0]), number_of(input, properties[1])};
        int r;

        if (numbers[0] == UINT64_MAX || numbers[1] == UINT64_MAX || numbers[0] + numbers[1] == 0) {
                return 0;
        }
        r = label(name, out);
        for (size_t i = 0; r == 0 && i < ELEMENTS(numbers); i++) {
                r = str_append(out, i > 0 ? ", " : "");
                r = r < 0 ? r : text_append_size(out, numbers[i]);
                r = r < 0 ? r : str_appendf(out, " %s", words[i]);
        }
        return r < 0 ? r : str_append_char(out, '\n');
}

static int counters(const StateInput *input, Str *out) {
        static const char *const io[] = {"IOReadBytes", "IOWriteBytes"},
                                 *const io_words[] = {"read", "written"},
                                 *const ip[] = {"IPIngressBytes", "IPEgressBytes"},
                                 *const ip_words[] = {"in", "out"};
        int r;

        r = traffic(input, "IP", ip, ip_words, out);
        return r < 0 ? r : traffic(input, "IO", io, io_words, out);
}

/* How long it was up, once it is not any more. */
static int duration(const StateInput *input, Str *out) {
        uint64_t from = number_of(input, "ActiveEnterTimestamp"),
                 to = number_of(input, "ActiveExitTimestamp");
        _cleanup_free_ char *span = NULL;
        int r;

        if (!is_over(input) || from == 0 || to <= from) {
                return 0;
        }
        span = usec_format_span((to - from) / USEC_PER_MSEC * USEC_PER_MSEC);
        r = span ? label("Duration", out) : -ENOMEM;
        return r < 0 ? r : str_appendf(out, "%s\n", span);
}

static int tasks(const StateInput *input, Str *out) {
        uint64_t current = number_of(input, "TasksCurrent"), most = number_of(input, "TasksMax");
        int r;

        if (current == UINT64_MAX || current == 0) {
                return 0;
        }
        r = label("Tasks", out);
        r = r < 0 ? r : str_appendf(out, "%" PRIu64, current);
        if (r == 0 && most != UINT64_MAX && most > 0) {
                r = str_appendf(out, " (limit: %" PRIu64 ")", most);
        }
        return r < 0 ? r : str_append_char(out, '\n');
}

static int processor(const StateInput *input, Str *out) {
        uint64_t used = number_of(input, "CPUUsageNSec");
        _cleanup_(str_done) Str quota = STR_INIT;
        _cleanup_free_ char *span = NULL;
        json_object *value = NULL;
        int r;

        if (used == UINT64_MAX || used == 0) {
                return 0;
        }
        span = usec_format_span(used / NSEC_PER_USEC / USEC_PER_MSEC * USEC_PER_MSEC);
        r = span ? label("CPU", out) : -ENOMEM;
        r = r < 0 ? r : str_append(out, span);
        if (r == 0 && json_object_object_get_ex(input->properties, "CPUQuota", &value) &&
            json_object_get_uint64(value) != UINT64_MAX) {
                r = property_format("CPUQuota", value, &quota);
                if (r == 0 && quota.length > 0) {
                        r = str_appendf(out, " (quota: %s)", str_text(&quota));
                }
        }
        return r < 0 ? r : str_append_char(out, '\n');
}

static int users(const StateInput *input, Str *out) {
        const char *mode = text_of(input, "PrivateUsers");
        uint64_t base = number_of(input, "HostUIDBase");
        int r;

        if (number_of(input, "LeaderPID") == 0 || is_over(input) || !*mode) {
                return 0;
        }
        r = label("Users", out);
        if (r == 0 && base > 0) {
                r = str_appendf(out, "root inside is uid %" PRIu64 " outside (", base);
                r = r < 0 ? r : text_append(out, false, COLOUR_NONE, mode);
                r = r < 0 ? r : str_append_char(out, ')');
        } else if (r == 0) {
                r = text_append(out, false, COLOUR_NONE, mode);
        }
        return r < 0 ? r : str_append_char(out, '\n');
}

/* "http: 8080 → 8080", a line each. */
static int ports(const StateInput *input, Str *out) {
        json_object *list = property_list(input->properties, "Ports");
        bool first = true;
        int r = 0;

        for (size_t i = 0; r == 0 && list && i < json_object_array_length(list); i++) {
                json_object *port = json_object_array_get_idx(list, i);
                const char *listen = json_object_get_string(json_object_array_get_idx(port, 1));

                if (!listen || !*listen) {
                        continue; /* of a unit with mistakes */
                }
                r = first ? label("Ports", out) : str_appendf(out, "%*s", STATE_INDENT, "");
                first = false;
                for (size_t j = 0; r == 0 && j < 3; j++) {
                        const char *text =
                                json_object_get_string(json_object_array_get_idx(port, j));

                        r = str_append(out, j == 0 ? "" : j == 1 ? ": " : " → ");
                        r = r < 0 ? r : text_append(out, false, COLOUR_NONE, text ? text : "");
                }
                r = r < 0 ? r : str_append_char(out, '\n');
        }
        return r;
}

/* One line for a sandbox, one for each path: "network ipc of db.sandbox". */
static int joins(const StateInput *input, Str *out) {
        const char *unit = text_of(input, "JoinsNamespaceOf"),
                   *kinds = text_of(input, "JoinNamespaces");
        bool first = !*unit || !*kinds;
        int r = 0;

        if (!first) {
                r = label("Joins", out);
                r = r < 0 ? r : text_append(out, false, COLOUR_NONE, kinds);
                r = r < 0 ? r : str_append(out, " of ");
                r = r < 0 ? r : text_append(out, false, COLOUR_NONE, unit);
                r = r < 0 ? r : str_append_char(out, '\n');
        }
        for (size_t i = 0; i < NAMESPACE_KINDS && r == 0; i++) {
                const NamespaceKind *kind = &namespace_kinds[i];
                const char *path = text_of(input, directive_table[kind->path].name);

                if (!*path) {
                        continue;
                }
                r = first ? label("Joins", out) : str_appendf(out, "%*s", STATE_INDENT, "");
                r = r < 0 ? r : str_appendf(out, "%s at ", kind->name);
                r = r < 0 ? r : text_append(out, false, COLOUR_NONE, path);
                r = r < 0 ? r : str_append_char(out, '\n');
                first = false;
        }
        return r;
}

/* A list of words on one line, or of sentences on lines of their own. */
static int list_rows(const StateInput *input, const char *property, const char *name, Colour colour,
                     bool sentences, Str *out) {
        json_object *list = property_list(input->properties, property);
        size_t n = list ? json_object_array_length(list) : 0;
        int r = 0;

        for (size_t i = 0; r == 0 && i < n; i++) {
                const char *text = json_object_get_string(json_object_array_get_idx(list, i));

                if (i == 0) {
                        r = label(name, out);
                } else {
                        r = sentences ? str_appendf(out, "%*s", STATE_INDENT, "")
                                      : str_append_char(out, ' ');
                }
                r = r < 0 ? r
                          : text_append_wrapped(out, input->colours, colour, STATE_INDENT,
                                                sentences ? input->width : 0, text ? text : "");
                if (r == 0 && (sentences || i + 1 == n)) {
                        r = str_append_char(out, '\n');
                }
        }
        return r;
}

/* Names and values alone: explain has the words. */
static int weaker(const StateInput *input, Str *out) {
        _cleanup_json_ json_object *list = json_object_new_array();
        _cleanup_(str_done) Str text = STR_INIT;
        int r;

        if (is_over(input)) {
                return 0;
        }
        r = list ? weaker_find(input->properties, list) : -ENOMEM;
        for (size_t i = 0; r == 0 && i < json_object_array_length(list); i++) {
                json_object *item = json_object_array_get_idx(list, i);

                r = str_appendf(&text, "%s%s=%s", i > 0 ? " " : "",
                                property_text(item, "directive"), property_text(item, "value"));
        }
        return r < 0 ? r : row(input, "Weaker", COLOUR_YELLOW, str_text(&text), out);
}

/* Where more is said about what failed. */
static int hint(const StateInput *input, Str *out) {
        _cleanup_free_ char *text = NULL;

        if (!streq(text_of(input, "ActiveState"), "failed")) {
                return 0;
        }
        text = strf("sbxctl explain %s", text_of(input, "Id"));
        return text ? row(input, "More", COLOUR_NONE, text, out) : -ENOMEM;
}

static int restarts(const StateInput *input, Str *out) {
        uint64_t n = number_of(input, "NRestarts");
        int r;

        if (n == 0) {
                return 0;
        }
        r = label("Restarts", out);
        return r < 0 ? r : str_appendf(out, "%" PRIu64 "\n", n);
}

int state_format(const StateInput *input, Str *out) {
        bool is_failed = streq(text_of(input, "ActiveState"), "failed");
        int r;

        r = title(input, out);
        r = r < 0 ? r : loaded(input, out);
        r = r < 0 ? r : drop_ins(input, out);
        r = r < 0 ? r : active(input, out);
        r = r < 0 ? r : duration(input, out);
        r = r < 0 ? r
                  : list_rows(input, "Documentation", "Docs", COLOUR_NONE, /* sentences= */ true,
                              out);
        r = r < 0 ? r
                  : row(input, "Status", is_failed ? COLOUR_RED : COLOUR_NONE,
                        text_of(input, "StatusText"), out);
        r = r < 0 ? r : hint(input, out);
        r = r < 0 ? r : restarts(input, out);
        r = r < 0 ? r : main_process(input, out);
        r = r < 0 ? r : counters(input, out);
        r = r < 0 ? r : tasks(input, out);
        r = r < 0 ? r : memory(input, out);
        r = r < 0 ? r : processor(input, out);
        r = r < 0 ? r : row(input, "Scope", COLOUR_NONE, text_of(input, "Scope"), out);
        r = r < 0 ? r : row(input, "CGroup", COLOUR_NONE, text_of(input, "ControlGroup"), out);
        r = r < 0 || !input->processes ? r : str_append(out, input->processes);
        r = r < 0 ? r : users(input, out);
        r = r < 0 ? r : joins(input, out);
        r = r < 0 ? r : ports(input, out);
        r = r < 0 ? r
                  : list_rows(input, "Layers", "Layers", COLOUR_NONE, /* sentences= */ false, out);
        r = r < 0 ? r : weaker(input, out);
        r = r < 0 ? r
                  : list_rows(input, "Degraded", "Degraded", COLOUR_YELLOW, /* sentences= */ true,
                              out);
        return r < 0 ? r
                     : list_rows(input, "LoadDiagnostics", "Problems", COLOUR_YELLOW,
                                 /* sentences= */ true, out);
}
