/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a process inside the sandbox to the program that was asked for: streams, limits, user,
 * capabilities, filter, exec. The same for the unit's own program and for one more in it. */

#include "helper/parts.h"
#include "kern/account.h"
#include "kern/cgroup.h"
#include "kern/descriptors.h"
#include "kern/device.h"
#include "kern/path.h"
#include "kern/privilege.h"
#include "kern/process.h"

#include "base/parse.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define REPORT_NUMBER 3
#define FIXED_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define CAP_MASK(capability) (UINT64_C(1) << (capability))

typedef struct State {
        const Workload *given;
        int report;
        int root;
        Account account;
        bool has_capabilities;
        uint64_t bounding, ambient;
        bool no_new_privs;
        bool has_filter;
        const Op *exec;
        char program[PATH_MAX];
        Fault fault;
} State;

static int open_root(State *state) {
        state->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        return state->root < 0 ? negative_errno() : 0;
}

static int inherit(const Workload *given, const char *argument, int stream) {
        uint32_t index;

        if (streq(argument, OP_STDIO_LOG)) {
                return given->log < 0 ? -EBADF : descriptor_place(given->log, stream);
        }
        if (parse_u32(argument, &index) < 0 || index >= given->n_streams) {
                return -EBADF;
        }
        return descriptor_place(given->streams[index], stream);
}

static int apply_stdio(State *state, const Op *op) {
        int stream = (int) op->args[0].u64;
        const char *argument = op->args[2].string;

        switch (op->args[1].u64) {
        case OP_STDIO_NULL:
                return descriptor_place(state->given->null, stream);
        case OP_STDIO_INHERIT:
                return inherit(state->given, argument, stream);
        default:
                return descriptor_place(state->given->journal.fds[stream], stream);
        }
}

static int apply_terminal(State *state, const Op *op) {
        int r = state->given->slave < 0 ? -ENOTTY : terminal_take(state->given->slave);

        for (int i = 0; i < 3 && r == 0; i++) {
                r = descriptor_place(state->given->slave, i);
        }
        return r;
}

static int apply_affinity(State *state, const Op *op) {
        return process_set_affinity(op->args[0].blob.bytes, op->args[0].blob.size);
}

static int apply_keyring(State *state, const Op *op) {
        int r = op->args[0].u64 == OP_KEYRING_SHARED ? 0 : keyring_renew();

        return r == -ENOSYS ? 0 : r; /* no keyrings, nothing to keep apart */
}

/* As the user whose keyring is to be in it. */
static int apply_shared_keyring(State *state, const Op *op) {
        int r;

        if (op->args[0].u64 != OP_KEYRING_SHARED) {
                return 0;
        }
        r = keyring_renew();
        return r < 0 ? r : keyring_share();
}

static int apply_sigpipe(State *state, const Op *op) {
        return process_ignore_sigpipe();
}

static int set_rlimit(const Op *op) {
        const struct rlimit limit = {.rlim_cur = op->args[1].u64, .rlim_max = op->args[2].u64};

        return setrlimit((__rlimit_resource_t) op->args[0].u64, &limit) < 0 ? negative_errno() : 0;
}

/* Raising needs privilege; few descriptors would keep us from opening what is still to be. */
static int apply_rlimit(State *state, const Op *op) {
        struct rlimit now;

        if (op->args[0].u64 != RLIMIT_NOFILE) {
                return set_rlimit(op);
        }
        if (getrlimit(RLIMIT_NOFILE, &now) < 0) {
                return negative_errno();
        }
        return op->args[2].u64 > now.rlim_max ? set_rlimit(op) : 0;
}

static int apply_files(State *state, const Op *op) {
        return op->args[0].u64 == RLIMIT_NOFILE ? set_rlimit(op) : 0;
}

static int apply_umask(State *state, const Op *op) {
        (void) umask((mode_t) op->args[0].u64);
        return 0;
}

static int find_user(State *state, const Op *op) {
        return account_find(state->root, op->args[0].string, op->args[1].string, &state->account);
}

static int op_index(const State *state, OpKind kind) {
        const Op *op = plan_find(state->given->plan, kind);

        return op ? (int) (op - state->given->plan->ops) : -1;
}

static int add_groups(State *state, const Op *op) {
        const char *name = NULL;
        int r = account_add_groups(state->root, op->args[0].strv, &state->account, &name);

        return r < 0 ? fault_set(&state->fault, r, STEP_GROUP, op_index(state, OP_GROUPS), name)
                     : 0;
}

static int note_capabilities(State *state, const Op *op) {
        state->has_capabilities = true;
        state->bounding = op->args[0].u64;
        state->ambient = op->args[1].u64;
        return 0;
}

static int note_no_new_privs(State *state, const Op *op) {
        state->no_new_privs = true;
        return 0;
}

static int note_filter(State *state, const Op *op) {
        state->has_filter = true;
        return 0;
}

static int apply_filter(State *state, const Op *op) {
        return seccomp_load(op->args[1].blob.bytes, op->args[1].blob.size);
}

static int apply_personality(State *state, const Op *op) {
        return personality_set((unsigned long) op->args[0].u64);
}

static bool is_kernels(int fd) {
        struct statfs fs;

        return fstatfs(fd, &fs) < 0 || fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC ||
               fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC;
}

static int change_directory(State *state, const Op *op) {
        _cleanup_fd_ int fd =
                root_open(state->root, op->args[0].string, O_PATH | O_DIRECTORY, LINKS_INSIDE);
        char path[PATH_MAX];

        if (fd == -ENOENT && op->args[1].u64) {
                return 0; /* the root, where every start begins */
        }
        if (fd < 0) {
                return fd;
        }
        /* A link in the root may lead where the plan's path could not. */
        if (is_kernels(fd)) {
                return -EINVAL;
        }
        if (fchdir(fd) < 0 || !getcwd(path, sizeof(path))) {
                return negative_errno();
        }
        return path[0] == '/' ? 0 : -ENOENT; /* "(unreachable)…" */
}

typedef struct Stage {
        OpKind kind;
        Step step;
        int (*apply)(State *state, const Op *op);
} Stage;

/* In the order of their rights: what needs privilege while there is some, then what must be known
 * before it goes. */
static const Stage privileged_stages[] = {
        {OP_STDIO, STEP_STDIO, apply_stdio},
        {OP_TERMINAL, STEP_STDIO, apply_terminal},
        {OP_CPU_AFFINITY, STEP_AFFINITY, apply_affinity},
        {OP_KEYRING, STEP_KEYRING, apply_keyring},
        {OP_RLIMIT, STEP_LIMITS, apply_rlimit},
        {OP_UMASK, STEP_LIMITS, apply_umask},
        {OP_IGNORE_SIGPIPE, STEP_SPAWN, apply_sigpipe},
        {OP_USER, STEP_USER, find_user},
        {OP_GROUPS, STEP_GROUP, add_groups},
        {OP_CAPABILITIES, STEP_CAPABILITIES, note_capabilities},
        {OP_NO_NEW_PRIVS, STEP_CAPABILITIES, note_no_new_privs},
        {OP_SECCOMP, STEP_SECCOMP, note_filter},
};
static const Stage dropped_stages[] = {
        {OP_KEYRING, STEP_KEYRING, apply_shared_keyring},
        {OP_PERSONALITY, STEP_PERSONALITY, apply_personality},
        {OP_WORKING_DIRECTORY, STEP_CHDIR, change_directory},
};
static const Stage last_stages[] = {
        {OP_RLIMIT, STEP_LIMITS, apply_files},
        {OP_SECCOMP, STEP_SECCOMP, apply_filter},
};

static int run_stage(State *state, const Stage *stage) {
        const Op *op;

        for (size_t index = 0; (op = plan_next(state->given->plan, stage->kind, &index));) {
                int r = stage->apply(state, op);

                if (r < 0) {
                        const OpSchema *schema = &op_table[op->kind];
                        bool has_name = schema->args[0].type == OP_ARG_STRING ||
                                        schema->args[0].type == OP_ARG_PATH;

                        return fault_set(&state->fault, r, stage->step, (int) index - 1,
                                         has_name ? op->args[0].string : NULL);
                }
        }
        return 0;
}

static int run_stages(State *state, const Stage *stages, size_t n) {
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++) {
                r = run_stage(state, &stages[i]);
        }
        return r;
}

/* Before the user changes: only then is there the right to. */
static int bound_capabilities(State *state) {
        int r = 0;

        if (state->has_capabilities) {
                r = capabilities_bound(state->bounding);
                if (r == 0 && state->bounding == 0) {
                        r = privilege_lock_root();
                }
        }
        if (r == 0 && state->bounding != 0) {
                r = privilege_keep_capabilities();
        }
        return r < 0 ? fault_set(&state->fault, r, STEP_CAPABILITIES,
                                 op_index(state, OP_CAPABILITIES), NULL)
                     : 0;
}

static int become_user(State *state) {
        const Account *account = &state->account;
        const Op *op = plan_find(state->given->plan, OP_USER);
        int r = 0;

        if (state->given->payload >= 0 && (account->uid != 0 || account->gid != 0)) {
                r = cgroup_give(state->given->payload, account->uid, account->gid);
                if (r < 0) {
                        return fault_set(&state->fault, r, STEP_CGROUP,
                                         op_index(state, OP_DELEGATE), NULL);
                }
        }
        if (state->given->slave >= 0 && account->uid != 0 &&
            fchown(STDIN_FILENO, account->uid, (gid_t) -1) < 0) {
                r = negative_errno();
        }
        r = r < 0 ? r
                  : privilege_become(account->uid, account->gid, account->groups,
                                     account->n_groups);
        return r < 0 ? fault_set(&state->fault, r, STEP_USER, op_index(state, OP_USER),
                                 op ? op->args[0].string : NULL)
                     : 0;
}

/* Uid 0 keeps the bounding set, others the ambient one. Without no_new_privs the filter needs
 * CAP_SYS_ADMIN; exec takes that away again by its own rules, since it is in no set that counts
 * then, and so no filter can keep it from being dropped. */
static int set_capabilities(State *state) {
        Capabilities now, wanted;
        uint64_t keep;
        int r = capabilities_get(&now);

        keep = state->account.uid == 0 ? state->bounding : state->ambient;
        if (state->has_filter && !state->no_new_privs) {
                keep |= CAP_MASK(CAP_SYS_ADMIN);
        }
        wanted = (Capabilities){
                .permitted = now.permitted & keep,
                .effective = now.permitted & keep,
                .inheritable = state->ambient,
        };
        r = r < 0 ? r : capabilities_set(&wanted);
        /* Where root is locked, the ambient set is empty and stays so. */
        if (r == 0 && state->bounding != 0) {
                r = capabilities_set_ambient(state->ambient);
        }
        if (r == 0 && state->no_new_privs) {
                r = privilege_no_new();
        }
        return r < 0 ? fault_set(&state->fault, r, STEP_CAPABILITIES,
                                 op_index(state, OP_CAPABILITIES), NULL)
                     : 0;
}

/* Can this user execute it? Asked before the filter, which might not let us tell. */
static int check_program(const char *path) {
        struct stat st;

        if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 || stat(path, &st) < 0) {
                return negative_errno();
        }
        return S_ISREG(st.st_mode) ? 0 : -EACCES;
}

static int find_program(State *state) {
        const char *name = state->exec->args[0].string, *directory = FIXED_PATH;
        int result = -ENOENT;

        if (strchr(name, '/')) {
                (void) snprintf(state->program, sizeof(state->program), "%s", name);
                return check_program(state->program);
        }
        while (*directory) {
                size_t length = strcspn(directory, ":");
                int r;

                (void) snprintf(state->program, sizeof(state->program), "%.*s/%s", (int) length,
                                directory, name);
                r = check_program(state->program);
                if (r == 0) {
                        return 0;
                }
                if (r == -EACCES) {
                        result = r;
                }
                directory += length + (directory[length] == ':');
        }
        return result;
}

/* Nothing but the streams goes on; what failures are reported on is closed by exec itself. */
static int close_all(State *state) {
        if (state->report < 0) {
                return descriptors_close_from(REPORT_NUMBER);
        }
        if (state->report != REPORT_NUMBER) {
                if (dup3(state->report, REPORT_NUMBER, O_CLOEXEC) < 0) {
                        return negative_errno();
                }
                state->report = REPORT_NUMBER;
        }
        return descriptors_close_from(REPORT_NUMBER + 1);
}

/* The helper raised its own: select(2) writes beyond its sets where descriptors go further. */
static int lower_files(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
                return negative_errno();
        }
        limit.rlim_cur = MIN(limit.rlim_cur, (rlim_t) FD_SETSIZE);
        return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? negative_errno() : 0;
}

static int prepare(State *state) {
        sigset_t none;
        int r;

        (void) sigemptyset(&none);
        if (sigprocmask(SIG_SETMASK, &none, NULL) < 0) {
                return fault_set(&state->fault, negative_errno(), STEP_EXEC, -1, NULL);
        }
        if (state->given->enter >= 0 && write(state->given->enter, "0", 1) < 0) {
                return fault_set(&state->fault, negative_errno(), STEP_CGROUP,
                                 op_index(state, OP_DELEGATE), "cgroup.procs");
        }
        (void) setsid();
        r = open_root(state);
        if (r < 0) {
                return fault_set(&state->fault, r, STEP_ROOT, -1, "/");
        }
        r = lower_files();
        if (r < 0) {
                return fault_set(&state->fault, r, STEP_LIMITS, -1, NULL);
        }
        r = run_stages(state, privileged_stages, ELEMENTS(privileged_stages));
        r = r < 0 ? r : bound_capabilities(state);
        r = r < 0 ? r : become_user(state);
        r = r < 0 ? r : set_capabilities(state);
        return r < 0 ? r : run_stages(state, dropped_stages, ELEMENTS(dropped_stages));
}

static int execute(State *state, int exec_op) {
        const Op *environment = plan_find(state->given->plan, OP_ENVIRONMENT);
        char *const nothing[] = {NULL};
        char *const *variables =
                environment && environment->args[0].strv ? environment->args[0].strv : nothing;
        int r = find_program(state);

        if (r < 0) {
                return fault_set(&state->fault, r, STEP_EXEC, exec_op, state->exec->args[0].string);
        }
        r = close_all(state);
        if (r < 0) {
                return fault_set(&state->fault, r, STEP_EXEC, exec_op, NULL);
        }
        r = run_stages(state, last_stages, ELEMENTS(last_stages));
        if (r < 0) {
                return r;
        }
        (void) execve(state->program, state->exec->args[1].strv, variables);
        return fault_set(&state->fault, negative_errno(), STEP_EXEC, exec_op,
                         state->exec->args[0].string);
}

const Op *workload_exec(const Plan *plan, size_t n, int *ret_index) {
        const Op *op;

        for (size_t index = 0; (op = plan_next(plan, OP_EXEC, &index)); n--) {
                if (n == 0) {
                        *ret_index = (int) index - 1;
                        return op;
                }
        }
        return NULL;
}

static int announce(int report_fd, int master) {
        Report report = {.type = REPORT_WORKLOAD, .op = -1, .pid = getpid()};
        _cleanup_fd_ int self = process_open(getpid());
        int fds[2] = {self, master};

        if (self < 0) {
                return self;
        }
        return report_send(report_fd, &report, fds, master >= 0 ? 2 : 1);
}

_noreturn_ void workload_start(const Workload *workload, size_t exec, int master) {
        State state = {
                .given = workload,
                .report = workload->report,
                .root = -EBADF,
                .bounding = UINT64_MAX,
                .fault.op = -1,
        };
        int exec_op = -1, r = 0;

        if (state.report >= 0) {
                r = announce(state.report, master);
                if (r < 0) {
                        (void) fault_set(&state.fault, r, STEP_EXEC, -1, NULL);
                }
        }
        state.exec = workload_exec(workload->plan, exec, &exec_op);
        if (r == 0 && !state.exec) {
                r = fault_set(&state.fault, -EINVAL, STEP_EXEC, -1, NULL);
        }
        r = r < 0 ? r : prepare(&state);
        r = r < 0 ? r : execute(&state, exec_op);
        if (state.exec && (state.exec->args[2].u64 & OP_EXEC_IGNORE_FAILURE)) {
                /* Nobody wants to hear of it; init sees the status and goes on. */
                _exit(step_table[state.fault.step].exit_status);
        }
        _exit(report_failed_plainly(state.report, workload->status, &state.fault, r));
}
