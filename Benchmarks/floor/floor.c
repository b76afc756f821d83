// What no server on this machine can beat by much: answers made beforehand, in memory, one thread a core, a system call to
// read a request and one to answer it. Nothing is routed, checked, counted, logged or limited, so it is no server for
// anybody: it tells how much of a figure is the kernel's and the load generator's.
//
// floor FILE…: prints its port and answers GET /NAME with the content of the file of that name, for ever.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { request_bytes = 4096, most_events = 64, most_threads = 64 };

struct answer {
    const char *name;
    char head[128];
    size_t head_bytes, body_bytes;
    char *body;
};

// A client asks for one thing at a time, in one packet.
struct connection {
    int socket;
    const struct answer *answer;
    size_t sent;
};

static struct answer *answers;
static int answer_count;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void load(const char *path, struct answer *answer) {
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0) fail(path);
    answer->body_bytes = (size_t)status.st_size;
    answer->body = malloc(answer->body_bytes + 1);
    if (answer->body == NULL || fread(answer->body, 1, answer->body_bytes, file) != answer->body_bytes) fail(path);
    fclose(file);
    const char *slash = strrchr(path, '/');
    answer->name = slash == NULL ? path : slash + 1;
    answer->head_bytes = (size_t)snprintf(
        answer->head, sizeof answer->head,
        "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: %zu\r\n\r\n", answer->body_bytes);
}

// The answer to "GET /NAME HTTP/1.1"; NULL for anything else.
static const struct answer *find(const char *request, size_t count) {
    for (int index = 0; index < answer_count; index++) {
        size_t length = strlen(answers[index].name);
        if (count > 5 + length && memcmp(request, "GET /", 5) == 0 &&
            memcmp(request + 5, answers[index].name, length) == 0 && request[5 + length] == ' ')
            return &answers[index];
    }
    return NULL;
}

// Sends what the socket takes: 1 when that was all, 0 when there is more, -1 when the client is gone.
static int answer(struct connection *client) {
    const struct answer *what = client->answer;
    while (client->sent < what->head_bytes + what->body_bytes) {
        size_t head = client->sent < what->head_bytes ? client->sent : what->head_bytes;
        struct iovec parts[2] = {
            {(char *)what->head + head, what->head_bytes - head},
            {what->body + (client->sent - head), what->body_bytes - (client->sent - head)}};
        ssize_t count = writev(client->socket, parts, 2);
        if (count < 0) return errno == EAGAIN ? 0 : -1;
        client->sent += (size_t)count;
    }
    client->answer = NULL;
    client->sent = 0;
    return 1;
}

static void *serve(void *argument) {
    int set = *(int *)argument;
    struct epoll_event events[most_events];
    char request[request_bytes];
    while (1) {
        int count = epoll_wait(set, events, most_events, -1);
        for (int index = 0; index < count; index++) {
            struct connection *client = events[index].data.ptr;
            int was_waiting = client->answer != NULL, state = -1;
            if (!was_waiting) {
                ssize_t bytes = recv(client->socket, request, sizeof request, 0);
                if (bytes < 0 && errno == EAGAIN) continue;
                client->answer = bytes > 0 ? find(request, (size_t)bytes) : NULL;
            }
            if (client->answer != NULL) state = answer(client);
            if (state < 0) {
                close(client->socket);
                free(client);
            } else if (was_waiting != (state == 0)) {
                struct epoll_event event = {.events = state == 0 ? EPOLLOUT : EPOLLIN, .data.ptr = client};
                epoll_ctl(set, EPOLL_CTL_MOD, client->socket, &event);
            }
        }
    }
    return NULL;
}

int main(int count, char **arguments) {
    static int sets[most_threads];
    answer_count = count - 1;
    answers = calloc((size_t)count, sizeof *answers);
    if (answer_count < 1 || answers == NULL) {
        fprintf(stderr, "usage: floor FILE…\n");
        return 64;
    }
    for (int index = 0; index < answer_count; index++) load(arguments[1 + index], &answers[index]);
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1024) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        fail("listen");
    long threads = sysconf(_SC_NPROCESSORS_ONLN);
    if (threads > most_threads) threads = most_threads;
    for (long index = 0; index < threads; index++) {
        pthread_t thread;
        sets[index] = epoll_create1(EPOLL_CLOEXEC);
        if (sets[index] < 0 || pthread_create(&thread, NULL, serve, &sets[index]) != 0) fail("thread");
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (long turn = 0;; turn++) {
        int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0) continue;
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct connection *client = calloc(1, sizeof *client);
        if (client == NULL) fail("connection");
        client->socket = accepted;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        epoll_ctl(sets[turn % threads], EPOLL_CTL_ADD, accepted, &event);
    }
}
