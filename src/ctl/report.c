/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/report.h"

#include "base/fd.h"
#include "base/log.h"
#include "ctl/text.h"

#include <unistd.h>

/* A message that cannot be written has nowhere else to go. */
static void write_error(const Str *out) {
        (void) fd_write_all(STDERR_FILENO, str_text(out), out->length);
}

void report_message(int priority, const char *message, const char *const *fields) {
        bool colours = colour_wanted(STDERR_FILENO);
        Colour colour = priority <= LOG_ERR       ? COLOUR_RED
                        : priority <= LOG_WARNING ? COLOUR_YELLOW
                                                  : COLOUR_NONE;
        _cleanup_(str_done) Str out = STR_INIT;
        bool painted = colours && colour != COLOUR_NONE;

        (void) fields;
        if (str_append(&out, colour_code(painted, colour)) < 0 ||
            text_append_lines(&out, message, strlen(message)) < 0 ||
            str_append(&out, colour_code(painted, COLOUR_NONE)) < 0 ||
            str_append_char(&out, '\n') < 0) {
                return;
        }
        write_error(&out);
}

void report_line(const char *line) {
        bool colours = colour_wanted(STDERR_FILENO);
        _cleanup_(str_done) Str out = STR_INIT;
        const char *found = NULL;
        Colour colour = COLOUR_NONE;
        size_t n = 0;

        for (int severity = 0; severity < _DIAG_SEVERITY_MAX && !found; severity++) {
                _cleanup_free_ char *marker =
                        strf(": %s: ", diag_severity_name((DiagSeverity) severity));

                found = marker ? strstr(line, marker) : NULL;
                if (found) {
                        n = strlen(marker) - 4;
                        colour = severity == DIAG_ERROR     ? COLOUR_RED
                                 : severity == DIAG_WARNING ? COLOUR_YELLOW
                                                            : COLOUR_BOLD;
                }
        }
        if (!colours || !found) {
                if (text_append_lines(&out, line, strlen(line)) < 0 ||
                    str_append_char(&out, '\n') < 0) {
                        return;
                }
                write_error(&out);
                return;
        }
        if (str_append(&out, colour_code(colours, COLOUR_BOLD)) < 0 ||
            text_append_lines(&out, line, (size_t) (found - line) + 2) < 0 ||
            str_append(&out, colour_code(colours, colour)) < 0 ||
            str_append_n(&out, found + 2, n) < 0 ||
            str_append(&out, colour_code(colours, COLOUR_NONE)) < 0 ||
            text_append_lines(&out, found + 2 + n, strlen(found + 2 + n)) < 0 ||
            str_append_char(&out, '\n') < 0) {
                return;
        }
        write_error(&out);
}

int report_diags(const DiagList *list) {
        for (size_t i = 0; i < list->n; i++) {
                _cleanup_(str_done) Str line = STR_INIT;
                int r;

                r = diag_format(&list->diags[i], &line);
                if (r < 0) {
                        return r;
                }
                report_line(str_text(&line));
        }
        if (list->n_dropped > 0) {
                log_info("… and %zu more.", list->n_dropped);
        }
        return 0;
}
