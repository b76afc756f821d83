// The server that machines' integration tests run: answers HTTP on a port, says which one it is, and writes a line every
// 20 ms so that its life shows in its log. FAIL=1: its health check never passes. SLOW_MS: how long every other answer takes.
// GET /ask/HOST/PATH asks the node's gateway for /PATH of HOST, and answers with the body of that. `hello` and `echo` are
// commands: `echo` says what it reads, and its terminal's size.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t ends;

static void on_end(int number) {
    (void)number;
    ends = 1;
}

static long long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *text(const char *name) {
    const char *value = getenv(name);
    return value == NULL ? "" : value;
}

/// Asks the node's gateway; the length of what it answered behind the head, 0 for nothing.
static size_t ask(const char *host, const char *path, char *into, size_t room) {
    char address[64], request[512], *colon;
    struct sockaddr_in place = { .sin_family = AF_INET };
    if (sscanf(text("SKERRY_GATEWAY"), "http://%63[0-9.:]", address) != 1) return 0;
    if ((colon = strchr(address, ':')) == NULL) return 0;
    *colon = 0;
    place.sin_port = htons((unsigned short)atoi(colon + 1));
    if (inet_pton(AF_INET, address, &place.sin_addr) != 1) return 0;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval patience = { .tv_sec = 10 };
    setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int size = snprintf(
        request, sizeof request, "GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, host);
    size_t length = 0;
    if (connect(server, (struct sockaddr *)&place, sizeof place) == 0 && write(server, request, (size_t)size) == size) {
        ssize_t count;
        while (length < room - 1 && (count = read(server, into + length, room - 1 - length)) > 0) length += (size_t)count;
    }
    close(server);
    into[length] = 0;
    char *body = strstr(into, "\r\n\r\n");
    if (body == NULL) return 0;
    length -= (size_t)(body + 4 - into);
    memmove(into, body + 4, length);
    return length;
}

static void answer(int client) {
    char request[4096], body[256], head[512];
    size_t length = 0;
    while (length < sizeof request - 1) {
        ssize_t count = read(client, request + length, sizeof request - 1 - length);
        if (count <= 0) break;
        length += (size_t)count;
        request[length] = 0;
        if (strstr(request, "\r\n\r\n") != NULL) break;
    }
    request[length] = 0;
    if (length == 0) return;
    const int is_check = strncmp(request, "GET /healthz ", 13) == 0;
    const int is_sick = is_check && strcmp(text("FAIL"), "1") == 0;
    if (!is_check) usleep((useconds_t)atoi(text("SLOW_MS")) * 1000);
    char host[128], path[128], answered[4096];
    if (sscanf(request, "GET /ask/%127[^/ ]/%127[^ ]", host, path) == 2) {
        size_t length = ask(host, path, answered, sizeof answered);
        int bytes = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", length);
        if (write(client, head, (size_t)bytes) < 0 || write(client, answered, length) < 0) return;
        return;
    }
    int size = snprintf(
        body, sizeof body, "version=%s slot=%s secret=%s preview=%s\n", text("VERSION"), text("SKERRY_SLOT"),
        text("TOKEN"), text("SKERRY_PREVIEW"));
    int bytes = snprintf(
        head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
        is_sick ? "503 Service Unavailable" : "200 OK", size);
    if (write(client, head, (size_t)bytes) < 0 || write(client, body, (size_t)size) < 0) return;
}

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "hello") == 0) {
        printf("hello from slot %s\n", text("SKERRY_SLOT"));
        return count > 2 ? atoi(arguments[2]) : 0;
    }
    if (count > 1 && strcmp(arguments[1], "echo") == 0) {
        char part[4096];
        setvbuf(stdout, NULL, _IONBF, 0);
        for (ssize_t got = 0; got >= 0; got = read(0, part, sizeof part) ?: -1) {
            struct winsize size;
            if (ioctl(0, TIOCGWINSZ, &size) == 0) printf("terminal %dx%d\n", size.ws_col, size.ws_row);
            if (got > 0) printf("heard %.*s", (int)got, part);
        }
        return 4;
    }
    signal(SIGTERM, on_end);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    int server = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(8080), .sin_addr.s_addr = INADDR_ANY };
    if (bind(server, (struct sockaddr *)&address, sizeof address) != 0 || listen(server, 512) != 0) {
        perror("listen");
        return 1;
    }
    printf("version %s listens in slot %s\n", text("VERSION"), text("SKERRY_SLOT"));
    while (!ends) {
        struct pollfd polled = { .fd = server, .events = POLLIN };
        if (poll(&polled, 1, 20) > 0) {
            int client = accept(server, NULL, NULL);
            if (client < 0) continue;
            answer(client);
            close(client);
        } else {
            printf("alive %lld\n", now_ms());
        }
    }
    printf("ends\n");
    return 0;
}
