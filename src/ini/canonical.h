/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The canonical text that iniparser gets instead of a user's bytes, and the way back. A section is
 * [sNNNN], an assignment kNNNNN of it; values are percent-encoded in chunks, kNNNNN, kNNNNN.1, …,
 * each with a v in front: what iniparser cuts, folds or joins cannot occur in them. */

#include "ini/ini.h"

/* What a chunk holds, in encoded bytes: a line of it stays well below iniparser's 1024. */
#define INI_CHUNK_MAX 640u

/* Appends the text; *ret_n is what a dictionary of it counts. 0 or -ENOMEM. */
int ini_canonical_write(const IniFile *file, Str *out, size_t *ret_n);

/* Loads bytes (a canonical text) by iniparser through a sealed memfd and puts its values into file,
 * after comparing count, keys and values with the index. 0; -ENOMEM; -EUCLEAN where they differ;
 * -errno of memfd_create(2). */
int ini_canonical_load(const Str *text, size_t n, IniFile *file);
