/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ctl.h"

#include "base/str.h"

#define FLAG(letter_, name_, field_, summary_) \
        { letter_, name_, OPTION_FLAG, offsetof(Options, field_), NULL, summary_, SUGGEST_NOTHING }
#define TEXT(letter_, name_, field_, argument_, suggest_, summary_)                          \
        {                                                                                    \
                letter_, name_, OPTION_TEXT, offsetof(Options, field_), argument_, summary_, \
                        SUGGEST_##suggest_                                                   \
        }
#define LIST(letter_, name_, field_, argument_, suggest_, summary_)                          \
        {                                                                                    \
                letter_, name_, OPTION_LIST, offsetof(Options, field_), argument_, summary_, \
                        SUGGEST_##suggest_                                                   \
        }

const Option global_options[] = {
        FLAG('h', "help", help, "Show this help, or that of the verb"),
        FLAG(0, "version", version, "Show the version"),
        FLAG(0, "system", system, "Talk to the manager of the system (the default)"),
        TEXT('H', "host", host, "USER@HOST", HOSTS,
             "Talk to the manager of another host, over ssh"),
        TEXT(0, "address", address, "ADDRESS", FILES,
             "Talk to the manager at this D-Bus address or socket path"),
        TEXT(0, "json", json, "MODE", JSON, "Print JSON: pretty, short or off"),
        FLAG(0, "no-pager", no_pager, "Do not pipe long listings into a pager"),
        FLAG(0, "no-legend", no_legend, "Leave out headers and footers of tables"),
        FLAG('q', "quiet", quiet, "Print errors alone"),
        FLAG(0, "no-block", no_block, "Do not wait until the job has ended"),
        FLAG(0, "wait", wait, "With start and restart: wait until the sandbox has ended again"),
        FLAG(0, "man", manual, NULL),
        {},
};

#define FULL \
        FLAG('l', "full", full, "Neither cut nor leave out columns where the terminal is narrow")
#define COLUMNS                                          \
        TEXT('o', "columns", columns, "NAME,…", NOTHING, \
             "These columns of the table, in this order; +NAME,… adds to the usual ones")

static const Option list_options[] = {
        FLAG('a', "all", all, "Inactive units too"),
        COLUMNS,
        FULL,
        {},
};

static const Option table_options[] = {
        COLUMNS,
        FULL,
        {},
};

static const Option top_options[] = {
        FLAG('b', "batch", batch, "Print one table after the other, without keys and colours"),
        TEXT('n', "iterations", iterations, "N", NOTHING,
             "End after N tables; default: never on a terminal and with -b, else 1"),
        TEXT('d', "delay", delay, "TIME", NOTHING, "Between two looks; default 1s"),
        TEXT(0, "order", order, "ORDER", ORDERS, "By name, tasks, cpu (the default), memory or io"),
        COLUMNS,
        FULL,
        {},
};

static const Option show_options[] = {
        LIST('p', "property", properties, "NAME", PROPERTIES,
             "Show this property alone; may be repeated, or NAME,NAME"),
        FLAG(0, "value", value, "Show values without their names"),
        FLAG(0, "effective", effective, "Show the limits that are in force, and what caps them"),
        {},
};

static const Option plan_options[] = {
        TEXT(0, "backend", backend, "BACKEND", BACKENDS,
             "Plan for scope or direct; default: what this host has"),
        {},
};

static const Option status_options[] = {
        TEXT('n', "lines", lines, "N", NOTHING,
             "Show this many lines of its output; default 10, 0 for none"),
        FLAG('l', "full", full, "Neither wrap nor cut lines that are longer than the terminal"),
        {},
};

static const Option logs_options[] = {
        FLAG('f', "follow", follow, "Go on printing what is added"),
        TEXT('n', "lines", lines, "N", NOTHING,
             "Show the last N lines alone, or all; default with -f: 10"),
        TEXT('p', "priority", priority, "PRIORITY", PRIORITIES,
             "Lines of this priority or more urgent: 0 to 7, emerg to debug, or FROM..TO"),
        TEXT(0, "since", since, "TIME", NOTHING, "Lines from this time on, as in systemd.time(7)"),
        TEXT(0, "until", until, "TIME", NOTHING, "Lines up to this time"),
        TEXT('o', "output", output, "FORMAT", FORMATS,
             "short (default), short-precise, short-iso, short-full, short-unix, cat, json, …"),
        {},
};

static const Option kill_options[] = {
        TEXT('s', "signal", signal, "SIGNAL", SIGNALS,
             "The signal, by name or number; default SIGTERM"),
        TEXT(0, "kill-whom", whom, "WHOM", WHOM,
             "all processes inside (default) or main, the workload alone"),
        {},
};

static const Option run_options[] = {
        LIST('p', "property", properties, "DIRECTIVE=VALUE", DIRECTIVES,
             "A directive of the unit, or Port:NAME:Listen=VALUE; may be repeated"),
        TEXT(0, "name", name, "NAME", NOTHING,
             "The name of the sandbox; default: one that is free"),
        FLAG('t', "pty", pty,
             "A terminal of its own (default where stdin and stdout are terminals)"),
        FLAG('P', "pipe", pipe, "Pass stdin, stdout and stderr on (default otherwise)"),
        LIST('E', "setenv", environment, "NAME=VALUE", NOTHING,
             "An environment variable; NAME alone copies it"),
        {},
};

static const Option exec_options[] = {
        FLAG('t', "pty", pty,
             "A terminal of its own (default where stdin and stdout are terminals)"),
        FLAG('P', "pipe", pipe, "Pass stdin, stdout and stderr on (default otherwise)"),
        TEXT('u', "user", user, "USER", NOTHING, "The user inside; default: the workload's"),
        TEXT('w', "working-directory", directory, "DIRECTORY", NOTHING,
             "The current directory inside"),
        LIST('E', "setenv", environment, "NAME=VALUE", NOTHING,
             "An environment variable; NAME alone copies it"),
        {},
};

static const Option set_property_options[] = {
        FLAG(0, "runtime", runtime, "Until the next boot alone"),
        {},
};

const Verb verb_table[] = {
        {
                .name = "start",
                .arguments = "NAME…",
                .summary = "Start sandboxes",
                .detail =
                        "Asks the manager to start each sandbox and waits until all are up. Where "
                        "a start "
                        "fails, the step that failed is named, with the directive that asked for "
                        "it and the "
                        "place of that directive in the unit file; nothing of the sandbox is left "
                        "behind.\n\n"
                        "With --no-block the call returns at once. With --wait it returns when the "
                        "sandboxes have ended again; the exit status is 1 if one of them failed. "
                        "NAME may be a pattern as in glob(7), which stands for the units that are "
                        "loaded.",
                .examples = {{"sbxctl start web", "Start web.sandbox and wait until it runs"}},
                .min_args = 1,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS_INACTIVE, SUGGEST_UNITS_INACTIVE},
                .run = verb_start,
        },
        {
                .name = "stop",
                .arguments = "NAME…",
                .summary = "Stop sandboxes",
                .detail = "Sends KillSignal= to everything inside, then SIGKILL after "
                          "TimeoutStopSec=, and "
                          "waits until nothing is left. A unit that is not active is no error. "
                          "NAME may be a "
                          "pattern as in glob(7), which stands for the units that are loaded.",
                .examples = {{"sbxctl stop web", "Stop web.sandbox"},
                             {"sbxctl stop 'run-*'", "Stop all transient sandboxes"}},
                .min_args = 1,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS_ACTIVE, SUGGEST_UNITS_ACTIVE},
                .run = verb_stop,
        },
        {
                .name = "restart",
                .arguments = "NAME…",
                .summary = "Stop sandboxes, then start them",
                .detail = "A sandbox that is not active is started. Options and messages are those "
                          "of start.",
                .examples = {{"sbxctl restart web",
                              "Restart web.sandbox with its unit as last loaded"}},
                .min_args = 1,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS, SUGGEST_UNITS},
                .run = verb_restart,
        },
        {
                .name = "status",
                .arguments = "[NAME…]",
                .summary = "Show the state of sandboxes, with the last lines of their output",
                .detail = "For people; programs read show. NAME may be a pattern as in glob(7). "
                          "Without a name "
                          "the manager itself is shown. The exit status is 0 where all are active, "
                          "3 where one "
                          "is not, 4 where there is no such unit.",
                .examples = {{"sbxctl status web", "What web.sandbox is doing"},
                             {"sbxctl status -n 50 web",
                              "The same with the last 50 lines of its output"}},
                .options = status_options,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS, SUGGEST_UNITS},
                .run = verb_status,
        },
        {
                .name = "show",
                .arguments = "[NAME…]",
                .summary = "Show the properties of sandboxes, as NAME=value or JSON",
                .detail =
                        "Properties have systemd's names where systemd has them; every directive "
                        "of "
                        "sbx.sandbox(5) is one too. Without a name the manager's own are "
                        "shown.\n\n"
                        "With --effective: every limit as the unit has it, as it was read back "
                        "from the "
                        "files of the sandbox's cgroup, and the cgroup above it whose own limit "
                        "is the "
                        "tightest, if that is tighter. Limits of disks have a line for each disk "
                        "that the "
                        "unit or a cgroup above limits. Of processors and memory nodes it is what "
                        "the "
                        "cgroups above have left, and the topmost that leaves no more. Weights "
                        "and "
                        "latency targets hold among siblings alone, and limits of disks on v1 in "
                        "their own "
                        "cgroup: nothing above caps them.",
                .examples = {{"sbxctl show -p MainPID --value web",
                              "The process id of the workload"},
                             {"sbxctl show --json=pretty web", "Everything, as JSON"},
                             {"sbxctl show --effective web", "Its limits, and what caps them"}},
                .options = show_options,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS, SUGGEST_UNITS},
                .run = verb_show,
        },
        {
                .name = "inspect",
                .arguments = "[NAME…]",
                .summary = "Show everything that is known of sandboxes, as JSON",
                .detail = "The same as show --json=pretty. DirectivePlaces has where each "
                          "directive was set: file, line and column.",
                .examples = {{"sbxctl inspect web", "All properties and directives"},
                             {"sbxctl inspect -p DirectivePlaces web", "Which file says what"}},
                .options = show_options,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS, SUGGEST_UNITS},
                .run = verb_inspect,
        },
        {
                .name = "explain",
                .arguments = "NAME…",
                .summary = "Say in words why sandboxes failed, and what to do",
                .detail = "For one that failed: the step, the error, the directive that asked for "
                          "it and its line in the unit file, the last output, and what to do. For "
                          "one that runs: what its unit asks for that is weaker than the defaults, "
                          "and what this host could not enforce.",
                .examples = {{"sbxctl explain web", "Why it does not start"}},
                .min_args = 1,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS, SUGGEST_UNITS},
                .run = verb_explain,
        },
        {
                .name = "list",
                .arguments = "[PATTERN…]",
                .summary = "List the sandboxes that the manager has loaded",
                .detail = "Active and failed ones; with --all the inactive ones too. Patterns as "
                          "in glob(7).",
                .examples = {{"sbxctl list", "What runs now"},
                             {"sbxctl list -o unit,memory", "Names and memory alone"}},
                .options = list_options,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS, SUGGEST_UNITS},
                .run = verb_list,
        },
        {
                .name = "list-unit-files",
                .arguments = "[PATTERN…]",
                .summary = "List the unit files in the search path",
                .detail = "With the state of each as the manager sees it. Patterns as in glob(7).",
                .examples = {{"sbxctl list-unit-files", "All of them"},
                             {"sbxctl list-unit-files -o state,path", "Two columns of it"}},
                .options = table_options,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS, SUGGEST_UNITS},
                .run = verb_list_unit_files,
        },
        {
                .name = "ps",
                .arguments = "[NAME…]",
                .summary = "List the processes of sandboxes",
                .detail = "Without a name those of all sandboxes, as a tree. PID is the number on "
                          "the host and INSIDE that in the sandbox, USER the user id inside; a "
                          "dash stands for a process that is none of its own, such as the relay of "
                          "its ports. CPU is processor time, MEMORY what is resident. There is one "
                          "more column, PARENT. NAME may be a pattern as in glob(7).",
                .examples = {{"sbxctl ps web", "What runs in web.sandbox"},
                             {"sbxctl ps -o pid,command", "Of all sandboxes, two columns"}},
                .options = table_options,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS_ACTIVE, SUGGEST_UNITS_ACTIVE},
                .run = verb_ps,
        },
        {
                .name = "top",
                .arguments = "[NAME…]",
                .summary = "Show what sandboxes use, again and again",
                .detail = "Processor time in percent of one processor, memory, tasks, and bytes "
                          "from and to block devices a second; a dash stands for what the kernel "
                          "does not count. On a terminal the table is kept up to date: n, t, c, m "
                          "and i choose the order, q ends. Else one table is printed, after one "
                          "delay. NAME may be a pattern as in glob(7).",
                .examples = {{"sbxctl top", "What uses the most right now"},
                             {"sbxctl top -b -n 3 -d 10s web",
                              "Three tables in half a minute, for a file"},
                             {"sbxctl top --order=memory", "The largest first"}},
                .options = top_options,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS_ACTIVE, SUGGEST_UNITS_ACTIVE},
                .run = verb_top,
        },
        {
                .name = "monitor",
                .arguments = "[NAME…]",
                .summary = "Print what happens to sandboxes, as it happens",
                .detail = "Every signal of sbxd, a line each: units that come and go, jobs, "
                          "properties that have another value than before, programs of exec that "
                          "ended. Goes on until it is interrupted. With --json=short each line is "
                          "a JSON document, with all properties that sbxd tells. NAME may be a "
                          "pattern as in glob(7).",
                .examples = {{"sbxctl monitor", "Everything"},
                             {"sbxctl monitor --json=short web",
                              "For a program that watches web.sandbox"}},
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS, SUGGEST_UNITS},
                .run = verb_monitor,
        },
        {
                .name = "plan",
                .arguments = "NAME|FILE…",
                .summary = "Show what the kernel and systemd would be asked to do",
                .detail = "Reads the unit, and prints each step that the helper would take and "
                          "each property of "
                          "the scope, with the directive and the place in the unit file that it "
                          "comes from. "
                          "Needs neither root nor a running manager, and changes nothing. NAME may "
                          "be a pattern as in glob(7), which stands for the unit files of the "
                          "search path.",
                .examples = {{"sbxctl plan web", "The plan of web.sandbox on this host"},
                             {"sbxctl plan --backend=direct ./web.sandbox",
                              "The plan without systemd"}},
                .options = plan_options,
                .min_args = 1,
                .max_args = -1,
                .local = true,
                .suggestions = {SUGGEST_UNIT_FILES, SUGGEST_UNIT_FILES},
                .run = verb_plan,
        },
        {
                .name = "verify",
                .arguments = "NAME|FILE…",
                .summary = "Check unit files",
                .detail = "Prints every mistake with file, line and column, and tries to plan the "
                          "sandbox on this "
                          "host. An argument with a slash is a file, any other a unit of the "
                          "search path. Needs "
                          "neither root nor a running manager. The exit status is 0 where all is "
                          "well, 1 where "
                          "there are warnings, 2 where there are errors. NAME may be a pattern as "
                          "in glob(7), which stands for the unit files of the search path.",
                .examples = {{"sbxctl verify ./web.sandbox", "Check a file before it is installed"},
                             {"sbxctl verify web db", "Check two units of the search path"}},
                .options = plan_options,
                .min_args = 1,
                .max_args = -1,
                .local = true,
                .suggestions = {SUGGEST_UNIT_FILES, SUGGEST_UNIT_FILES},
                .run = verb_verify,
        },
        {
                .name = "cat",
                .arguments = "NAME|FILE…",
                .summary = "Show unit files with their drop-ins",
                .detail = "As they are on disk now, each behind a comment with its path. NAME may "
                          "be a pattern as in glob(7), which stands for the unit files of the "
                          "search path.",
                .examples = {{"sbxctl cat web", "web.sandbox and what is in web.sandbox.d/"}},
                .min_args = 1,
                .max_args = -1,
                .local = true,
                .suggestions = {SUGGEST_UNIT_FILES, SUGGEST_UNIT_FILES},
                .run = verb_cat,
        },
        {
                .name = "run",
                .arguments = "[--] COMMAND [ARGUMENT…]",
                .summary = "Run a command in a transient sandbox",
                .detail = "Every directive of sbx.sandbox(5) can be given with -p; what is not "
                          "given has its "
                          "default, so the command sees the host's root read-only below a "
                          "throw-away layer.\n\n"
                          "Waits for the command and gives its exit status: 128+n where signal n "
                          "ended it, 125 "
                          "where sbx itself failed, 126 where the command cannot be executed, 127 "
                          "where it is "
                          "not there. SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on. With "
                          "--no-block the "
                          "sandbox runs on by itself, and its name is printed.",
                .examples = {{"sbxctl run -- /bin/sh",
                              "A shell in a sandbox, with a terminal of its own"},
                             {"sbxctl run -p Layers=busybox -p MemoryMax=32M -- /bin/busybox id",
                              "One command on a layer, with a limit"},
                             {"sbxctl run -p Layers=busybox -p Port:web:Listen=8080 --no-block -- "
                              "/bin/httpd -f -p 8080",
                              "A server in the background"}},
                .options = run_options,
                .min_args = 1,
                .max_args = -1,
                .command_line = true,
                .suggestions = {SUGGEST_COMMAND, SUGGEST_FILES},
                .run = verb_run,
        },
        {
                .name = "exec",
                .arguments = "NAME [--] COMMAND [ARGUMENT…]",
                .summary = "Run a command inside a sandbox that runs",
                .detail =
                        "In all namespaces and the cgroup of the workload, with its capabilities, "
                        "system call "
                        "filter and limits. Streams, signals and the exit status are those of run. "
                        "Where "
                        "the command was killed because the sandbox's memory was used up, that is "
                        "said.",
                .examples = {{"sbxctl exec web -- /bin/sh", "A shell inside web.sandbox"},
                             {"echo hello | sbxctl exec web -- /bin/busybox cat",
                              "Streams are passed on"}},
                .options = exec_options,
                .min_args = 2,
                .max_args = -1,
                .command_line = true,
                .suggestions = {SUGGEST_UNITS_ACTIVE, SUGGEST_NOTHING},
                .run = verb_exec,
        },
        {
                .name = "shell",
                .arguments = "NAME [COMMAND [ARGUMENT…]]",
                .summary = "Open a shell inside a sandbox that runs",
                .detail =
                        "A login shell of the user's, on a terminal of its own, as exec would run "
                        "it: confined like the workload. Its exit status is the shell's.",
                .examples = {{"sbxctl shell web", "Look around in web.sandbox"},
                             {"sbxctl shell -u nobody web", "The same as another user"}},
                .options = exec_options,
                .min_args = 1,
                .max_args = -1,
                .command_line = true,
                .suggestions = {SUGGEST_UNITS_ACTIVE, SUGGEST_NOTHING},
                .run = verb_shell,
        },
        {
                .name = "attach",
                .arguments = "NAME",
                .summary = "Connect to the terminal of a sandbox",
                .detail =
                        "Of one with StandardInput=tty, or that was made by run on a terminal. The "
                        "last of what was printed is shown first. Ctrl-] three times within a "
                        "second detaches: the sandbox runs on. Its exit status is the workload's, "
                        "0 after detaching, 125 where there is nothing to attach to. Up to eight "
                        "may be attached at a time.",
                .examples = {{"sbxctl attach web", "Sit down at its terminal"},
                             {"sbxctl run -p StandardInput=tty --no-block --name=box -- /bin/sh",
                              "A shell that waits for somebody to attach"}},
                .min_args = 1,
                .max_args = 1,
                .suggestions = {SUGGEST_UNITS_ACTIVE, SUGGEST_UNITS_ACTIVE},
                .run = verb_attach,
        },
        {
                .name = "logs",
                .arguments = "NAME…",
                .summary = "Show the output of sandboxes",
                .detail = "From the journal where sandboxes run in scopes of systemd, by "
                          "journalctl(1), which takes the same options and formats; else from the "
                          "manager's bounded log files, in which the oldest lines give way and a "
                          "sandbox that writes more than 10000 lines in 30 s loses the rest of "
                          "them, with a note. A line that begins with <N> has that priority, as in "
                          "sd-daemon(3). Control characters are shown as \\xNN; only -o json has "
                          "every byte.",
                .examples = {{"sbxctl logs -f web", "Follow the output of web.sandbox"},
                             {"sbxctl logs -n 20 web", "Its last 20 lines"},
                             {"sbxctl logs -p warning --since=-1h 'web*'",
                              "What went wrong within the last hour"},
                             {"sbxctl logs -o cat web", "The lines alone"}},
                .options = logs_options,
                .min_args = 1,
                .max_args = -1,
                .local = true,
                .suggestions = {SUGGEST_UNITS, SUGGEST_UNITS},
                .run = verb_logs,
        },
        {
                .name = "is-active",
                .arguments = "NAME…",
                .summary = "Tell whether sandboxes are active",
                .detail = "Prints the state of each. The exit status is 0 where at least one is "
                          "active, 3 where "
                          "none is, 4 where there is no such unit.",
                .examples = {{"sbxctl is-active -q web && echo up", "In a script"}},
                .min_args = 1,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS, SUGGEST_UNITS},
                .run = verb_is_active,
        },
        {
                .name = "is-failed",
                .arguments = "NAME…",
                .summary = "Tell whether sandboxes have failed",
                .detail = "Prints the state of each. The exit status is 0 where at least one has "
                          "failed, 1 where none has, 4 where there is no such unit.",
                .examples = {{"sbxctl is-failed -q web && sbxctl explain web", "In a script"}},
                .min_args = 1,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS, SUGGEST_UNITS},
                .run = verb_is_failed,
        },
        {
                .name = "wait",
                .arguments = "NAME…",
                .summary = "Wait until sandboxes have ended",
                .detail = "Returns when none of them is active any more, also one that waits for "
                          "its restart; at once where none is. Prints nothing: the exit status is "
                          "0 however they ended, 4 where there is no such unit, 1 where the "
                          "connection broke. With --json the result of each is printed, as "
                          "ActiveState, Result, ExecMainCode and ExecMainStatus.",
                .examples = {{"sbxctl wait job && sbxctl logs job", "The output once it is whole"},
                             {"sbxctl wait --json=short job", "And how it ended"}},
                .min_args = 1,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS_ACTIVE, SUGGEST_UNITS_ACTIVE},
                .run = verb_wait,
        },
        {
                .name = "kill",
                .arguments = "NAME…",
                .summary = "Send a signal to the processes of sandboxes",
                .detail = "The unit's state follows from what the processes do; to end a sandbox, "
                          "use stop.",
                .examples = {{"sbxctl kill -s HUP --kill-whom=main web",
                              "Make the workload read its settings"},
                             {"sbxctl kill -s KILL web", "End everything inside at once"}},
                .options = kill_options,
                .min_args = 1,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS_ACTIVE, SUGGEST_UNITS_ACTIVE},
                .run = verb_kill,
        },
        {
                .name = "freeze",
                .arguments = "NAME…",
                .summary = "Stop all processes of sandboxes where they stand",
                .detail =
                        "Returns when every process inside is frozen. They keep their memory, open "
                        "files and "
                        "connections, and get no processor time until thaw. stop, restart and kill "
                        "-s "
                        "KILL work "
                        "on a frozen sandbox; exec is refused. Needs a cgroup2 hierarchy, as every "
                        "host with cgroup v2 or the hybrid layout has.",
                .examples = {{"sbxctl freeze web", "Let web.sandbox stand still"},
                             {"sbxctl freeze 'build-*'", "All sandboxes of that name"}},
                .min_args = 1,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS_THAWED, SUGGEST_UNITS_THAWED},
                .run = verb_freeze,
        },
        {
                .name = "thaw",
                .arguments = "NAME…",
                .summary = "Let frozen sandboxes go on",
                .detail = "A sandbox that is not frozen is no error.",
                .examples = {{"sbxctl thaw web", "Undo sbxctl freeze web"}},
                .min_args = 1,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS_FROZEN, SUGGEST_UNITS_FROZEN},
                .run = verb_thaw,
        },
        {
                .name = "set-property",
                .arguments = "NAME DIRECTIVE=VALUE…",
                .summary = "Change limits of a sandbox, at once and for later starts",
                .detail =
                        "Takes the directives of sbx.sandbox(5) that can change at run time: "
                        "limits, "
                        "devices, addresses, accounting. An empty value takes one back to its "
                        "default; a list is added to, and an empty value before the others begins "
                        "it anew. Where the sandbox runs, all of it is put in force and read back; "
                        "if one cannot be, the directive is named and everything stays as it "
                        "was.\n\n"
                        "The values are kept as drop-ins in /etc/sbx/system.control, with "
                        "--runtime in "
                        "/run/sbx/system.control, and win over those of the unit's file. Remove "
                        "the "
                        "drop-ins and run daemon-reload to undo that. A unit that does not run is "
                        "changed in the same way.",
                .examples = {{"sbxctl set-property web MemoryMax=128M CPUQuota=80%",
                              "More memory and processor time, now and after a restart"},
                             {"sbxctl set-property --runtime web TasksMax=64",
                              "Until the next boot"},
                             {"sbxctl set-property web IPAddressDeny=any IPAddressAllow=localhost",
                              "Nobody to talk to but itself"},
                             {"sbxctl set-property web CPUQuota=", "No quota any more"}},
                .options = set_property_options,
                .min_args = 2,
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS, SUGGEST_LIMITS},
                .run = verb_set_property,
        },
        {
                .name = "reset-failed",
                .arguments = "[NAME…]",
                .summary = "Forget that sandboxes have failed",
                .detail = "Without a name: all that have. Their counters of restarts start anew.",
                .examples = {{"sbxctl reset-failed", "Forget all failures"}},
                .max_args = -1,
                .suggestions = {SUGGEST_UNITS_FAILED, SUGGEST_UNITS_FAILED},
                .run = verb_reset_failed,
        },
        {
                .name = "doctor",
                .arguments = "",
                .summary = "Look at what this host offers to sandboxes",
                .detail = "Tries each thing that sandboxes need, for real: namespaces, overlays, "
                          "idmapped mounts where layers are kept, limits, device policy, seccomp, "
                          "Landlock, nftables, the services; and says how to get what is missing. "
                          "Leaves "
                          "nothing behind. Root can try more than others. The exit status is 1 "
                          "where something is missing without which sandboxes with the defaults do "
                          "not start, sbxd included.",
                .examples = {{"sudo sbxctl doctor", "Everything"},
                             {"sbxctl doctor --json=short", "For a program"}},
                .options = table_options,
                .local = true,
                .run = verb_doctor,
        },
        {
                .name = "daemon-reload",
                .arguments = "",
                .summary = "Read all unit files again",
                .detail = "Sandboxes that run go on as they were started. A unit that can no "
                          "longer be loaded "
                          "keeps its last good version in force while it runs.",
                .examples = {{"sbxctl daemon-reload", "After a unit file was changed"}},
                .run = verb_daemon_reload,
        },
        {
                .name = "help",
                .arguments = "[VERB]",
                .summary = "Show this help, or that of a verb",
                .detail = "The same as --help.",
                .examples = {{"sbxctl help run", "All about run"}},
                .max_args = 1,
                .suggestions = {SUGGEST_VERBS, SUGGEST_VERBS},
                .run = verb_help,
        },
};
const size_t n_verbs = ELEMENTS(verb_table);

const Verb *verb_find(const char *name) {
        for (size_t i = 0; i < n_verbs; i++) {
                if (streq(verb_table[i].name, name)) {
                        return &verb_table[i];
                }
        }
        return NULL;
}

const Verb *verb_suggest(const char *name) {
        const Verb *best = NULL;
        /* beyond a third of its letters it is another word */
        size_t least = MAX((strlen(name) + 1) / 3, (size_t) 1) + 1;

        for (size_t i = 0; i < n_verbs; i++) {
                size_t distance = str_distance(name, verb_table[i].name);

                /* the beginning of a verb is a verb that was cut short */
                if (strlen(name) > 1 && startswith(verb_table[i].name, name)) {
                        return &verb_table[i];
                }
                if (distance < least && distance < strlen(name)) {
                        least = distance;
                        best = &verb_table[i];
                }
        }
        return best;
}
