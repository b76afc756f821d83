#define _GNU_SOURCE
#include "include/CSandbox.h"

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

struct child {
    const char *path;
    char *const *arguments;
    char *const *environment;
    int socket;
    int status;
    int error;
};

/// Runs in the child, on a stack of its own but in the parent's memory: system calls only.
static int child_main(void *data) {
    struct child *child = data;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int socket = fcntl(child->socket, F_DUPFD_CLOEXEC, SAFE_DESCRIPTOR);
    int status = fcntl(child->status, F_DUPFD_CLOEXEC, SAFE_DESCRIPTOR);
    if (null < 0 || socket < 0 || status < 0) goto failed;
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        if (null != descriptor && dup2(null, descriptor) < 0) goto failed;
    }
    if (dup2(socket, SKERRY_WORKER_SOCKET) < 0 || dup2(status, SKERRY_WORKER_STATUS) < 0) goto failed;
    if (syscall(SYS_close_range, SKERRY_WORKER_STATUS + 1, ~0u, 0) != 0) goto failed;
    setsid();
    setpriority(PRIO_PROCESS, 0, WORKER_NICENESS);
    // The parent blocked everything around the clone; the worker starts with a clean mask.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(child->path, child->arguments, child->environment);
failed:
    child->error = errno;
    _exit(127);
}

static int try_spawn(struct child *child, int namespaces, char *stack, pid_t *pid) {
    child->error = 0;
    // With CLONE_VFORK this thread sleeps until the child has left our memory.
    pid_t process = clone(
        child_main, stack + CHILD_STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD | namespaces, child);
    if (process < 0) return errno;
    if (child->error != 0) {
        skerry_reap(process);
        return child->error;
    }
    *pid = process;
    return 0;
}

int skerry_spawn(
    const char *path, char *const arguments[], char *const environment[], int socket, int status, pid_t *pid,
    uint32_t *layers) {
    struct child child = { path, arguments, environment, socket, status, 0 };
    char *stack = mmap(
        NULL, CHILD_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return errno;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int namespaces = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
    uint32_t made =
        SKERRY_LAYER_NETWORK_NAMESPACE | SKERRY_LAYER_IPC_NAMESPACE | SKERRY_LAYER_UTS_NAMESPACE;
    if (geteuid() != 0) {
        namespaces |= CLONE_NEWUSER;
        made |= SKERRY_LAYER_USER_NAMESPACE;
    }
    int error = try_spawn(&child, namespaces, stack, pid);
    if (error == EPERM || error == ENOSPC || error == EUSERS || error == EINVAL || error == ENOSYS) {
        made = 0;
        error = try_spawn(&child, 0, stack, pid);
    }
    *layers = error == 0 ? made : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, CHILD_STACK_BYTES);
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
    char digits[12];
    int count = 0;
    do {
        digits[count++] = (char)('0' + pid % 10);
        pid /= 10;
    } while (pid > 0);
    char *end = stpcpy(path, "/proc/");
    while (count > 0) *end++ = digits[--count];
    strcpy(end, "/statm");
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
