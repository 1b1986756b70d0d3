/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A whole spec as assignments and back: "Name=text" and "Port:NAME:Name=text", one string an
 * assignment. Specifiers are long expanded; nothing of the text is a file's. */

#include "spec/spec.h"

int spec_text_write(const Spec *spec, char ***ret);
/* -EBADMSG: not what spec_text_write() gives. Places are lost, whether a directive was set is not.
 */
int spec_text_read(char *const *assignments, Spec **ret);
