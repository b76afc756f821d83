// skerry-holder: holds one machine, and outlives the node that started it.
//
//   skerry-holder KEY=VALUE… -- RUNTIME ARGUMENT…   starts and holds a machine
//   skerry-holder check KEY=VALUE…                  only tries whether its root can be put together
//   skerry-holder network FIRST-ID PATH             makes a network namespace at PATH, its user namespace at PATH.user
//   skerry-holder enter PID PROGRAM ARGUMENT…       runs a program where the machine held by PID has its mounts
//   skerry-holder copy in|out UID GID 0|1 PATH …    copies files into a machine or out of it; see copy.h
//
// It is the machine's parent (child subreaper), so that its exit status is kept even while no node runs; it reads the
// machine's output and writes it to a log of bounded size; and the machine's mounts live in its mount namespace, so that
// none is left over. It holds a lock on FOLDER/holder.lock while it lives. On descriptor 3 it says one line:
// "started PID", "failed runtime STATUS", "failed timeout", "failed lease" or "failed root WHAT: WHY"; what was started is
// ended then. When the machine ends it writes FOLDER/exit ("code N" or "signal N") and ends.
#define _GNU_SOURCE
#include "copy.h"
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    REPORT = 3,
    /// What is read of a machine's output in one window; a machine that writes more waits.
    WINDOW_BYTES = 512 << 10,
    WINDOW_MS = 100,
    /// How long output is read after the machine's end, for processes that the kernel is still ending.
    DRAIN_MS = 500,
    /// How often it is looked whether the machine's end was moved, also to an earlier time.
    LOOK_MS = 1000,
    /// Processes that may end before it is known which of them is the machine's first one.
    MAX_ENDED = 32,
};

static void report(const char *format, const char *first, const char *second) {
    char text[512];
    int length = snprintf(text, sizeof text, format, first, second);
    if (length > (int)sizeof text - 1) length = (int)sizeof text - 1;
    if (write(REPORT, text, (size_t)length) < 0) return;
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int write_file(const char *folder, const char *name, const char *text) {
    char path[4096], temporary[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) return -1;
    if (snprintf(temporary, sizeof temporary, "%s/%s.new", folder, name) >= (int)sizeof temporary) return -1;
    int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return -1;
    int failed = write(file, text, strlen(text)) < 0;
    failed |= close(file);
    return failed ? -1 : rename(temporary, path);
}

/// Takes the lock that shows that the machine is held; the descriptor stays open.
static int take_lock(const char *folder) {
    char path[4096], text[32];
    if (snprintf(path, sizeof path, "%s/holder.lock", folder) >= (int)sizeof path) return -1;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || flock(file, LOCK_EX | LOCK_NB) != 0) return -1;
    int length = snprintf(text, sizeof text, "%d\n", (int)getpid());
    return ftruncate(file, 0) == 0 && pwrite(file, text, (size_t)length, 0) == length ? 0 : -1;
}

static pid_t read_pid(const char *folder) {
    char path[4096], text[32] = { 0 };
    if (snprintf(path, sizeof path, "%s/pid", folder) >= (int)sizeof path) return -1;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    return count > 0 ? (pid_t)strtol(text, NULL, 10) : -1;
}

/// When the machine is to be killed, in milliseconds of CLOCK_BOOTTIME; 0 for at once. The node moves the end on as long as it
/// has the lease; one that is stopped or dead does not, and its machine may be started elsewhere.
static int64_t read_limit(const char *path) {
    char text[32] = { 0 };
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    return count > 0 ? strtoll(text, NULL, 10) : 0;
}

static pid_t start_runtime(char **command, int out, int err) {
    pid_t pid = fork();
    if (pid != 0) return pid;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    for (int number = 1; number < NSIG; number++) {
        if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
    }
    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(126);
    close(REPORT);
    if (null > 2) close(null);
    execv(command[0], command);
    dprintf(2, "%s: %s\n", command[0], strerror(errno));
    _exit(127);
}

struct state {
    const struct options *options;
    struct log log;
    struct stream streams[2];
    /// The alarm goes off at the machine's end, at once when the host wakes from a sleep over it: waiting alone would go on
    /// for as long as before the sleep.
    int signals, alarm;
    pid_t runtime, init;
    /// Wait statuses; -1 until they are known.
    int runtime_status, init_status;
    /// Those that ended before that: crun gives the container away before it has written its number.
    struct {
        pid_t pid;
        int status;
    } ended[MAX_ENDED];
    int ended_count;
    int64_t window_start, drain_until;
    size_t window_bytes;
};

/// Whether the machine may run no longer. If it may, the alarm is set.
static int is_over(struct state *state) {
    if (state->options->limit == NULL) return 0;
    int64_t end = read_limit(state->options->limit);
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    if (end <= (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000) return 1;
    struct itimerspec alarm = { .it_value = { .tv_sec = end / 1000, .tv_nsec = end % 1000 * 1000000 } };
    return timerfd_settime(state->alarm, TFD_TIMER_ABSTIME, &alarm, NULL) != 0;
}

/// At most so long may be waited before the end is looked at again.
static int look_again(const struct state *state, int64_t timeout) {
    if (state->options->limit == NULL) return (int)timeout;
    return timeout < 0 || timeout > LOOK_MS ? LOOK_MS : (int)timeout;
}

static void note_init_end(struct state *state, int status) {
    state->init_status = status;
    state->drain_until = now_ms() + DRAIN_MS;
}

static void note_runtime_end(struct state *state) {
    if (!WIFEXITED(state->runtime_status) || WEXITSTATUS(state->runtime_status) != 0) return;
    state->init = read_pid(state->options->folder);
    for (int index = 0; index < state->ended_count; index++) {
        if (state->ended[index].pid == state->init) note_init_end(state, state->ended[index].status);
    }
}

static void reap(struct state *state) {
    struct signalfd_siginfo info;
    while (read(state->signals, &info, sizeof info) > 0) {}
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid <= 0) return;
        if (pid == state->runtime) {
            state->runtime_status = status;
            state->runtime = 0;
            note_runtime_end(state);
        } else if (pid == state->init) {
            note_init_end(state, status);
        } else if (state->init == 0 && state->ended_count < MAX_ENDED) {
            state->ended[state->ended_count].pid = pid;
            state->ended[state->ended_count++].status = status;
        }
    }
}

static int has_output(const struct state *state) {
    return state->streams[0].descriptor >= 0 || state->streams[1].descriptor >= 0;
}

/// Waits for signals and output once.
static void turn(struct state *state, int timeout) {
    int64_t now = now_ms();
    if (now - state->window_start >= WINDOW_MS) {
        state->window_start = now;
        state->window_bytes = 0;
    }
    const int is_full = state->window_bytes >= WINDOW_BYTES;
    struct pollfd polled[4] = { { .fd = state->signals, .events = POLLIN } };
    polled[3].fd = state->alarm;
    polled[3].events = POLLIN;
    for (int index = 0; index < 2; index++) {
        polled[index + 1].fd = is_full ? -1 : state->streams[index].descriptor;
        polled[index + 1].events = POLLIN;
    }
    if (is_full) {
        int rest = (int)(state->window_start + WINDOW_MS - now);
        if (timeout < 0 || timeout > rest) timeout = rest;
    }
    if (poll(polled, 4, timeout) < 0) return;
    uint64_t alarms;
    if (polled[3].revents != 0 && read(state->alarm, &alarms, sizeof alarms) < 0) return;
    if (polled[0].revents != 0) reap(state);
    for (int index = 0; index < 2; index++) {
        if (polled[index + 1].fd < 0 || polled[index + 1].revents == 0) continue;
        struct stream *stream = &state->streams[index];
        ssize_t count = log_take(&state->log, stream);
        if (count > 0) state->window_bytes += (size_t)count;
        if (count != 0) continue;
        close(stream->descriptor);
        stream->descriptor = -1;
    }
}

/// Reads what is still to come, until both streams have ended or `until`.
static void drain(struct state *state, int64_t until) {
    for (int64_t now = now_ms(); now < until && has_output(state); now = now_ms()) turn(state, (int)(until - now));
}

/// Ends everything that was started. A runtime that is ended half way leaves the machine's processes to this one, which nobody
/// would end in time when it is gone.
static void end_all(const struct state *state) {
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    do {
        int file = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t count = file < 0 ? -1 : read(file, text, sizeof text - 1);
        if (file >= 0) close(file);
        if (count < 0) {
            // A kernel that does not tell.
            if (state->runtime > 0) kill(state->runtime, SIGKILL);
            return;
        }
        text[count] = 0;
        char *rest = text;
        for (long pid; (pid = strtol(rest, &rest, 10)) > 0;) kill((pid_t)pid, SIGKILL);
        // Each that ends may leave its own children.
    } while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
}

/// Waits until the runtime has started the machine, or has failed to.
static int wait_for_start(struct state *state) {
    int64_t deadline = now_ms() + (int64_t)state->options->patience * 1000;
    while (state->runtime_status == -1) {
        int64_t rest = deadline - now_ms();
        if (rest <= 0) {
            report("failed timeout %s%s\n", "", "");
            end_all(state);
            return -1;
        }
        if (is_over(state)) {
            report("failed lease %s%s\n", "", "");
            end_all(state);
            return -1;
        }
        turn(state, look_again(state, rest));
    }
    if (state->init > 0) return 0;
    // What it said about its failure is in the streams.
    drain(state, now_ms() + DRAIN_MS);
    char text[32];
    snprintf(text, sizeof text, "%d", WIFEXITED(state->runtime_status) ? WEXITSTATUS(state->runtime_status) : -1);
    report("failed runtime %s%s\n", text, "");
    end_all(state);
    return -1;
}

static void hold(struct state *state) {
    while (state->init_status == -1) {
        const int over = is_over(state);
        // The first process of a PID namespace takes all others with it.
        if (over) kill(state->init, SIGKILL);
        turn(state, over ? 100 : look_again(state, -1));
    }
    drain(state, state->drain_until);
    for (int index = 0; index < 2; index++) log_finish(&state->log, &state->streams[index]);
    char text[32];
    if (WIFSIGNALED(state->init_status)) {
        snprintf(text, sizeof text, "signal %d\n", WTERMSIG(state->init_status));
    } else {
        snprintf(text, sizeof text, "code %d\n", WEXITSTATUS(state->init_status));
    }
    write_file(state->options->folder, "exit", text);
}

static int watch_children(void) {
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_SETMASK, &children, NULL);
    // Only SIGKILL ends a holder before its machine.
    const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU };
    for (size_t index = 0; index < sizeof ignored / sizeof ignored[0]; index++) signal(ignored[index], SIG_IGN);
    return signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int start_and_hold(const struct options *options) {
    static struct state state;
    state.options = options;
    state.alarm = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (state.alarm < 0) {
        report("failed root %s: %s\n", "an alarm", strerror(errno));
        return 1;
    }
    if (is_over(&state)) {
        report("failed lease %s%s\n", "", "");
        return 1;
    }
    stay_in_memory();
    state.runtime_status = state.init_status = -1;
    state.streams[0].name = "stdout";
    state.streams[1].name = "stderr";
    state.signals = watch_children();
    int out[2], err[2];
    if (state.signals < 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
        report("failed root %s: %s\n", "pipes", strerror(errno));
        return 1;
    }
    state.streams[0].descriptor = out[0];
    state.streams[1].descriptor = err[0];
    for (int index = 0; index < 2; index++) fcntl(state.streams[index].descriptor, F_SETFL, O_NONBLOCK);
    log_open(&state.log, options->folder, options->log_bytes, options->log_files);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    state.runtime = start_runtime(options->command, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    if (state.runtime < 0) {
        report("failed root %s: %s\n", "a process", strerror(errno));
        return 1;
    }
    if (wait_for_start(&state) != 0) return 1;
    char text[32];
    snprintf(text, sizeof text, "%d", (int)state.init);
    report("started %s%s\n", text, "");
    close(REPORT);
    hold(&state);
    return 0;
}

static const char *value(const char *argument, const char *key) {
    size_t length = strlen(key);
    return strncmp(argument, key, length) == 0 && argument[length] == '=' ? argument + length + 1 : NULL;
}

static int parse(struct options *options, int count, char **arguments) {
    for (int index = 0; index < count; index++) {
        const char *argument = arguments[index], *text;
        if (strcmp(argument, "--") == 0) {
            options->command = arguments + index + 1;
            return options->command[0] != NULL ? 0 : -1;
        }
        if ((text = value(argument, "folder"))) options->folder = text;
        else if ((text = value(argument, "place"))) options->place = text;
        else if ((text = value(argument, "network"))) options->network = text;
        else if ((text = value(argument, "name"))) options->name = text;
        else if ((text = value(argument, "address"))) options->address = text;
        else if ((text = value(argument, "writable"))) options->writable = strtoull(text, NULL, 10);
        else if ((text = value(argument, "first-id"))) options->first_id = (uint32_t)strtoul(text, NULL, 10);
        else if ((text = value(argument, "log-bytes"))) options->log_bytes = strtoull(text, NULL, 10);
        else if ((text = value(argument, "log-files"))) options->log_files = atoi(text);
        else if ((text = value(argument, "patience"))) options->patience = atoi(text);
        else if ((text = value(argument, "limit"))) options->limit = text;
        else if ((text = value(argument, "layer")) && options->layer_count < MAX_LAYERS) {
            options->layers[options->layer_count++] = text;
        } else if ((text = value(argument, "bind")) && options->bind_count < MAX_BINDS) {
            options->binds[options->bind_count++] = text;
        } else if ((text = value(argument, "cgroup")) && options->cgroup_count < MAX_CGROUPS) {
            options->cgroups[options->cgroup_count++] = text;
        } else if ((text = value(argument, "nameserver")) && options->server_count < MAX_SERVERS) {
            options->servers[options->server_count++] = text;
        } else {
            return -1;
        }
    }
    return 0;
}

/// The runtime looks for a machine's root when it runs a command in it, and that is only in the holder's namespace.
static int enter(const char *pid, char **command) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/ns/mnt", strtol(pid, NULL, 10));
    int space = open(path, O_RDONLY | O_CLOEXEC);
    if (space < 0 || setns(space, CLONE_NEWNS) != 0) {
        fprintf(stderr, "the machine's mounts cannot be entered: %s\n", strerror(errno));
        return 126;
    }
    close(space);
    execv(command[0], command);
    fprintf(stderr, "%s: %s\n", command[0], strerror(errno));
    return 127;
}

static int make_network(const char *first, const char *path) {
    char user[512];
    if (snprintf(user, sizeof user, "%s.user", path) >= (int)sizeof user) return 2;
    if (make_namespaces((uint32_t)strtoul(first, NULL, 10), path, user) == 0) return 0;
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return 1;
}

int main(int count, char **arguments) {
    if (count > 3 && strcmp(arguments[1], "enter") == 0) return enter(arguments[2], arguments + 3);
    if (count > 2 && strcmp(arguments[1], "copy") == 0) return copy(count - 2, arguments + 2);
    if (count == 4 && strcmp(arguments[1], "network") == 0) return make_network(arguments[2], arguments[3]);
    struct options options = { .log_bytes = 1 << 20, .log_files = 2, .patience = 30 };
    const int is_check = count > 1 && strcmp(arguments[1], "check") == 0;
    const int first = is_check ? 2 : 1;
    if (parse(&options, count - first, arguments + first) != 0 || options.place == NULL || options.layer_count == 0 ||
        (!is_check && (options.folder == NULL || options.command == NULL))) {
        fprintf(stderr, "skerry-holder is started by a skerry node; it is of no use by hand\n");
        return 2;
    }
    const char *what = "";
    if (is_check) {
        if (make_root(&options, &what) == 0) return 0;
        fprintf(stderr, "%s: %s\n", what, strerror(errno));
        return 1;
    }
    if (take_lock(options.folder) != 0) {
        report("failed root %s: %s\n", "the lock of the machine's folder", strerror(errno));
        return 1;
    }
    enter_cgroups(&options);
    if (options.network != NULL && prepare_network(options.network) != 0) {
        report("failed root %s: %s\n", options.network, strerror(errno));
        return 1;
    }
    if (make_root(&options, &what) != 0) {
        report("failed root %s: %s\n", what, strerror(errno));
        return 1;
    }
    return start_and_hold(&options);
}
