// The server that machines' integration tests run: answers HTTP on a port, says which one it is, and writes a line every
// 20 ms so that its life shows in its log. FAIL=1: its health check never passes.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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
    const int is_sick = strncmp(request, "GET /healthz ", 13) == 0 && strcmp(text("FAIL"), "1") == 0;
    int size = snprintf(body, sizeof body, "version=%s slot=%s secret=%s\n", text("VERSION"), text("SKERRY_SLOT"), text("TOKEN"));
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
