/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/help.h"

/* Text into roff: what has a meaning there is escaped. A line must not begin with a control
 * character; \& in front of it takes the meaning away. */
static int roff_append(const char *text, Str *out) {
        int r = 0;

        for (const char *p = text; r == 0 && *p; p++) {
                if ((p == text || p[-1] == '\n') && (*p == '.' || *p == '\'')) {
                        r = str_append(out, "\\&");
                }
                if (r < 0) {
                        return r;
                }
                switch (*p) {
                case '\\':
                        r = str_append(out, "\\e");
                        break;
                case '-':
                        r = str_append(out, "\\-");
                        break;
                case '\n':
                        r = str_append(out, "\n.PP\n");
                        p += p[1] == '\n';
                        break;
                default:
                        r = str_append_char(out, *p);
                }
        }
        return r;
}

static int roff_macro(const char *before, const char *text, const char *after, Str *out) {
        int r;

        r = str_append(out, before);
        if (r == 0) {
                r = roff_append(text, out);
        }
        return r < 0 ? r : str_append(out, after);
}

static int roff_options(const Option *options, Str *out) {
        int r = 0;

        for (const Option *option = options; r == 0 && option && option->name; option++) {
                if (!option->summary) {
                        continue;
                }
                r = str_append(out, ".TP\n");
                if (r == 0 && option->letter) {
                        r = str_appendf(out, "\\fB\\-%c\\fR, ", option->letter);
                }
                if (r == 0) {
                        r = roff_macro("\\fB\\-\\-", option->name, "\\fR", out);
                }
                if (r == 0 && option->argument) {
                        r = roff_macro("=\\fI", option->argument, "\\fR", out);
                }
                if (r == 0) {
                        r = roff_macro("\n", option->summary, ".\n", out);
                }
        }
        return r;
}

static int roff_verb(const Verb *verb, Str *out) {
        int r;

        r = roff_macro(".SS \"\\fB", verb->name, "\\fR", out);
        if (r == 0) {
                r = roff_macro(" \\fI", verb->arguments, "\\fR\"\n", out);
        }
        if (r == 0) {
                r = roff_macro("", verb->summary, ".\n.PP\n", out);
        }
        if (r == 0) {
                r = roff_macro("", verb->detail, "\n", out);
        }
        if (r == 0) {
                r = roff_options(verb->options, out);
        }
        for (size_t i = 0; r == 0 && i < VERB_EXAMPLES_MAX && verb->examples[i].command; i++) {
                r = roff_macro(".PP\n.RS 4\n.nf\n$ ", verb->examples[i].command, "\n.fi\n", out);
                if (r == 0) {
                        r = roff_macro("", verb->examples[i].meaning, ".\n.RE\n", out);
                }
        }
        return r;
}

static const char manual_tail[] =
        ".SH EXIT STATUS\n"
        "0 on success, 1 on failure, 3 where a unit is not active, 4 where there is no such unit. "
        "\\fBis\\-failed\\fR gives 1 where none has failed, \\fBwait\\fR 0 however a sandbox "
        "ended, "
        "\\fBdoctor\\fR 1 where something essential is missing. "
        "\\fBverify\\fR gives 0, 1 for warnings, 2 for errors. \\fBrun\\fR and \\fBexec\\fR give "
        "the status "
        "of the command, 128+\\fIn\\fR where signal \\fIn\\fR ended it, 125 where sbx itself "
        "failed, 126 where "
        "the command could not be executed, 127 where it was not found.\n"
        ".SH ENVIRONMENT\n"
        ".TP\n\\fBNO_COLOR\\fR, \\fBSYSTEMD_COLORS\\fR\nWhether to use colours.\n"
        ".TP\n\\fBSYSTEMD_PAGER\\fR, \\fBPAGER\\fR, \\fBSYSTEMD_LESS\\fR, "
        "\\fBSYSTEMD_PAGERSECURE\\fR\n"
        "The pager for long listings, as in systemctl(1).\n"
        ".TP\n\\fBSBX_PRIVATE_SOCKET\\fR\nThe socket of sbxd, in place of /run/sbx/private.\n"
        ".SH FILES\n"
        "/etc/sbx/system, /run/sbx/system, /usr/local/lib/sbx/system, /usr/lib/sbx/system: the "
        "search path of "
        "units.\n"
        ".SH OTHER HOSTS\n"
        "With \\fB\\-H\\fR ssh(1) is run, and \\fBsystemd\\-stdio\\-bridge\\fR on the other side, "
        "where sbxd "
        "must be on the system bus. Verbs that read files of this host, pass descriptors or read "
        "the journal do not go that way: run them there with ssh.\n"
        ".SH SEE ALSO\n"
        "\\fBsbx.sandbox\\fR(5), \\fBsbx\\fR(7), \\fBsbxd\\fR(8), \\fBsystemctl\\fR(1), "
        "\\fBjournalctl\\fR(1), "
        "\\fBsystemd\\-run\\fR(1)\n";

int manual_format(Str *out) {
        int r;

        r = str_append(
                out,
                ".TH SBXCTL 1 \"\" \"sbx " SBX_VERSION "\" \"sbxctl\"\n"
                ".SH NAME\nsbxctl \\- start, look into and stop sandboxes\n"
                ".SH SYNOPSIS\n\\fBsbxctl\\fR [\\fIOPTION\\fR…] \\fIVERB\\fR [\\fIARGUMENT\\fR…]\n"
                ".SH DESCRIPTION\n"
                "The command line of sbx. It reads, verifies and plans units by itself; for all "
                "else "
                "it talks D\\-Bus to sbxd: over its private socket where it is root, else over the "
                "system bus. Where a verb takes the name of a unit, \\fIweb\\fR means "
                "\\fIweb.sandbox\\fR.\n"
                ".SH OPTIONS\n");
        if (r == 0) {
                r = roff_options(global_options, out);
        }
        if (r == 0) {
                r = str_append(out, ".SH VERBS\n");
        }
        for (size_t i = 0; r == 0 && i < n_verbs; i++) {
                r = roff_verb(&verb_table[i], out);
        }
        return r < 0 ? r : str_append(out, manual_tail);
}
