#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    CHILD_STACK_BYTES = 64 << 10,
    /// Descriptors are first moved up here, so that neither can be overwritten by the other's target.
    SAFE_DESCRIPTOR = 16,
    /// Workers yield to the node itself.
    WORKER_NICENESS = 5,
};

/// What becomes a program: a worker, or the zygote.
struct program {
    const char *path;
    char *const *arguments;
    char *const *environment;
    skerry_child child;
    int error;
};

static const struct {
    int flag;
    uint32_t layer;
} namespaces[] = {
    { CLONE_NEWUSER, SKERRY_LAYER_USER_NAMESPACE },   { CLONE_NEWPID, SKERRY_LAYER_PID_NAMESPACE },
    { CLONE_NEWNS, SKERRY_LAYER_MOUNT_NAMESPACE },    { CLONE_NEWNET, SKERRY_LAYER_NETWORK_NAMESPACE },
    { CLONE_NEWIPC, SKERRY_LAYER_IPC_NAMESPACE },     { CLONE_NEWUTS, SKERRY_LAYER_UTS_NAMESPACE },
};
enum { NAMESPACE_COUNT = sizeof namespaces / sizeof namespaces[0] };

static int write_file(const char *path, const char *text, size_t length) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return errno;
    int error = write(file, text, length) == (ssize_t)length ? 0 : errno;
    close(file);
    return error;
}

/// Writes a number in decimal and returns its end; printf is not safe here.
static char *append_number(char *end, uint32_t number) {
    char digits[12];
    int count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0) *end++ = digits[--count];
    return end;
}

/// Gives an id a name in the user namespace, without which the process could make no file.
static int map_id(const char *path, uint32_t id) {
    char line[32] = "65534 ";
    char *end = append_number(line + strlen(line), id);
    end = stpcpy(end, " 1\n");
    return write_file(path, line, (size_t)(end - line));
}

static int enter_user_namespace(const skerry_child *child) {
    int error = write_file("/proc/self/setgroups", "deny", 4);
    if (error == 0) error = map_id("/proc/self/uid_map", child->user);
    if (error == 0) error = map_id("/proc/self/gid_map", child->group);
    return error != 0 ? error : skerry_keep_capabilities();
}

/// Joins its cgroups and makes them the root of what it can see of cgroups.
static void enter_cgroups(skerry_child *child) {
    for (size_t index = 0; index < child->cgroup_count; index++) {
        const skerry_cgroup *cgroup = &child->cgroups[index];
        if (write(cgroup->descriptor, "0", 1) == 1) {
            child->made |= cgroup->layers;
        } else {
            skerry_status_refuse(child->page, cgroup->layers, errno);
        }
    }
    if (unshare(CLONE_NEWCGROUP) == 0) {
        child->made |= SKERRY_LAYER_CGROUP_NAMESPACE;
    } else {
        skerry_status_refuse(child->page, SKERRY_LAYER_CGROUP_NAMESPACE, errno);
    }
}

/// Gives the process /dev/null at 0, 1 and 2, the descriptors from 3 on, and no other.
static int settle_descriptors(const int descriptors[], int count) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return errno;
    int moved[2];
    for (int index = 0; index < count; index++) {
        moved[index] = fcntl(descriptors[index], F_DUPFD_CLOEXEC, SAFE_DESCRIPTOR);
        if (moved[index] < 0) return errno;
    }
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        if (null != descriptor && dup2(null, descriptor) < 0) return errno;
    }
    for (int index = 0; index < count; index++) {
        if (dup2(moved[index], SKERRY_WORKER_SOCKET + index) < 0) return errno;
    }
    return syscall(SYS_close_range, SKERRY_WORKER_SOCKET + count, ~0u, 0) == 0 ? 0 : errno;
}

static void start_session(void) {
    setsid();
    // Whoever made the process blocked everything around that; it starts with a clean mask.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

int skerry_child_settle(skerry_child *child) {
    enter_cgroups(child);
    if (child->made & SKERRY_LAYER_USER_NAMESPACE) {
        int error = enter_user_namespace(child);
        if (error != 0) skerry_status_refuse(child->page, SKERRY_LAYER_PRIVATE_ROOT, error);
    }
    skerry_status_begin(child->page, child->made, (uint32_t)child->pid);
    const int descriptors[2] = { child->socket, child->status };
    int error = settle_descriptors(descriptors, 2);
    if (error != 0) return error;
    setpriority(PRIO_PROCESS, 0, WORKER_NICENESS);
    start_session();
    return 0;
}

static void become(struct program *program, int error) {
    if (error == 0) {
        execve(program->path, program->arguments, program->environment);
        error = errno;
    }
    program->error = error;
    _exit(127);
}

/// Runs in the child, on a stack of its own but in the parent's memory: system calls only.
static int worker_main(void *data) {
    struct program *program = data;
    become(program, skerry_child_settle(&program->child));
    return 0;
}

/// As above.
static int zygote_main(void *data) {
    struct program *program = data;
    int error = settle_descriptors(&program->child.socket, 1);
    if (error == 0) start_session();
    become(program, error);
    return 0;
}

/// With CLONE_VFORK this thread sleeps until the child has left our memory.
static pid_t clone_child(int (*body)(void *), char *stack, int flags, void *data, pid_t *pid) {
    return clone(
        body, stack + CHILD_STACK_BYTES, CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | SIGCHLD | flags, data, pid);
}

uint32_t skerry_namespace_layers(int flags) {
    uint32_t layers = 0;
    for (int index = 0; index < NAMESPACE_COUNT; index++) {
        if (flags & namespaces[index].flag) layers |= namespaces[index].layer;
    }
    return layers;
}

int skerry_wanted_namespaces(void) {
    int wanted = 0;
    for (int index = 0; index < NAMESPACE_COUNT; index++) {
        // Root needs no user namespace for the others.
        if (namespaces[index].flag != CLONE_NEWUSER || geteuid() != 0) wanted |= namespaces[index].flag;
    }
    return wanted;
}

static int try_spawn(
    int (*body)(void *), struct program *program, int flags, char *stack, pid_t *pid) {
    program->error = 0;
    program->child.made = skerry_namespace_layers(flags);
    pid_t process = clone_child(body, stack, flags, program, &program->child.pid);
    if (process < 0) return errno;
    if (program->error != 0) {
        skerry_reap(process);
        return program->error;
    }
    *pid = process;
    return 0;
}

static int leave_at_once(void *data) {
    (void)data;
    _exit(0);
}

/// Those of `wanted` that the host allows one by one; the others' reasons go to the page.
static int allowed_namespaces(int wanted, char *stack, skerry_status_page *page) {
    const int user = wanted & CLONE_NEWUSER;
    int allowed = 0;
    for (int index = 0; index < NAMESPACE_COUNT; index++) {
        const int flag = namespaces[index].flag;
        if (!(wanted & flag)) continue;
        pid_t pid;
        pid_t process = clone_child(leave_at_once, stack, flag | user, NULL, &pid);
        if (process >= 0) {
            skerry_reap(process);
            allowed |= flag;
        } else {
            skerry_status_refuse(page, namespaces[index].layer, errno);
        }
    }
    return allowed;
}

/// A stack for children, and no signal that could run a handler on it.
static char *begin_spawning(sigset_t *before) {
    char *stack = mmap(
        NULL, CHILD_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return NULL;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
    return stack;
}

static void end_spawning(char *stack, const sigset_t *before) {
    pthread_sigmask(SIG_SETMASK, before, NULL);
    munmap(stack, CHILD_STACK_BYTES);
}

int skerry_spawn(
    const char *path, char *const arguments[], char *const environment[], int socket, int status,
    skerry_status_page *page, const skerry_cgroup cgroups[], size_t cgroup_count, pid_t *pid, uint32_t *layers) {
    struct program program = {
        path, arguments, environment, { socket, status, page, cgroups, cgroup_count, geteuid(), getegid(), 0, 0 }, 0,
    };
    sigset_t before;
    char *stack = begin_spawning(&before);
    if (stack == NULL) return errno;
    const int wanted = skerry_wanted_namespaces();
    int error = try_spawn(worker_main, &program, wanted, stack, pid);
    if (error == EPERM || error == ENOSPC || error == EUSERS || error == EINVAL || error == ENOSYS) {
        error = try_spawn(worker_main, &program, allowed_namespaces(wanted, stack, page), stack, pid);
    }
    *layers = error == 0 ? program.child.made : 0;
    end_spawning(stack, &before);
    return error;
}

int skerry_zygote_start(
    const char *path, char *const arguments[], char *const environment[], int control, pid_t *pid) {
    struct program program = { path, arguments, environment, { .socket = control }, 0 };
    sigset_t before;
    char *stack = begin_spawning(&before);
    if (stack == NULL) return errno;
    int error = try_spawn(zygote_main, &program, 0, stack, pid);
    end_spawning(stack, &before);
    return error;
}

int skerry_socket_pair(int descriptors[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, descriptors) == 0 ? 0 : errno;
}

int skerry_reap(pid_t pid) {
    int status = 0;
    kill(pid, SIGKILL);
    for (;;) {
        pid_t reaped = waitpid(pid, &status, 0);
        if (reaped == pid) return status;
        if (reaped < 0 && errno != EINTR) return -1;
    }
}

void skerry_kill(pid_t pid) { kill(pid, SIGKILL); }

/// Writes `/proc/<pid>/statm` into `path` without the locale machinery of printf.
static void statm_path(char path[32], pid_t pid) {
    strcpy(append_number(stpcpy(path, "/proc/"), (uint32_t)pid), "/statm");
}

int skerry_process_usage(pid_t pid, uint64_t *cpu_nanoseconds, uint64_t *private_bytes) {
    clockid_t clock;
    int error = clock_getcpuclockid(pid, &clock);
    if (error != 0) return error;
    struct timespec used;
    if (clock_gettime(clock, &used) != 0) return errno;
    *cpu_nanoseconds = (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;

    char path[32];
    statm_path(path, pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return errno;
    char text[128];
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) return ESRCH;
    text[length] = 0;
    char *cursor = text;
    strtoull(cursor, &cursor, 10);
    uint64_t resident = strtoull(cursor, &cursor, 10);
    uint64_t shared = strtoull(cursor, &cursor, 10);
    *private_bytes = resident > shared ? (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
    return 0;
}
