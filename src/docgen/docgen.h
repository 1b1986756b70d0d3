/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Build time: the tables of directives, types, rules, steps and ops to documents. Every writer
 * appends to a Page and gives 0, -ENOMEM, or -EINVAL with page->mistake. */

#include "base/str.h"

/* A text that grows until the first fault, which is kept: callers look once, at the end. */
typedef struct Page {
        Str text;
        int fault;
        char *mistake; /* a sentence, where the template is wrong */
} Page;

void page_done(Page *page);
void page_add(Page *page, const char *text);
void page_addf(Page *page, const char *format, ...) _printf_(2, 3);
/* Sets the fault -EINVAL and its sentence, unless there is one. */
void page_fail(Page *page, const char *format, ...) _printf_(2, 3);

/* Prose as roff: special characters escaped, `…` in bold, and names of directives with their = in
 * italics. */
void page_add_prose(Page *page, const char *text);
/* Text of no meaning to roff, line breaks kept. */
void page_add_literal(Page *page, const char *text);

/* A page from its template: lines of the form @NAME arguments@ are replaced. example: the text of a
 * unit, for sbx.sandbox(5), where a directive that the template does not place is a mistake; NULL
 * for other pages. */
int manual_write(Page *page, const char *manual_template, const char *example);

/* A libFuzzer dictionary of section names, directives, words of values and system call groups. */
int dictionary_write(Page *page);
/* A JSON schema (draft 2020-12) of a unit as an object of sections. */
int schema_write(Page *page);
/* Markdown tables of steps.def and ops.def. */
int steps_write(Page *page);
int ops_write(Page *page);

/* A unit for each directive into an existing directory, NAME.sandbox: seeds of the unit reader. 0
 * or -errno. */
int seeds_write(const char *directory);
