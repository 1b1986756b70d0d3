/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Command line to Options, by the tables of options alone. */

#include "ctl/ctl.h"

/* Parses the options of argv[1…] up to the first argument (verb NULL: those before the verb; or a
 * verb whose arguments are another program's command line), or all of them, moving arguments behind
 * the options as getopt_long(3) does. *ret_first: index of the first argument. 0; -EINVAL with a
 * sentence in *reterr, which the caller frees; -ENOMEM. */
int options_parse(const Verb *verb, int argc, char **argv, Options *options, int *ret_first,
                  char **reterr);

/* Sets the field of one option; value: NULL for flags. 0 or -ENOMEM. */
int option_set(const Option *option, Options *options, const char *value);

/* NULL: out of range. */
const char *json_mode_name(int mode);
/* "pretty", "short", "off", NULL. -EINVAL. */
int json_mode_parse(const char *text);
