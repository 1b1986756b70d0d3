/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Control messages between sbxd and sbx-helper: one table (control.def), one struct for all of
 * them. Encoding is little-endian {u16 type, u16 size, u32 serial, u8 id[16]}, then u64 numbers,
 * then strings as {u16 length with NUL, bytes}. */

#include "base/macros.h"

#include <sys/types.h>

#define CONTROL_PROTOCOL_VERSION 1u
#define CONTROL_SIZE_MAX 8192u
#define CONTROL_NUMBERS_MAX 8
#define CONTROL_STRINGS_MAX 1
#define CONTROL_STRING_MAX 4096u
#define CONTROL_FDS_MAX 4

/* Where the helper listens; the parent directory is root's, 0700. */
#define CONTROL_SOCKET_PATH "/run/sbx/helper/socket"

typedef enum ControlType {
#define M(TYPE, ...) CONTROL_##TYPE,
#include "wire/control.def"
#undef M
        _CONTROL_MAX,
        _CONTROL_INVALID = -EINVAL,
} ControlType;

typedef enum ControlDirection {
        CONTROL_DOWN = 1,
        CONTROL_UP = 2,
        CONTROL_BOTH = 3
} ControlDirection;

typedef struct ControlSchema {
        const char *name;
        ControlDirection direction;
        const char *summary;
        const char *numbers[CONTROL_NUMBERS_MAX + 1]; /* NULL-terminated */
        const char *strings[CONTROL_STRINGS_MAX + 1];
        size_t fds_min, fds_max;
} ControlSchema;

extern const ControlSchema control_table[_CONTROL_MAX];

typedef struct SandboxId {
        uint8_t bytes[16];
} SandboxId;

typedef struct ControlMessage {
        ControlType type;
        uint32_t serial;
        SandboxId id;
        uint64_t numbers[CONTROL_NUMBERS_MAX];
        char strings[CONTROL_STRINGS_MAX][CONTROL_STRING_MAX]; /* cut, never overrun, when sent */
        int fds[CONTROL_FDS_MAX];                              /* owned after control_receive() */
        size_t n_fds;
} ControlMessage;

/* Indexes into numbers[], by name, checked by a test against the table. */
enum { HELLO_PROTOCOL, HELLO_PLAN };
enum { KILL_SIGNAL, KILL_WHOM };
enum { KILL_ALL, KILL_MAIN };
enum { FREEZE_FREEZE };
enum { FROZEN_FROZEN };
enum { LIMITED_ERRNO, LIMITED_OP };
enum { OOM_KILLS };
enum { EXEC_ID };
enum { EXEC_KILL_ID, EXEC_KILL_SIGNAL };
enum { HELD_PID, HELD_RELAY_PID, HELD_UID_BASE, HELD_SPAWNED_USEC };
enum { READY_BUILT_USEC };
enum { DEGRADED_ORIGIN, DEGRADED_ERRNO };
enum { FAILED_STEP, FAILED_ERRNO, FAILED_OP };
enum { RUNNING_MAIN_PID, RUNNING_EXEC_USEC };
enum {
        EXITED_CODE,
        EXITED_STATUS,
        EXITED_OOM_KILLS,
        EXITED_USEC,
        EXITED_STEP,
        EXITED_ERRNO,
        EXITED_OP
};
enum { EXEC_RUNNING_ID, EXEC_RUNNING_PID };
enum { EXEC_FAILED_ID, EXEC_FAILED_STEP, EXEC_FAILED_ERRNO, EXEC_FAILED_OP };
enum { EXEC_EXITED_ID, EXEC_EXITED_CODE, EXEC_EXITED_STATUS };
enum {
        SANDBOX_STATE,
        SANDBOX_PID,
        SANDBOX_MAIN_PID,
        SANDBOX_RELAY_PID,
        SANDBOX_UID_BASE,
        SANDBOX_SPAWNED_USEC,
        SANDBOX_FREEZER
};
enum { SANDBOX_IS_BUILDING, SANDBOX_IS_HELD, SANDBOX_IS_RUNNING, SANDBOX_IS_EXITED };
enum { FREEZER_RUNNING, FREEZER_FREEZING, FREEZER_FROZEN, FREEZER_THAWING, _FREEZER_MAX };
enum { LISTED_COUNT };
enum { REFUSED_ERRNO };

/* Closes the descriptors that the message still owns. */
void control_message_done(ControlMessage *message);

/* Pure: *size in capacity, out bytes used. -EINVAL: not as the table says. */
int control_encode(const ControlMessage *message, void *bytes, size_t *size);
/* Pure; strings and numbers as the table says, nothing left over, or -EBADMSG. direction is the one
 * in which it came: a message that may not come that way is -EBADMSG. */
int control_decode(const void *bytes, size_t size, ControlDirection direction, ControlMessage *ret);

/* Sends one datagram with message->fds; they stay the caller's. */
int control_send(int socket, const ControlMessage *message, int flags);
/* 1: a message; 0: end of file; -EAGAIN; -EBADMSG (also for a wrong number of descriptors). */
int control_receive(int socket, ControlDirection direction, ControlMessage *ret, int flags);
