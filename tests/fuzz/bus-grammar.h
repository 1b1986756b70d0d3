/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the bytes of fuzz-bus-bodies.c mean, for it and for what makes its seeds. */

#include "base/macros.h"

/* The first byte: which body, modulo these. */
enum {
        GRAMMAR_TRANSIENT,
        GRAMMAR_EXEC,
        GRAMMAR_CHANGE,
        _GRAMMAR_BODY_MAX,
};

/* A byte that says whether the next container is of the type that it should be. */
#define GRAMMAR_AS_IT_SHOULD 0u

/* A byte of a name: one of these, modulo their number, or with the last a text of the input. */
static const char *const grammar_names[] = {
        "StandardInputFileDescriptor",
        "StandardOutputFileDescriptor",
        "StandardErrorFileDescriptor",
        "TerminalFileDescriptor",
        "TerminalRows",
        "TerminalColumns",
        "Terminal",
        "Rows",
        "Columns",
        "User",
        "WorkingDirectory",
        "Environment",
        "ExecStart",
        "MemoryMax",
        NULL,
};

/* A byte of a type, likewise; and the bytes of a value of it. */
static const struct GrammarType {
        const char *type, *sample;
        size_t sample_size;
} grammar_types[] = {
#define T(type, sample) \
        { type, sample, sizeof(sample) - 1 }
        T("s", "\1a"),
        T("as", "\2\1a\1b"),
        T("h", ""),
        T("q", "12345678"),
        T("b", "\1"),
        T("u", "12345678"),
        T("t", "12345678"),
        T("y", "12345678"),
        T("d", "12345678"),
        T("o", "\1a"),
        T("g", "\1a"),
        T("v", "\0\1a"),
        T("ay", "\1"
                "12345678"),
        T("(ss)", "\1a\1b"),
        T("a{sv}", "\1\1a\0\1b"),
        T("a(sv)", "\1\1a\0\1b"),
        T("aas", "\1\1\1a"),
#undef T
};

/* A byte of the length of an array, modulo one more than GRAMMAR_LENGTH_MAX; the byte GRAMMAR_MANY
 * means more than any body may have. */
#define GRAMMAR_LENGTH_MAX 7u
#define GRAMMAR_MANY 255u
