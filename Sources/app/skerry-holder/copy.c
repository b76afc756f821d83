// Getting into a machine to copy files, and the stream's two ends.
#define _GNU_SOURCE
#include "copy.h"
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    /// The machine's first process.
    PROGRAM = 3,
    MAX_FOLDERS = 8,
};

static uint8_t input[COPY_MAX_PART], output[COPY_MAX_PART];
static size_t input_start, input_end, output_length;

static volatile int draft_folder;
static const char *volatile draft_name;

void copy_set_draft(int folder, const char *name) {
    draft_name = NULL;
    draft_folder = folder;
    draft_name = name;
}

static void leave(int signal) {
    (void)signal;
    if (draft_name != NULL) unlinkat(draft_folder, draft_name, 0);
    _exit(1);
}

void copy_fail(const char *what, const char *name, const char *why) {
    dprintf(2, "%s%s%s: %s\n", what, name[0] ? " " : "", name, why);
    leave(0);
    __builtin_unreachable();
}

static void wait_for(int file, short events) {
    struct pollfd polled[2] = { { .fd = file, .events = events }, { .fd = PROGRAM, .events = POLLIN } };
    while (poll(polled, 2, -1) < 0) {
        if (errno != EINTR) copy_fail("waiting", "", strerror(errno));
    }
    if (polled[1].revents != 0) copy_fail("the machine", "", "it has ended");
}

void copy_read(void *buffer, size_t length) {
    uint8_t *target = buffer;
    while (length > 0) {
        if (input_start == input_end) {
            wait_for(0, POLLIN);
            ssize_t count = read(0, input, sizeof input);
            if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
            if (count <= 0) copy_fail("what was sent", "", "it is cut off");
            input_start = 0;
            input_end = (size_t)count;
        }
        size_t part = input_end - input_start < length ? input_end - input_start : length;
        memcpy(target, input + input_start, part);
        input_start += part;
        target += part;
        length -= part;
    }
}

void copy_flush(void) {
    for (size_t sent = 0; sent < output_length;) {
        wait_for(1, POLLOUT);
        ssize_t count = write(1, output + sent, output_length - sent);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (count < 0) copy_fail("what was asked for", "", strerror(errno));
        sent += (size_t)count;
    }
    output_length = 0;
}

void copy_write(const void *buffer, size_t length) {
    const uint8_t *source = buffer;
    while (length > 0) {
        if (output_length == sizeof output) copy_flush();
        size_t part = sizeof output - output_length < length ? sizeof output - output_length : length;
        memcpy(output + output_length, source, part);
        output_length += part;
        source += part;
        length -= part;
    }
}

/// What is copied counts as the machine's own memory and time.
static int join_cgroups(int count, char **folders) {
    for (int index = 0; index < count; index++) {
        char path[4096];
        if (snprintf(path, sizeof path, "%s/cgroup.procs", folders[index]) >= (int)sizeof path) return -1;
        int file = open(path, O_WRONLY | O_CLOEXEC);
        if (file < 0) return -1;
        int result = write(file, "0", 1) == 1 ? 0 : -1;
        int error = errno;
        close(file);
        errno = error;
        if (result != 0) return -1;
    }
    return 0;
}

/// Root in a machine keeps those powers over files that its programs have as root; others have none.
static int keep_powers(uid_t user) {
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { { 0 } };
    if (user == 0) data[0].effective = data[0].permitted = 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER;
    return (int)syscall(SYS_capset, &head, data);
}

/// All of the machine but its list of processes: nothing in it can find this one.
static int enter_machine(uid_t user, gid_t group, int has_users) {
    const int kinds = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | (has_users ? CLONE_NEWUSER : 0);
    const struct rlimit no_core = { 0, 0 };
    if (setns(PROGRAM, kinds) != 0 || chdir("/") != 0) return -1;
    if (setgroups(0, NULL) != 0 || setresgid(group, group, group) != 0 || setresuid(user, user, user) != 0) return -1;
    if (keep_powers(user) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    return setrlimit(RLIMIT_CORE, &no_core);
}

int copy(int count, char **arguments) {
    const int is_in = count > 0 && strcmp(arguments[0], "in") == 0;
    if (count < 6 || count > 5 + MAX_FOLDERS || (!is_in && strcmp(arguments[0], "out") != 0)) {
        copy_fail("copy", "", "is called by a skerry node");
    }
    const uid_t user = (uid_t)strtoul(arguments[1], NULL, 10);
    const gid_t group = (gid_t)strtoul(arguments[2], NULL, 10);
    if (user >= ID_COUNT || group >= ID_COUNT) copy_fail("copy", "", "no such user");
    for (int file = 0; file < 2; file++) fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK);
    if (join_cgroups(count - 5, arguments + 5) != 0 || enter_machine(user, group, arguments[3][0] == '1') != 0) {
        copy_fail("the machine cannot be entered", "", strerror(errno));
    }
    umask(0);
    signal(SIGTERM, leave);
    if (is_in) copy_in(arguments[4]);
    else copy_out(arguments[4]);
    return 0;
}
