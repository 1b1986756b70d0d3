/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/explain.h"

#include "base/parse.h"
#include "ctl/property.h"
#include "ctl/text.h"
#include "ctl/weaker.h"
#include "op/step.h"

#include <signal.h>

static const Step no_step = _STEP_INVALID;

/* The step that failed, or _STEP_INVALID. */
static Step failed_step(json_object *properties) {
        const char *name = property_text(properties, "FailedStep");

        for (int step = 0; *name && step < _STEP_MAX; step++) {
                if (streq(step_name((Step) step), name)) {
                        return (Step) step;
                }
        }
        return no_step;
}

const char *explain_place(json_object *properties) {
        const char *directive = property_text(properties, "FailedDirective");
        json_object *places = NULL, *place = NULL;

        if (!*directive || !json_object_object_get_ex(properties, "DirectivePlaces", &places) ||
            !json_object_object_get_ex(places, directive, &place)) {
                return NULL;
        }
        return json_object_get_string(place);
}

/* -- one sentence -- */

static char *summary(json_object *properties) {
        const char *unit = property_text(properties, "Id"),
                   *load = property_text(properties, "LoadState"),
                   *active = property_text(properties, "ActiveState"),
                   *sub = property_text(properties, "SubState");
        Step step = failed_step(properties);

        if (streq(active, "active") || streq(active, "reloading")) {
                return strf("%s is up (%s).", unit, sub);
        }
        if (streq(load, "masked")) {
                return strf("%s is masked: its file is a link to /dev/null.", unit);
        }
        if (streq(load, "bad-setting") || streq(load, "error")) {
                return strf("%s cannot be started: its unit has mistakes.", unit);
        }
        if (streq(active, "failed") && step != no_step) {
                return strf("%s did not start: %s failed.", unit, step_table[step].summary);
        }
        if (streq(active, "failed")) {
                return strf("%s has failed (%s).", unit, property_text(properties, "Result"));
        }
        if (streq(active, "inactive")) {
                return strf("%s is not active: it ended as it should, was stopped, or was never "
                            "started.",
                            unit);
        }
        return strf("%s is %s (%s).", unit, active, sub);
}

/* -- what to do -- */

static const struct {
        const char *result, *advice;
} results[] = {
        {"exit-code", "Its program ended with a status that it chose: what it wrote before is in "
                      "'sbxctl logs'. 'sbxctl run' with the same -p options tries it by hand."},
        {"signal", "Something sent the signal: the program itself, 'sbxctl kill', or the kernel; "
                   "the host's log tells of the kernel's ('dmesg')."},
        {"core-dump", "The program crashed. LimitCORE=infinity lets it leave a core file."},
        {"timeout", "TimeoutStartSec= and TimeoutStopSec= say how long it may take."},
        {"oom-kill", "It wanted more memory than it may have: raise MemoryMax=, or look why it "
                     "does."},
        {"start-limit-hit", "'sbxctl reset-failed' lets it be started again; mend the reason of "
                            "the failures before."},
        {"resources", "sbxd itself could not do what was needed: see its log ('journalctl -u sbxd' "
                      "under systemd)."},
};

/* Steps that depend on what the host offers. */
static const Step host_steps[] = {STEP_SOURCE, STEP_SPAWN, STEP_MAP,     STEP_CGROUP,
                                  STEP_ROOT,   STEP_SCOPE, STEP_SECCOMP, STEP_NETWORK};

static int advise(json_object *advice, char *text) {
        int r = text ? json_push(advice, json_text(text)) : -ENOMEM;

        free(text);
        return r;
}

static int advise_result(json_object *properties, json_object *advice) {
        const char *result = property_text(properties, "Result");
        int r = 0;

        if (property_number(properties, "ExecMainStatus") == SIGSYS &&
            (streq(result, "signal") || streq(result, "core-dump"))) {
                r = advise(advice, strdup("SIGSYS: it made a system call of another architecture "
                                          "or one that is killed: see SystemCallFilter=."));
        }
        for (size_t i = 0; r == 0 && i < ELEMENTS(results); i++) {
                if (streq(results[i].result, result) && failed_step(properties) == no_step &&
                    !explain_place(properties)) {
                        r = advise(advice, strdup(results[i].advice));
                }
        }
        return r;
}

static int advise_all(json_object *properties, json_object *advice) {
        const char *unit = property_text(properties, "Id"),
                   *active = property_text(properties, "ActiveState"),
                   *place = explain_place(properties);
        bool failed = streq(active, "failed"),
             bad = streq(property_text(properties, "LoadState"), "bad-setting");
        Step step = failed_step(properties);
        int r;

        r = failed ? advise_result(properties, advice) : 0;
        for (size_t i = 0; r == 0 && failed && i < ELEMENTS(host_steps); i++) {
                if (step == host_steps[i]) {
                        r = advise(advice, strdup("'sbxctl doctor' shows what this host offers, "
                                                  "and how to get what it does not."));
                }
        }
        if (r == 0 && property_flag(properties, "NeedDaemonReload")) {
                r = advise(advice, strdup("Its files changed since they were read: 'sbxctl "
                                          "daemon-reload'."));
        }
        if (r == 0 && (bad || (failed && place))) {
                r = advise(advice, strf("Change the unit, then: sbxctl verify %s && sbxctl "
                                        "daemon-reload && sbxctl start %s",
                                        unit, unit));
        }
        if (r == 0 && streq(active, "inactive") && !bad) {
                r = advise(advice, strf("To start it: sbxctl start %s", unit));
        }
        return r;
}

/* -- the document -- */

static int set_list(json_object *document, const char *key, json_object *list) {
        return json_set(document, key, list ? json_object_get(list) : json_object_new_array());
}

static int set_failure(json_object *properties, const ExplainInput *input, json_object *document) {
        bool failed = streq(property_text(properties, "ActiveState"), "failed");
        Step step = failed ? failed_step(properties) : no_step;
        const char *directive = property_text(properties, "FailedDirective");
        int fault = (int) property_number(properties, "FailedErrno"), r;

        if (step == no_step) {
                fault = 0;
        }
        r = json_set_text(document, "step", step != no_step ? step_table[step].summary : NULL);
        r = r < 0 ? r : json_set_text(document, "errno", fault > 0 ? strerrorname_np(fault) : NULL);
        r = r < 0 ? r
                  : json_set_text(document, "directive", failed && *directive ? directive : NULL);
        r = r < 0 ? r : json_set_text(document, "place", failed ? explain_place(properties) : NULL);
        return r < 0 ? r
                     : json_set_text(document, "source",
                                     failed && explain_place(properties) ? input->source : NULL);
}

static int set_weaker(json_object *properties, json_object *document) {
        json_object *weaker = json_object_new_array();
        int r;

        r = json_set(document, "weaker", weaker);
        return r < 0 ? r : weaker_find(properties, weaker);
}

int explain_to_json(const ExplainInput *input, json_object **ret) {
        _cleanup_json_ json_object *document = json_object_new_object();
        json_object *properties = input->properties, *advice = json_object_new_array();
        _cleanup_free_ char *sentence = summary(properties);
        const char *reason = property_text(properties, "StatusText");
        int r;

        if (!document || !sentence) {
                json_object_put(advice);
                return -ENOMEM;
        }
        r = json_set(document, "advice", advice);
        r = r < 0 ? r : advise_all(properties, advice);
        r = r < 0 ? r : json_set_text(document, "unit", property_text(properties, "Id"));
        r = r < 0 ? r : json_set_text(document, "summary", sentence);
        r = r < 0 ? r : json_set_text(document, "reason", *reason ? reason : NULL);
        r = r < 0 ? r : set_failure(properties, input, document);
        r = r < 0 ? r
                  : set_list(document, "diagnostics", property_list(properties, "LoadDiagnostics"));
        r = r < 0 ? r : set_weaker(properties, document);
        r = r < 0 ? r : set_list(document, "degraded", property_list(properties, "Degraded"));
        r = r < 0 ? r : json_set_text(document, "host", input->host);
        r = r < 0 ? r : json_set_text(document, "log", input->log);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(document);
        return 0;
}

/* -- for people -- */

typedef struct Page {
        size_t width;
        bool colours;
        Str *out;
} Page;

static int heading(const Page *page, const char *text) {
        return str_appendf(page->out, "\n%s%s%s\n", colour_code(page->colours, COLOUR_BOLD), text,
                           colour_code(page->colours, COLOUR_NONE));
}

/* One sentence behind before, whose columns are those that the next lines begin with. */
static int sentence(const Page *page, const char *before, const char *text) {
        int r;

        r = str_append(page->out, before);
        r = r < 0 ? r
                  : text_append_wrapped(page->out, false, COLOUR_NONE, strlen(before), page->width,
                                        text);
        return r < 0 ? r : str_append_char(page->out, '\n');
}

static int list_format(const Page *page, json_object *document, const char *key,
                       const char *title) {
        json_object *list = property_list(document, key);
        size_t n = list ? json_object_array_length(list) : 0;
        int r;

        r = n > 0 ? heading(page, title) : 0;
        for (size_t i = 0; r == 0 && i < n; i++) {
                r = sentence(page, "  * ",
                             json_object_get_string(json_object_array_get_idx(list, i)));
        }
        return r;
}

static int failure_format(const Page *page, json_object *document) {
        static const struct {
                const char *key, *title;
        } rows[] = {{"step", "  Step:      "},
                    {"errno", "  Error:     "},
                    {"directive", "  Directive: "},
                    {"place", "  Place:     "},
                    {"source", "             "}};
        int r = 0;

        if (*property_text(document, "reason")) {
                r = heading(page, "What happened");
                r = r < 0 ? r : sentence(page, "  ", property_text(document, "reason"));
        }
        for (size_t i = 0; r == 0 && i < ELEMENTS(rows); i++) {
                const char *text = property_text(document, rows[i].key);

                if (*text) {
                        r = sentence(page, rows[i].title, text);
                }
        }
        return r;
}

static int weaker_format(const Page *page, json_object *document) {
        json_object *list = property_list(document, "weaker");
        size_t n = list ? json_object_array_length(list) : 0;
        int r;

        r = n > 0 ? heading(page, "Weaker than the defaults") : 0;
        for (size_t i = 0; r == 0 && i < n; i++) {
                json_object *item = json_object_array_get_idx(list, i);
                const char *place = property_text(item, "place");
                _cleanup_free_ char *text = strf("%s=%s%s%s: %s", property_text(item, "directive"),
                                                 property_text(item, "value"), *place ? " at " : "",
                                                 place, property_text(item, "meaning"));

                r = text ? sentence(page, "  * ", text) : -ENOMEM;
        }
        return r;
}

int explain_format(json_object *document, size_t width, bool colours, Str *out) {
        const Page page = {.width = width, .colours = colours, .out = out};
        const char *log = property_text(document, "log");
        int r;

        r = sentence(&page, "", property_text(document, "summary"));
        r = r < 0 ? r : failure_format(&page, document);
        r = r < 0 ? r : list_format(&page, document, "diagnostics", "Mistakes in the unit");
        r = r < 0 ? r : list_format(&page, document, "advice", "What to do");
        r = r < 0 ? r : weaker_format(&page, document);
        r = r < 0 ? r : list_format(&page, document, "degraded", "Not in force on this host");
        if (r == 0 && *log) {
                r = heading(&page, "Its last output");
                r = r < 0 ? r : str_append(out, log);
        }
        if (r == 0 && *property_text(document, "host")) {
                r = heading(&page, "Host");
                r = r < 0 ? r : sentence(&page, "  ", property_text(document, "host"));
        }
        return r;
}
