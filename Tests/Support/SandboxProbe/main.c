// Native code in a worker's place: enters the same sandbox and then tries one thing that a worker may never do.
//
// Arguments: "sealed" or "open" (with and without the system call filter), the attempt's name, a file of the host, a
// process of the host, a TCP port on which the host listens. Answers on the worker's socket with the layers in
// hexadecimal and, after the attempt, "done" or "refused <errno>"; whoever the filter kills says nothing.
#define _GNU_SOURCE
#include "CSandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/// What an attempt aims at.
struct target {
    const char *file;
    pid_t process;
    int port;
};

static long call_fork(const struct target *target) {
    (void)target;
    long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    return child;
}

/// Children that do nothing and stay; succeeds when no limit stops it.
static long call_fork_bomb(const struct target *target) {
    (void)target;
    for (int count = 0; count < 1000; count++) {
        long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
        if (child < 0) return -1;
        if (child == 0) {
            for (;;) pause();
        }
    }
    return 0;
}

/// Memory that does not count as the process's own.
static long call_share_memory(const struct target *target) {
    (void)target;
    void *memory = mmap(NULL, 1u << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? -1 : 0;
}

/// Touches more memory than a bound for 64 MiB leaves.
static long call_take_memory(const struct target *target) {
    (void)target;
    const size_t size = 512u << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return -1;
    memset(memory, 1, size);
    return memory[size - 1];
}

static long call_exec(const struct target *target) {
    (void)target;
    char *arguments[] = { "/bin/sh", "-c", "exit 0", NULL };
    return execve(arguments[0], arguments, arguments + 3);
}

static long call_trace(const struct target *target) { return ptrace(PTRACE_ATTACH, target->process, NULL, NULL); }

static long call_read_memory(const struct target *target) {
    char byte;
    struct iovec here = { &byte, 1 }, there = { (void *)&call_fork, 1 };
    return process_vm_readv(target->process, &here, 1, &there, 1, 0);
}

static long call_kill(const struct target *target) { return kill(target->process, SIGCONT); }

static long call_connect(const struct target *target) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)target->port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(descriptor, (struct sockaddr *)&address, sizeof address);
}

static long call_send_datagram(const struct target *target) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)target->port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return sendto(descriptor, "x", 1, 0, (struct sockaddr *)&address, sizeof address);
}

static long call_open(const char *path, int flags) { return syscall(SYS_openat, AT_FDCWD, path, flags, 0600); }

static long call_read_passwd(const struct target *target) {
    (void)target;
    return call_open("/etc/passwd", O_RDONLY);
}

static long call_read_passwd_by_process(const struct target *target) {
    (void)target;
    return call_open("/proc/1/root/etc/passwd", O_RDONLY);
}

static long call_read_passwd_upwards(const struct target *target) {
    (void)target;
    return call_open("../../../../../../../../etc/passwd", O_RDONLY);
}

static long call_read_file(const struct target *target) { return call_open(target->file, O_RDONLY); }

static long call_write_file(const struct target *target) {
    (void)target;
    return call_open("/new", O_CREAT | O_WRONLY);
}

static long call_read_environment(const struct target *target) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/environ", (int)target->process);
    return call_open(path, O_RDONLY);
}

static long call_mount(const struct target *target) {
    (void)target;
    return mount("none", "/", "tmpfs", 0, NULL);
}

static long call_new_root(const struct target *target) {
    (void)target;
    return chroot("/");
}

static long call_become_root(const struct target *target) {
    (void)target;
    return syscall(SYS_setuid, 0);
}

static long call_join_network(const struct target *target) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)target->process);
    long file = call_open(path, O_RDONLY);
    return file < 0 ? -1 : setns((int)file, 0);
}

static long call_rename_host(const struct target *target) {
    (void)target;
    return sethostname("evil", 4);
}

static long call_load_module(const struct target *target) {
    (void)target;
    return syscall(SYS_init_module, "x", 1, "");
}

static const struct {
    const char *name;
    long (*run)(const struct target *);
} attempts[] = {
    { "fork", call_fork },
    { "fork-bomb", call_fork_bomb },
    { "share-memory", call_share_memory },
    { "take-memory", call_take_memory },
    { "exec", call_exec },
    { "trace-node", call_trace },
    { "read-node-memory", call_read_memory },
    { "signal-node", call_kill },
    { "connect-loopback", call_connect },
    { "send-datagram", call_send_datagram },
    { "read-passwd", call_read_passwd },
    { "read-passwd-by-process", call_read_passwd_by_process },
    { "read-passwd-upwards", call_read_passwd_upwards },
    { "read-other-tenant", call_read_file },
    { "write-file", call_write_file },
    { "read-node-environment", call_read_environment },
    { "mount", call_mount },
    { "new-root", call_new_root },
    { "become-root", call_become_root },
    { "join-network", call_join_network },
    { "rename-host", call_rename_host },
    { "load-module", call_load_module },
};

static void say(const char *text) {
    if (write(SKERRY_WORKER_SOCKET, text, strlen(text)) < 0) _exit(70);
}

int main(int count, char *arguments[]) {
    skerry_status_page *page = skerry_status_map(SKERRY_WORKER_STATUS);
    if (count < 6 || page == NULL) return 64;
    uint32_t layers = skerry_sandbox_enter(page);
    if (strcmp(arguments[1], "sealed") == 0) {
        if (skerry_sandbox_seal() != 0) return 69;
        layers |= SKERRY_LAYER_SECCOMP;
    }
    char text[64];
    snprintf(text, sizeof text, "%x\n", layers);
    say(text);
    struct target target = { arguments[3], atoi(arguments[4]), atoi(arguments[5]) };
    for (size_t index = 0; index < sizeof attempts / sizeof attempts[0]; index++) {
        if (strcmp(arguments[2], attempts[index].name) != 0) continue;
        long result = attempts[index].run(&target);
        snprintf(text, sizeof text, result >= 0 ? "done\n" : "refused %d\n", errno);
        say(text);
        return 0;
    }
    return 64;
}
