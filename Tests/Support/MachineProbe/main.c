// What runs in the machines of the tests: one way to behave or misbehave for each name.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sched.h>

static void leave(int signal) { _exit(signal == SIGTERM ? 0 : 1); }

static int listen_on(int port) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (void *)&address, sizeof address) != 0 || listen(listener, 64) != 0) {
        printf("cannot listen on %d: %s\n", port, strerror(errno));
        exit(9);
    }
    return listener;
}

/// Answers every request with `status`; the file /tmp/sick makes it 503.
static void serve(int port, int status) {
    int listener = listen_on(port);
    printf("listening on %d\n", port);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        char request[2048], answer[256];
        if (read(client, request, sizeof request) > 0) {
            int now = access("/tmp/sick", F_OK) == 0 ? 503 : status;
            int length = snprintf(
                answer, sizeof answer, "HTTP/1.1 %d X\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n", now);
            if (write(client, answer, (size_t)length) < 0) perror("write");
        }
        close(client);
    }
}

static int try_connect(const char *host, int port) {
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    inet_pton(AF_INET, host, &address.sin_addr);
    int result = connect(connection, (void *)&address, sizeof address), error = errno;
    if (result != 0 && error == EINPROGRESS) {
        struct timeval patience = { 1, 0 };
        fd_set set;
        FD_ZERO(&set);
        FD_SET(connection, &set);
        if (select(connection + 1, NULL, &set, NULL, &patience) == 0) {
            error = ETIMEDOUT;
        } else {
            socklen_t size = sizeof error;
            getsockopt(connection, SOL_SOCKET, SO_ERROR, &error, &size);
        }
    } else if (result == 0) {
        error = 0;
    }
    close(connection);
    return error;
}

static void eat(size_t limit) {
    const size_t step = 1 << 20;
    for (size_t eaten = 0; limit == 0 || eaten < limit; eaten += step) {
        char *part = malloc(step);
        if (part == NULL) _exit(8);
        memset(part, (int)eaten | 1, step);
        // Or the compiler would notice that nobody reads it.
        __asm__ volatile("" : : "r"(part) : "memory");
    }
}

static void fork_forever(void) {
    printf("forking\n");
    fflush(stdout);
    for (;;) {
        if (fork() < 0) usleep(10000);
    }
}

static int fill(const char *path, int stays) {
    int file = open(path, O_WRONLY | O_CREAT, 0600);
    char part[65536];
    memset(part, 'x', sizeof part);
    long total = 0;
    for (;;) {
        ssize_t count = file < 0 ? -1 : write(file, part, sizeof part);
        if (count < 0) {
            printf("after %ld KiB: %s\n", total >> 10, strerror(errno));
            while (stays) pause();
            return 0;
        }
        total += count;
        if (total > (1L << 30)) return 1;
    }
}

/// Each line says what a forbidden thing gave: all must fail.
static int escape(void) {
    printf("mount %d\n", mount("x", "/tmp", "tmpfs", 0, NULL) == 0 ? 0 : errno);
    printf("unshare %d\n", unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
    printf("ptrace %d\n", ptrace(PTRACE_TRACEME, 0, 0, 0) == 0 ? 0 : errno);
    printf("root %d\n", open("/escaped", O_CREAT | O_WRONLY, 0600) >= 0 ? 0 : errno);
    printf("mknod %d\n", mknod("/tmp/disk", S_IFBLK | 0600, 0xFE00) == 0 ? 0 : errno);
    printf("sysctl %d\n", open("/proc/sys/kernel/core_pattern", O_WRONLY) >= 0 ? 0 : errno);
    printf("raw %d\n", socket(AF_INET, SOCK_RAW, 1) >= 0 ? 0 : errno);
    printf("vsock %d\n", socket(AF_VSOCK, SOCK_STREAM, 0) >= 0 ? 0 : errno);
    printf("clone %d\n", syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0) >= 0 ? 0 : errno);
    printf("keyring %d\n", syscall(SYS_add_key, "user", "a", "b", 1, -2) >= 0 ? 0 : errno);
    printf("privileges %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 1 : 0);
    struct rlimit core;
    getrlimit(RLIMIT_CORE, &core);
    printf("core %d\n", core.rlim_max == 0 ? 1 : 0);
    return 0;
}

static volatile sig_atomic_t is_resized, is_interrupted;

static void note(int signal) {
    if (signal == SIGWINCH) is_resized = 1;
    else is_interrupted = 1;
}

static void show_size(void) {
    struct winsize size;
    if (ioctl(0, TIOCGWINSZ, &size) == 0) printf("terminal %dx%d\n", size.ws_col, size.ws_row);
}

/// Says its terminal's size, at first and whenever that changes, what it reads, and that it was interrupted.
static int use_terminal(void) {
    const struct sigaction action = { .sa_handler = note };
    sigset_t none, both;
    sigemptyset(&none);
    sigemptyset(&both);
    sigaddset(&both, SIGWINCH);
    sigaddset(&both, SIGINT);
    sigprocmask(SIG_BLOCK, &both, NULL);
    sigaction(SIGWINCH, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    show_size();
    for (;;) {
        struct pollfd input = { .fd = 0, .events = POLLIN };
        const int ready = ppoll(&input, 1, NULL, &none);
        if (is_interrupted) {
            printf("interrupted\n");
            return 5;
        }
        if (is_resized) show_size();
        is_resized = 0;
        char part[4096];
        if (ready <= 0) continue;
        const ssize_t got = read(0, part, sizeof part);
        if (got <= 0) return 6;
        printf("got %.*s", (int)got, part);
        fflush(stdout);
    }
}

int main(int count, char **words) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    const char *mode = count > 1 ? words[1] : "sleep";
    int number = count > 2 ? atoi(words[2]) : 0;
    signal(SIGTERM, leave);
    if (strcmp(mode, "exit") == 0) {
        printf("leaving with %d\n", number);
        return number;
    }
    if (strcmp(mode, "serve") == 0) serve(number, count > 3 ? atoi(words[3]) : 200);
    if (strcmp(mode, "segfault") == 0) kill(getpid(), SIGSEGV), *(volatile int *)0 = 1;
    if (strcmp(mode, "eat") == 0) eat(0);
    if (strcmp(mode, "eat-in-child") == 0) {
        if (fork() == 0) eat(0);
        wait(NULL);
        serve(8080, 200);
    }
    if (strcmp(mode, "bomb") == 0) fork_forever();
    if (strcmp(mode, "fill") == 0) return fill(words[2], count > 3);
    if (strcmp(mode, "escape") == 0) return escape();
    if (strcmp(mode, "deaf") == 0) signal(SIGTERM, SIG_IGN);
    if (strcmp(mode, "connect") == 0) {
        printf("connect %d\n", try_connect(words[2], atoi(words[3])));
        return 0;
    }
    if (strcmp(mode, "print") == 0) {
        for (int line = 0; line < number; line++) printf("line %d of %d, which is of some length\n", line, number);
        fprintf(stderr, "to stderr");
        return 0;
    }
    if (strcmp(mode, "environment") == 0) {
        extern char **environ;
        for (char **pair = environ; *pair; pair++) puts(*pair);
        char folder[256], name[256] = "";
        gethostname(name, sizeof name);
        printf("%s uid %d gid %d host %s\n", getcwd(folder, sizeof folder), getuid(), getgid(), name);
        return 0;
    }
    if (strcmp(mode, "cat") == 0) {
        char part[4096];
        ssize_t got;
        while ((got = read(0, part, sizeof part)) > 0) {
            fwrite(part, 1, (size_t)got, stdout);
            fflush(stdout);
        }
        return number;
    }
    if (strcmp(mode, "terminal") == 0) return use_terminal();
    if (strcmp(mode, "touch") == 0) {
        int file = open(words[2], O_CREAT | O_WRONLY, 0644);
        if (file < 0) printf("%s: %s\n", words[2], strerror(errno));
        return file < 0;
    }
    for (;;) pause();
}
