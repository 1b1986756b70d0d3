/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the value types share among themselves; of no use outside this room. */

#include "spec/spec.h"

/* How a user's text is quoted in a message: never more than a line of it. */
#define QUOTED "\"%.80s\""

/* Formats the sentence into *reterr and gives fault, or -ENOMEM. reterr may be NULL. */
int value_fail(char **reterr, int fault, const char *format, ...) _printf_(3, 4);
/* One text as the list that format() gives; owns text, NULL is -ENOMEM. */
int value_one(char *text, char ***ret);
/* "EPERM", "13", "kill" (VALUE_KILL): an errno, 1 to 4095. */
int value_parse_errno(const char *text, int *ret);
/* The name where it has one, else digits; NULL: out of memory. */
char *value_format_errno(int error);
/* Refuses a number outside the directive's RANGE(). */
int value_check_range(const Directive *directive, uint64_t value, const char *text, char **reterr);

/* Fields that own nothing. */
void value_plain_done(void *field);
/* Fields that are one string: NULL is "". */
void value_string_done(void *field);
int value_string_copy(const void *field, void *ret);
int value_string_format(const Directive *directive, const void *field, char ***ret);
/* Replaces the string field; owns text. */
void value_string_set(void *field, char *text);

/* Fields that are a ValueList. */
void value_list_field_done(void *field);
int value_list_field_copy(const void *field, void *ret);
/* Where the text of an item is all of it, and needs no quotes. */
int value_list_format_texts(const Directive *directive, const void *field, char ***ret);
/* A new zeroed item at the end, or NULL. */
ValueItem *value_list_add(ValueList *list, const Place *place);
/* Splits [~]WORD… into items, each flagged with VALUE_INVERTED where there is a ~; a plain ~ gives
 * one item with an empty text. add makes an item of a word, which it owns. */
typedef int (*ValueWordAdd)(const Directive *directive, char *word, ValueList *list,
                            const Place *place, char **reterr);
int value_list_parse_inverted(const Directive *directive, const char *text, const Place *place,
                              ValueWordAdd add, ValueList *list, char **reterr,
                              size_t *reterr_offset);
/* Moves all items of from behind those of list. -E2BIG (with a sentence): too many items. */
int value_list_take(ValueList *list, ValueList *from, char **reterr);
#define _cleanup_list_ _cleanup_(value_list_done)

/* Reads quoted text piece by piece. */
typedef struct WordReader {
        const char *text;
        size_t position; /* of the next byte */
        size_t start;    /* where the piece that was given last begins */
        char stop;       /* what ended it: one of the stops, a blank, or 0 */
} WordReader;

static inline bool char_is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
/* Skips blanks; false at the end of the text. */
bool word_reader_next(WordReader *reader);
/* The piece up to a blank or one of stops, neither quoted nor escaped; the stop is consumed. Empty
 * pieces are given too, so that word_reader_next() is to be called before each word. 0, -ENOMEM, or
 * -EINVAL where a quote is left open (reader->start: the quote). */
int word_reader_take(WordReader *reader, const char *stops, char **ret, char **reterr);
/* value_quote_word() that also quotes words which hold one of special. */
char *value_quote_special(const char *word, const char *special);

/* The memory of this host in bytes, and the most tasks that its kernel allows. */
uint64_t host_memory(void);
uint64_t host_tasks(void);
/* Bytes: "64M", "50%" of the host's memory, "infinity". */
int value_parse_size(const char *text, uint64_t *ret);
/* Simplifies and checks: absolute and safe. */
int value_parse_path(const char *text, char **ret, char **reterr);
