/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/log-format.h"

#include "ctl/output.h"
#include "ctl/text.h"

#include <inttypes.h>
#include <json-c/json.h>

#define TIME_SIZE 64u

/* Each with a format of its own: the compiler checks them. */
static size_t time_short(char *text, const struct tm *tm) {
        return strftime(text, TIME_SIZE, "%b %d %H:%M:%S", tm);
}

static size_t time_full(char *text, const struct tm *tm) {
        return strftime(text, TIME_SIZE, "%a %Y-%m-%d %H:%M:%S", tm);
}

static size_t time_iso(char *text, const struct tm *tm) {
        return strftime(text, TIME_SIZE, "%Y-%m-%dT%H:%M:%S", tm);
}

static size_t time_unix(char *text, const struct tm *tm) {
        return strftime(text, TIME_SIZE, "%s", tm);
}

static size_t zone_name(char *text, const struct tm *tm) {
        return strftime(text, TIME_SIZE, " %Z", tm);
}

static size_t zone_offset(char *text, const struct tm *tm) {
        return strftime(text, TIME_SIZE, "%z", tm);
}

struct LogFormat {
        const char *name;
        size_t (*time)(char *text, const struct tm *tm); /* NULL: the message alone */
        size_t (*zone)(char *text, const struct tm *tm); /* behind it, or NULL */
        bool fraction;                                   /* microseconds between the two */
        bool json;
        int json_flags;
};

static const LogFormat formats[] = {
        {.name = "short", .time = time_short},
        {.name = "short-full", .time = time_full, .zone = zone_name},
        {.name = "short-iso", .time = time_iso, .zone = zone_offset},
        {.name = "short-iso-precise", .time = time_iso, .zone = zone_offset, .fraction = true},
        {.name = "short-precise", .time = time_short, .fraction = true},
        {.name = "short-unix", .time = time_unix, .fraction = true},
        {.name = "cat"},
        {.name = "json", .json = true, .json_flags = JSON_C_TO_STRING_PLAIN},
        {.name = "json-pretty",
         .json = true,
         .json_flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED},
};

const LogFormat *log_format_find(const char *name) {
        for (size_t i = 0; i < ELEMENTS(formats); i++) {
                if (streq(formats[i].name, name)) {
                        return &formats[i];
                }
        }
        return NULL;
}

const char *log_format_name(int i) {
        return i >= 0 && (size_t) i < ELEMENTS(formats) ? formats[i].name : NULL;
}

char *log_format_names(void) {
        _cleanup_(str_done) Str out = STR_INIT;

        for (size_t i = 0; i < ELEMENTS(formats); i++) {
                if (str_appendf(&out, "%s%s", i > 0 ? ", " : "", formats[i].name) < 0) {
                        return NULL;
                }
        }
        return str_take(&out);
}

/* -- as text -- */

static int append_time(const LogFormat *format, usec_t realtime_usec, Str *out) {
        time_t seconds = (time_t) (realtime_usec / USEC_PER_SEC);
        char text[TIME_SIZE] = "", zone[TIME_SIZE] = "";
        struct tm tm;
        int r;

        if (realtime_usec == 0 || !localtime_r(&seconds, &tm)) {
                return str_append(out, "n/a ");
        }
        (void) format->time(text, &tm);
        if (format->zone) {
                (void) format->zone(zone, &tm);
        }
        r = str_append(out, text);
        if (r == 0 && format->fraction) {
                r = str_appendf(out, ".%06" PRIu64, realtime_usec % USEC_PER_SEC);
        }
        return r < 0 ? r : str_appendf(out, "%s ", zone);
}

static Colour line_colour(const LogLine *line) {
        return line->priority <= 3   ? COLOUR_RED
               : line->priority == 4 ? COLOUR_YELLOW
               : line->priority == 5 ? COLOUR_BOLD
               : line->priority == 7 ? COLOUR_DIM
                                     : COLOUR_NONE;
}

static int append_text(const LogFormat *format, bool colours, const LogLine *line, Str *out) {
        Colour colour = line_colour(line);
        int r = 0;

        if (format->time) {
                r = append_time(format, line->realtime_usec, out);
                r = r < 0 ? r : str_appendf(out, "%s: ", line->note ? "sbx" : line->unit);
        }
        colours = colours && colour != COLOUR_NONE;
        r = r < 0 ? r : str_append(out, colour_code(colours, colour));
        r = r < 0 ? r : text_append_lines(out, line->text, line->size);
        r = r < 0 ? r : str_append(out, colour_code(colours, COLOUR_NONE));
        return r < 0 ? r : str_append_char(out, '\n');
}

/* -- as JSON, with the journal's names of fields -- */

/* DEL and U+0080 to U+009F, which a terminal obeys too, and JSON does not escape. */
static bool has_controls(const char *text, size_t n) {
        for (size_t i = 0; i < n; i++) {
                unsigned char byte = (unsigned char) text[i],
                              next = i + 1 < n ? (unsigned char) text[i + 1] : 0;

                if (byte == 0x7f || (byte == 0xc2 && next >= 0x80 && next <= 0x9f)) {
                        return true;
                }
        }
        return false;
}

/* What is not UTF-8, or not to be printed, is an array of its bytes, as journalctl has it. */
static json_object *message_json(const LogLine *line) {
        _cleanup_json_ json_object *array = NULL;

        if (utf8_valid(line->text, line->size) && !has_controls(line->text, line->size)) {
                return json_object_new_string_len(line->text, (int) line->size);
        }
        array = json_object_new_array();
        for (size_t i = 0; array && i < line->size; i++) {
                if (json_push(array, json_object_new_int((unsigned char) line->text[i])) < 0) {
                        return NULL;
                }
        }
        return TAKE(array);
}

static int append_json(const LogFormat *format, const LogLine *line, Str *out) {
        _cleanup_json_ json_object *object = json_object_new_object();
        char time_text[32], priority[8];
        const char *text;
        int r;

        if (!object) {
                return -ENOMEM;
        }
        (void) snprintf(time_text, sizeof(time_text), "%" PRIu64, line->realtime_usec);
        (void) snprintf(priority, sizeof(priority), "%u", line->priority);
        r = json_set_text(object, "__REALTIME_TIMESTAMP", time_text);
        r = r < 0 ? r : json_set_text(object, "PRIORITY", priority);
        r = r < 0 ? r : json_set_text(object, "SYSLOG_IDENTIFIER", line->note ? "sbx" : line->unit);
        r = r < 0 ? r : json_set_text(object, "SBX_UNIT", line->unit);
        r = r < 0 ? r : json_set(object, "MESSAGE", message_json(line));
        if (r < 0) {
                return r;
        }
        text = json_object_to_json_string_ext(object,
                                              format->json_flags | JSON_C_TO_STRING_NOSLASHESCAPE);
        if (!text) {
                return -ENOMEM;
        }
        r = str_append(out, text);
        return r < 0 ? r : str_append_char(out, '\n');
}

int log_format_line(const LogFormat *format, bool colours, const LogLine *line, Str *out) {
        return format->json ? append_json(format, line, out)
                            : append_text(format, colours, line, out);
}
