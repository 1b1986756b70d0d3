/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every trap of iniparser 4.1 (P1 to P26), and systemd.syntax(7): bytes in, entries and diagnostics
 * with their places out. */

#include "ini/ini.h"

#include <check.h>
#include <locale.h>
#include <stdio.h>

#define BYTES(text) text, sizeof(text) - 1

typedef struct Case {
        const char *trap;
        const char *bytes;
        size_t size;
        /* "[section name] key=value @line:column of the value", a line each */
        const char *entries;
        /* "line:column severity: how the text starts", a line each */
        const char *diags;
} Case;

static const Case cases[] = {
        /* P1: the case of names is kept, names that differ by case are different */
        {"P1 case of keys", BYTES("[Sandbox]\nReadOnlyPaths=/A\nreadonlypaths=/b\n"),
         "[Sandbox] ReadOnlyPaths=/A @2:15\n[Sandbox] readonlypaths=/b @3:15\n", ""},
        {"P1 case of record names", BYTES("[Port http]\nA=1\n[port HTTP]\nA=2\n"),
         "[Port http] A=1 @2:3\n[port HTTP] A=2 @4:3\n", ""},
        {"P1 path as a name", BYTES("[Bind /srv/Data]\nA=1\n"), "[Bind /srv/Data] A=1 @2:3\n", ""},
        /* P2: repeated keys are all kept, in order; an empty one is an entry too */
        {"P2 repeated keys", BYTES("[S]\nA=1\nA=2\nA=\nA=3\n"),
         "[S] A=1 @2:3\n[S] A=2 @3:3\n[S] A= @4:3\n[S] A=3 @5:3\n", ""},
        {"P2 repeated section", BYTES("[S]\nA=1\n[T]\nA=2\n[S]\nA=3\n"),
         "[S] A=1 @2:3\n[T] A=2 @4:3\n[S] A=3 @6:3\n", ""},
        /* P3: no comments behind a value */
        {"P3 semicolon in a command", BYTES("[S]\nExecStart=/bin/sh -c \"echo a; echo b\"\n"),
         "[S] ExecStart=/bin/sh -c \"echo a; echo b\" @2:11\n", ""},
        {"P3 colour", BYTES("[S]\nColor=#ff0000\n"), "[S] Color=#ff0000 @2:7\n", ""},
        {"P3 semicolon in a word", BYTES("[S]\nPassword=p;w\n"), "[S] Password=p;w @2:10\n", ""},
        {"P3 fragment of a URL", BYTES("[S]\nUrl=http://x/#frag\n"),
         "[S] Url=http://x/#frag @2:5\n", ""},
        {"P3 what looks like a comment", BYTES("[S]\nA=yes # really\n"),
         "[S] A=yes # really @2:3\n", ""},
        {"P3 hash in quotes", BYTES("[S]\nA=\"a # b\" '# c'\n"), "[S] A=\"a # b\" '# c' @2:3\n",
         ""},
        /* P4: quotes are the value's */
        {"P4 quoted words", BYTES("[S]\nC=\"a b\" c \"d e\"\n"), "[S] C=\"a b\" c \"d e\" @2:3\n",
         ""},
        {"P4 text behind a quote", BYTES("[S]\nDescription=\"x\" tail\n"),
         "[S] Description=\"x\" tail @2:13\n", ""},
        {"P4 unclosed", BYTES("[S]\nA=\"abc\n"), "[S] A=\"abc @2:3\n", ""},
        {"P4 escaped quote", BYTES("[S]\nX=\"a\\\"b\"\n"), "[S] X=\"a\\\"b\" @2:3\n", ""},
        {"P4 lone quote", BYTES("[S]\nD=\"\n"), "[S] D=\" @2:3\n", ""},
        {"P4 empty quotes", BYTES("[S]\nE=\"\" x\n"), "[S] E=\"\" x @2:3\n", ""},
        {"P4 single quotes", BYTES("[S]\nE='a' 'b' c\n"), "[S] E='a' 'b' c @2:3\n", ""},
        /* P5: continuation */
        {"P5 a blank for the backslash", BYTES("[S]\nA=one\\\n  two\nB=1\n"),
         "[S] A=one two @2:3\n[S] B=1 @4:3\n", ""},
        {"P5 comments inside", BYTES("[S]\nA=one \\\n# comment\n; another\nthree\nB=1\n"),
         "[S] A=one  three @2:3\n[S] B=1 @6:3\n", ""},
        {"P5 an escaped backslash does not continue", BYTES("[S]\nA=path\\\\\nB=2\n"),
         "[S] A=path\\\\ @2:3\n[S] B=2 @3:3\n", ""},
        {"P5 three backslashes do", BYTES("[S]\nA=path\\\\\\\nB=2\n"), "[S] A=path\\\\ B=2 @2:3\n",
         ""},
        {"P5 an empty line ends it", BYTES("[S]\nA=one \\\n\nB=2\n"),
         "[S] A=one @2:3\n[S] B=2 @4:3\n", ""},
        {"P5 a blank behind the backslash", BYTES("[S]\nA=one \\ \nB=2\n"),
         "[S] A=one \\ @2:3\n[S] B=2 @3:3\n", ""},
        {"P5 value on the next line", BYTES("[S]\nA=\\\n   two\n"), "[S] A=two @3:4\n", ""},
        {"P5 key on one line, = on the next", BYTES("[S]\nA\\\n = two\n"), "[S] A=two @3:4\n", ""},
        /* P6: comments first */
        {"P6 comment with backslash", BYTES("# note \\\n[Sandbox]\nA=1\n"), "[Sandbox] A=1 @3:3\n",
         ""},
        {"P6 indented comment", BYTES("[S]\n  ; note \\\nA=1\n"), "[S] A=1 @3:3\n", ""},
        /* P7: the end of the file ends a continuation */
        {"P7 continued to the end", BYTES("[S]\nNoNewPrivileges=yes \\"),
         "[S] NoNewPrivileges=yes @2:17\n", ""},
        {"P7 continued to the last line feed", BYTES("[S]\nNoNewPrivileges=yes \\\n"),
         "[S] NoNewPrivileges=yes @2:17\n", ""},
        {"P7 ended by a comment", BYTES("[S]\nA=yes \\\n# end"), "[S] A=yes @2:3\n", ""},
        /* P8: short lines, NUL, control characters, encoding */
        {"P8 one letter at the end", BYTES("[S]\nA"), "", "2:1 error: no = in this line\n"},
        {"P8 NUL first", BYTES("[S]\n\0NoNewPrivileges=yes\nB=1\n"), "[S] B=1 @3:3\n",
         "2:1 error: NUL byte\n"},
        {"P8 NUL in the middle", BYTES("[S]\nA=b\0c\nB=1\n"), "[S] B=1 @3:3\n",
         "2:4 error: NUL byte\n"},
        {"P8 escape", BYTES("[S]\nA=\x1b[31m\n"), "", "2:3 error: control character 0x1b\n"},
        {"P8 escape in a comment", BYTES("# \x1b[31m\n[S]\nA=1\n"), "[S] A=1 @3:3\n",
         "1:3 error: control character 0x1b\n"},
        {"P8 delete", BYTES("[S]\nA=\x7f\n"), "", "2:3 error: control character 0x7f\n"},
        {"P8 carriage return inside", BYTES("[S]\nA=a\rB=b\n"), "",
         "2:4 error: control character 0x0d\n"},
        {"P8 Latin-1", BYTES("[S]\nA=caf\xe9\n"), "", "2:6 error: byte 0xe9 is not valid UTF-8\n"},
        {"P8 overlong", BYTES("[S]\nA=\xc0\xaf\n"), "", "2:3 error: byte 0xc0\n"},
        {"P8 surrogate", BYTES("[S]\nA=x\xed\xa0\x80\n"), "", "2:4 error: byte 0xed\n"},
        {"P8 cut sequence", BYTES("[S]\nA=\xe2\x82"), "", "2:3 error: byte 0xe2\n"},
        {"P8 byte order mark", BYTES("\xef\xbb\xbf[S]\nA=1\n"), "[S] A=1 @2:3\n", ""},
        {"P8 one mark alone", BYTES("\xef\xbb\xbf\xef\xbb\xbf[S]\n"), "",
         "1:1 error: no = in this line\n"},
        {"P8 mark and comment", BYTES("\xef\xbb\xbf# x\n[S]\nA=1\n"), "[S] A=1 @3:3\n", ""},
        {"P8 CR LF", BYTES("[S]\r\nA=1\r\nB=a\\\r\n b\r\n"), "[S] A=1 @2:3\n[S] B=a b @3:3\n",
         "1:4 note: lines end in CR LF\n"},
        {"P8 tabs", BYTES("[S]\n\tA\t=\t1\t2\t\n"), "[S] A=1\t2 @2:6\n", ""},
        {"P8 a bad piece takes its whole line", BYTES("[S]\nA=1 \\\n\x01 \\\nB=2\nC=3\n"),
         "[S] C=3 @5:3\n", "3:1 error: control character 0x01\n"},
        /* P9: see the generated cases below. P10, P11: section headers */
        {"P10 comment behind a header", BYTES("[Sandbox]\nA=1\n[Unit] # a=b\nB=2\n"),
         "[Sandbox] A=1 @2:3\n", "3:8 error: bad section header: text behind\n"},
        {"P10 two brackets", BYTES("[a]b]\nA=1\n"), "",
         "1:4 error: bad section header: text behind\n"},
        {"P10 unclosed", BYTES("[S]\n[Sandbox\nA=1\n"), "",
         "2:1 error: bad section header: the section header is not closed\n"},
        {"P10 unclosed with a name", BYTES("[Port http\nA=1\n"), "",
         "1:1 error: bad section header: the section header is not closed\n"},
        {"P10 unclosed quote", BYTES("[Port \"http]\nA=1\n"), "",
         "1:7 error: bad section header: the quote is not closed\n"},
        {"P10 text behind a quoted name", BYTES("[Port \"a\" b]\nA=1\n"), "",
         "1:11 error: bad section header: text between\n"},
        {"P10 quote within a name", BYTES("[Port a\"b]\nA=1\n"), "",
         "1:7 error: bad section header: a quote\n"},
        {"P10 blanks behind a header", BYTES("[S]  \nA=1\n"), "[S] A=1 @2:3\n", ""},
        {"P10 indented header", BYTES("  [S]\nA=1\n"), "[S] A=1 @2:3\n", ""},
        {"P10 bad type", BYTES("[Sand_box]\nA=1\n"), "", "1:6 error: bad section header: a sect\n"},
        {"P10 bad first letter", BYTES("[1a]\nA=1\n"), "",
         "1:2 error: bad section header: a sec\n"},
        {"P10 mistakes below a bad header", BYTES("[x\nfoo\n[S]\nA=1\n"), "[S] A=1 @4:3\n",
         "1:1 error: bad section header\n2:1 error: no =\n"},
        {"P10 header in bad bytes", BYTES("[S]\nA=1\n[T\xff]\nB=2\n"), "[S] A=1 @2:3\n",
         "3:3 error: byte 0xff\n"},
        {"P11 empty header", BYTES("[Sandbox]\n[]\nK=1\n"), "",
         "2:1 error: bad section header: the section's name is empty\n"},
        {"P11 blank header", BYTES("[ ]\nK=1\n"), "",
         "1:1 error: bad section header: the section's name is empty\n"},
        {"P11 empty quoted name", BYTES("[Port \"\"]\nK=1\n"), "",
         "1:7 error: bad section header: the name is empty\n"},
        /* P12 */
        {"P12 no section yet", BYTES("A=1\n  B=2\n[S]\nC=3\n"), "[S] C=3 @4:3\n",
         "1:1 error: assignment outside of a section\n2:3 error: assignment outside\n"},
        /* P13: a colon is a character like others in names, and no key has one */
        {"P13 colons in names", BYTES("[Port 8080:80]\nA=1\n[Bind /a:/b]\nA=2\n"),
         "[Port 8080:80] A=1 @2:3\n[Bind /a:/b] A=2 @4:3\n", ""},
        {"P13 colon in a type", BYTES("[Sandbox:x]\nA=1\n"), "", "1:9 error: bad section header\n"},
        {"P13 colon in a key", BYTES("[S]\nx:a=2\n"), "", "2:2 error: a directive's name\n"},
        {"P13 our own keys", BYTES("[s0001]\nk00001=x\nk00001-1=y\n[s0002]\nk00001=z\n"),
         "[s0001] k00001=x @2:8\n[s0001] k00001-1=y @3:10\n[s0002] k00001=z @5:8\n", ""},
        /* P14: the file that kills iniparser_getboolean() */
        {"P14 section that looks like a key", BYTES("[sandbox:privatenetwork]"), "",
         "1:9 error: bad section header\n"},
        /* P15: nothing is interpreted here */
        {"P15 values are text", BYTES("[S]\nA=on\nB=10M\nC=0755\nD=nonsense\n"),
         "[S] A=on @2:3\n[S] B=10M @3:3\n[S] C=0755 @4:3\n[S] D=nonsense @5:3\n", ""},
        /* P18, P19: check-read.c. P20: places, also of continued values: check below. P21: one
         * mistake does not hide the others, nor what is good */
        {"P21 all mistakes at once", BYTES("A=1\n[S]\n=x\nfoo\nB=2\n[\n[S]\nC_D=1\nE=3\n"),
         "[S] B=2 @5:3\n[S] E=3 @9:3\n",
         "1:1 error: assignment outside\n3:1 error: no directive before the =\n"
         "4:1 error: no =\n6:1 error: bad section header\n8:2 error: a directive's name\n"},
        /* P24: bytes from 0x80 on are kept in every locale */
        {"P24 UTF-8 in values", BYTES("[S]\nA=\xc2\xa0gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xc2\x85\n"),
         "[S] A=\xc2\xa0gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xc2\x85 @2:3\n", ""},
        {"P24 UTF-8 in record names", BYTES("[Port gr\xc3\xbc\xc3\x9f]\nA=1\n"),
         "[Port gr\xc3\xbc\xc3\x9f] A=1 @2:3\n", ""},
        {"P24 UTF-8 in keys", BYTES("[S]\n\xc3\xa4=1\n"), "", "2:1 error: a directive's name\n"},
        /* P25 */
        {"P25 second =", BYTES("[S]\nA==x\nB = c=d \n"), "[S] A==x @2:3\n[S] B=c=d @3:5\n", ""},
        {"P25 blank in a key", BYTES("[S]\nA b=1\n"), "", "2:2 error: a directive's name\n"},
        {"P25 hash in a key", BYTES("[S]\nA#b=1\n"), "", "2:2 error: a directive's name\n"},
        {"P25 no key", BYTES("[S]\n =1\n"), "", "2:2 error: no directive before\n"},
        {"P25 digit first", BYTES("[S]\n1A=1\n"), "", "2:1 error: a directive's name\n"},
        {"P25 empty value", BYTES("[S]\nA=\nB=   \n"), "[S] A= @2:3\n[S] B= @3:3\n", ""},
        {"P25 blanks are stripped", BYTES("[S]\n  A  =  x y  \n"), "[S] A=x y @2:9\n", ""},
        /* P26: no expansion here */
        {"P26 percent signs", BYTES("[S]\nA=%i %% %n %\n"), "[S] A=%i %% %n % @2:3\n", ""},
        /* X- is for the room above */
        {"X- is delivered", BYTES("[X-Foo]\nX-Bar=1\n"), "[X-Foo] X-Bar=1 @2:7\n", ""},
        {"record with blanks", BYTES("[Port   my  name ]\nA=1\n"), "[Port my  name] A=1 @2:3\n",
         ""},
        {"quoted record", BYTES("[Port \"a ] # b\" ]\nA=1\n"), "[Port a ] # b] A=1 @2:3\n", ""},
        {"record twice", BYTES("[Port a]\nA=1\n[Port b]\n[Port a]\nB=1\n"),
         "[Port a] A=1 @2:3\n[Port a] B=1 @5:3\n", "4:1 warning: [Port a] stands at line 1\n"},
        {"header continued", BYTES("[Port\\\n a]\nA=1\n"), "[Port a] A=1 @3:3\n", ""},
        {"nothing", BYTES(""), "", ""},
        {"blank lines", BYTES("\n \n\t\n\n"), "", ""},
        {"no line feed at the end", BYTES("[S]\nA=1"), "[S] A=1 @2:3\n", ""},
};

static void render_entries(const IniFile *file, Str *out) {
        for (size_t i = 0; i < file->n; i++) {
                const IniEntry *entry = &file->entries[i];

                ck_assert_int_eq(str_appendf(out, "[%s%s%s] %s=%s @%u:%u\n", entry->section,
                                             entry->name ? " " : "", entry->name ? entry->name : "",
                                             entry->key, entry->value, entry->value_place.line,
                                             entry->value_place.column),
                                 0);
        }
}

/* Each diagnostic against the line of expected that is its own: place and severity whole, the text
 * as far as it is given. */
static void check_diags(const char *trap, const DiagList *diags, const char *expected) {
        for (size_t i = 0; i < diags->n; i++) {
                const Diag *diag = &diags->diags[i];
                const char *end = strchr(expected, '\n');
                _cleanup_free_ char *got =
                        strf("%u:%u %s: %s", diag->place.line, diag->place.column,
                             diag_severity_name(diag->severity), diag->text);

                ck_assert_ptr_nonnull(got);
                ck_assert_msg(end != NULL, "%s: unexpected: %s", trap, got);
                ck_assert_msg(strncmp(got, expected, (size_t) (end - expected)) == 0,
                              "%s: got: %s\nexpected: %s", trap, got, expected);
                ck_assert_str_eq(diag->place.file, "t.sandbox");
                expected = end + 1;
        }
        ck_assert_msg(*expected == '\0', "%s: missing: %s", trap, expected);
}

START_TEST(bytes_give_entries_and_places) {
        const Case *c = &cases[_i];
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(str_done) Str entries = STR_INIT;

        ck_assert_int_eq(ini_parse(c->bytes, c->size, "t.sandbox", &diags, &file), 0);
        render_entries(file, &entries);
        ck_assert_msg(streq(str_text(&entries), c->entries), "%s: got:\n%sexpected:\n%s", c->trap,
                      str_text(&entries), c->entries);
        check_diags(c->trap, &diags, c->diags);
}
END_TEST

/* The table must not lose a trap that the reader of units has to know. */
START_TEST(every_trap_has_a_case) {
        static const unsigned here[] = {1,  2,  3,  4,  5,  6,  7,  8,  10,
                                        11, 12, 13, 14, 15, 21, 24, 25, 26};
        _cleanup_free_ char *prefix = strf("P%u ", here[_i]);
        bool found = false;

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                found = found || startswith(cases[i].trap, prefix);
        }
        ck_assert_msg(found, "no case for %s", prefix);
}
END_TEST

typedef struct Generated {
        const char *trap;
        size_t repeat;
        const char *prefix, *item, *suffix;
        size_t n;      /* entries */
        size_t length; /* of the last value */
        const char *diags;
} Generated;

static const Generated generated[] = {
        {"P9 1022 bytes", 1018, "[S]\nA=", "x", "\n", 1, 1018, ""},
        {"P9 1023 bytes", 1021, "[S]\nA=", "x", "\n", 1, 1021, ""},
        {"P9 5000 bytes of blanks and quotes", 1000, "[S]\nA=|", "\"# ;'", "|\n", 1, 5002, ""},
        {"P9 600 + 600 continued", 2, "[S]\nA=",
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "\\\n",
         "y\n", 1, 1179, ""},
        {"P9 the longest line", INI_LINE_MAX - 2, "[S]\nA=", "x", "\n", 1, INI_LINE_MAX - 2, ""},
        {"P9 one more", INI_LINE_MAX - 1, "[S]\nA=", "x", "\nB=1\n", 1, 1,
         "2:1 error: the line is longer than 65536 bytes\n"},
        {"P9 one more in pieces", INI_LINE_MAX / 2, "[S]\nA=", "x\\\n", "\nB=1\n", 1, 1,
         "2:1 error: the line is longer than 65536 bytes\n"},
        {"P9 header too long", INI_LINE_MAX, "[S]\nA=1\n[", "x", "]\nB=1\n", 1, 1,
         "3:1 error: the line is longer than 65536 bytes\n"},
        {"P9 file too large", INI_FILE_MAX / 2, "[S]\nA=1\n", "#\n", "", 0, 0,
         "0:0 error: the file is larger than 1 MiB\n"},
        {"P16 longest name", 255, "[Port ", "n", "]\nA=1\n", 1, 1, ""},
        {"P16 name too long", 256, "[Port ", "n", "]\nA=1\n", 0, 0,
         "1:7 error: bad section header: the name is longer\n"},
        {"P16 type too long", 256, "[", "n", "]\nA=1\n", 0, 0,
         "1:2 error: bad section header: the section's name is longer\n"},
        {"P16 type of 2000", 2000, "[", "n", "]\nA=1\n", 0, 0, "1:2 error: bad section header\n"},
        {"P16 longest key", 255, "[S]\n", "k", "=1\n", 1, 1, ""},
        {"P16 key too long", 256, "[S]\n", "k", "=1\n", 0, 0,
         "2:1 error: the directive's name is longer\n"},
        {"P22 4096 assignments", 4096, "[S]\n", "A=1\n", "", 4096, 1, ""},
        {"P22 one more", 4097, "[S]\n", "A=1\n", "", 4096, 1,
         "4098:1 error: more than 4096 assignments\n"},
        {"P22 80000 assignments", 80000, "[S]\n", "A=1\n", "", 4096, 1,
         "4098:1 error: more than 4096 assignments\n"},
        {"P22 4096 sections", 4096, "", "[S]\n", "A=1\n", 1, 1, ""},
        {"P22 100000 sections", 100000, "", "[S]\n", "A=1\n", 0, 0,
         "4097:1 error: more than 4096 section headers\n"},
        {"P22 every header with an assignment", 4096, "", "[S]\nA=1\n", "", 4096, 1, ""},
};

START_TEST(limits_hold) {
        const Generated *c = &generated[_i];
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(str_done) Str text = STR_INIT;

        ck_assert_int_eq(str_append(&text, c->prefix), 0);
        for (size_t i = 0; i < c->repeat; i++) {
                ck_assert_int_eq(str_append(&text, c->item), 0);
        }
        ck_assert_int_eq(str_append(&text, c->suffix), 0);
        ck_assert_int_eq(ini_parse(text.text, text.length, "t.sandbox", &diags, &file), 0);
        check_diags(c->trap, &diags, c->diags);
        ck_assert_msg(file->n == c->n, "%s: %zu entries", c->trap, file->n);
        if (c->n > 0) {
                ck_assert_msg(strlen(file->entries[c->n - 1].value) == c->length, "%s: %zu bytes",
                              c->trap, strlen(file->entries[c->n - 1].value));
        }
}
END_TEST

/* P20: iniparser knows no places at all; here each byte of a continued value has one. */
START_TEST(bytes_of_a_continued_value_have_places) {
        static const char bytes[] = "[S]\nA = one \\\n# no\n\t two\\\n\n";
        static const struct {
                char c;
                uint32_t line, column;
        } expected[] = {
                {'o', 2, 5}, {'n', 2, 6}, {'e', 2, 7}, {' ', 2, 8},
                {' ', 2, 9}, {'t', 4, 3}, {'w', 4, 4}, {'o', 4, 5},
        };
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        _cleanup_(diag_list_done) DiagList diags = {};

        ck_assert_int_eq(ini_parse(BYTES(bytes), "t.sandbox", &diags, &file), 0);
        ck_assert_uint_eq(file->n, 1);
        ck_assert_str_eq(file->entries[0].value, "one  two");
        for (size_t i = 0; i < ELEMENTS(expected); i++) {
                Place place = ini_entry_place(&file->entries[0], i);

                ck_assert_int_eq(file->entries[0].value[i], expected[i].c);
                ck_assert_uint_eq(place.line, expected[i].line);
                ck_assert_uint_eq(place.column, expected[i].column);
        }
        ck_assert_uint_eq(ini_entry_place(&file->entries[0], 8).column, 6);
}
END_TEST

START_TEST(places_of_section_and_key_are_kept) {
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        _cleanup_(diag_list_done) DiagList diags = {};

        ck_assert_int_eq(ini_parse(BYTES("\n  [Port a]\n[Empty]\n[T]\n\t Key = 1\n"), "t.sandbox",
                                   &diags, &file),
                         0);
        ck_assert_uint_eq(file->n_sections, 3);
        ck_assert_str_eq(file->sections[0].name, "a");
        ck_assert_uint_eq(file->sections[0].place.line, 2);
        ck_assert_uint_eq(file->sections[0].place.column, 3);
        ck_assert_str_eq(file->sections[1].section, "Empty");
        ck_assert_ptr_null(file->sections[1].name);
        ck_assert_uint_eq(file->entries[0].section_place.line, 4);
        ck_assert_uint_eq(file->entries[0].key_place.line, 5);
        ck_assert_uint_eq(file->entries[0].key_place.column, 3);
}
END_TEST

/* P24: what a byte is must not hang on the locale. */
START_TEST(the_locale_does_not_matter) {
        static const char *const locales[] = {"C", "C.UTF-8"};
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        _cleanup_(diag_list_done) DiagList diags = {};

        ck_assert_ptr_nonnull(setlocale(LC_ALL, locales[_i]));
        ck_assert_int_eq(ini_parse(BYTES("[S]\nA=\xc3\x80\xc2\xa0\n"), "t.sandbox", &diags, &file),
                         0);
        ck_assert_str_eq(file->entries[0].value, "\xc3\x80\xc2\xa0");
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ini/scan");
        TCase *tcase = tcase_create("scan");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, bytes_give_entries_and_places, 0, ELEMENTS(cases));
        tcase_add_loop_test(tcase, every_trap_has_a_case, 0, 18);
        tcase_add_loop_test(tcase, limits_hold, 0, ELEMENTS(generated));
        tcase_add_test(tcase, bytes_of_a_continued_value_have_places);
        tcase_add_test(tcase, places_of_section_and_key_are_kept);
        tcase_add_loop_test(tcase, the_locale_does_not_matter, 0, 2);
        tcase_set_timeout(tcase, 60);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
