// A small server with a memory: notes and a counter, kept in a folder (a volume).
//
//   GET  /                 the page in /www/index.html, or a text
//   GET  /count            how often POST /count was called, ever; POST adds one
//   GET  /notes            names of all notes, one a line
//   GET  /notes/NAME       a note; PUT writes it, DELETE removes it
//   GET  /health           "ok" when the folder can be written
//   GET  /whoami           the machine's name and how long it runs
//   GET  /ws               a WebSocket that sends back what it gets (RFC 6455)
//
// One thread, poll(2), HTTP/1.1 with keep-alive. Environment: PORT (8080), DATA (/data), START_MS (waits before it
// listens). It ends on SIGTERM when the answers that are under way are sent.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_CONNECTIONS = 512,
    /// A request with its body, or a WebSocket frame.
    MAX_REQUEST = 256 << 10,
    MAX_NAME = 64,
    MAX_NOTES = 10000,
    IDLE_SECONDS = 75,
};

struct connection {
    int socket;
    int is_web_socket, closes;
    time_t last;
    char *in, *out;
    size_t in_length, out_length, out_sent, out_room;
};

struct request {
    char *method, *path, *body;
    size_t body_length;
    const char *upgrade, *key;
    int keeps_open, expects;
};

static struct connection connections[MAX_CONNECTIONS];
static int folder = -1;
static unsigned long long count;
static struct timespec started;
static volatile sig_atomic_t is_ending;

static void end(int signal) {
    (void)signal;
    is_ending = 1;
}

// MARK: Output

static int append(struct connection *c, const void *bytes, size_t length) {
    if (c->out_length + length > c->out_room) {
        size_t room = (c->out_length + length) * 2;
        char *bigger = realloc(c->out, room);
        if (bigger == NULL) return -1;
        c->out = bigger;
        c->out_room = room;
    }
    memcpy(c->out + c->out_length, bytes, length);
    c->out_length += length;
    return 0;
}

static void answer(struct connection *c, int status, const char *type, const void *body, size_t length) {
    const char *reason = status == 200   ? "OK"
                         : status == 201 ? "Created"
                         : status == 204 ? "No Content"
                         : status == 400 ? "Bad Request"
                         : status == 404 ? "Not Found"
                         : status == 405 ? "Method Not Allowed"
                         : status == 413 ? "Content Too Large"
                         : status == 507 ? "Insufficient Storage"
                                         : "Internal Server Error";
    char head[256];
    int head_length = snprintf(
        head, sizeof head, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n", status, reason, type,
        length, c->closes ? "Connection: close\r\n" : "");
    if (append(c, head, (size_t)head_length) != 0 || append(c, body, length) != 0) c->closes = 1;
}

static void say(struct connection *c, int status, const char *format, ...) {
    char text[512];
    va_list words;
    va_start(words, format);
    int length = vsnprintf(text, sizeof text, format, words);
    va_end(words);
    answer(c, status, "text/plain", text, (size_t)length);
}

// MARK: The store

/// Writes a file so that after a crash either the old or the new text is there.
static int store(const char *name, const void *bytes, size_t length) {
    int file = openat(folder, ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return -1;
    int failed = write(file, bytes, length) != (ssize_t)length || fsync(file) != 0;
    int error = errno;
    close(file);
    if (!failed && renameat(folder, ".new", folder, name) == 0) return 0;
    if (failed) errno = error;
    return -1;
}

static char *load(const char *name, size_t *length) {
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return NULL;
    char *bytes = malloc(MAX_REQUEST);
    ssize_t got = bytes == NULL ? -1 : read(file, bytes, MAX_REQUEST);
    close(file);
    if (got < 0) {
        free(bytes);
        return NULL;
    }
    *length = (size_t)got;
    return bytes;
}

static void load_count(void) {
    size_t length;
    char *text = load("count", &length);
    if (text == NULL) return;
    text[length < 31 ? length : 31] = 0;
    count = strtoull(text, NULL, 10);
    free(text);
}

static int is_name(const char *name) {
    size_t length = strlen(name);
    if (length == 0 || length > MAX_NAME) return 0;
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == length;
}

static void list_notes(struct connection *c) {
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy < 0 ? NULL : fdopendir(copy);
    if (listing == NULL) return say(c, 500, "the folder cannot be read: %s\n", strerror(errno));
    char *text = malloc((size_t)MAX_NOTES * (MAX_NAME + 1));
    size_t length = 0;
    int found = 0;
    for (struct dirent *entry; text != NULL && (entry = readdir(listing)) != NULL && found < MAX_NOTES;) {
        if (strncmp(entry->d_name, "note-", 5) != 0 || !is_name(entry->d_name + 5)) continue;
        length += (size_t)sprintf(text + length, "%s\n", entry->d_name + 5);
        found++;
    }
    closedir(listing);
    answer(c, 200, "text/plain", text, length);
    free(text);
}

static void note(struct connection *c, const struct request *request, const char *name) {
    if (!is_name(name)) return say(c, 400, "a note's name is 1 to %d letters, digits, - and _\n", MAX_NAME);
    char file[MAX_NAME + 8];
    snprintf(file, sizeof file, "note-%s", name);
    if (strcmp(request->method, "GET") == 0) {
        size_t length;
        char *text = load(file, &length);
        if (text == NULL) return say(c, 404, "there is no note %s\n", name);
        answer(c, 200, "text/plain", text, length);
        free(text);
    } else if (strcmp(request->method, "PUT") == 0) {
        if (store(file, request->body, request->body_length) != 0) {
            return say(c, errno == ENOSPC ? 507 : 500, "the note is not written: %s\n", strerror(errno));
        }
        say(c, 201, "written\n");
    } else if (strcmp(request->method, "DELETE") == 0) {
        if (unlinkat(folder, file, 0) != 0) return say(c, 404, "there is no note %s\n", name);
        say(c, 200, "removed\n");
    } else {
        say(c, 405, "GET, PUT or DELETE\n");
    }
}

// MARK: WebSocket

static uint32_t rotate(uint32_t value, int bits) { return value << bits | value >> (32 - bits); }

/// SHA-1 (FIPS 180-4) of a text shorter than 119 bytes: the handshake needs it, nothing else does.
static void sha1(const char *text, uint8_t digest[20]) {
    uint8_t block[128] = { 0 };
    size_t length = strlen(text), total = length + 9 <= 64 ? 64 : 128;
    memcpy(block, text, length);
    block[length] = 0x80;
    for (int index = 0; index < 8; index++) block[total - 1 - (size_t)index] = (uint8_t)((uint64_t)length * 8 >> (8 * index));
    uint32_t h[5] = { 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0 };
    for (size_t start = 0; start < total; start += 64) {
        uint32_t w[80];
        for (int index = 0; index < 16; index++) {
            const uint8_t *p = block + start + 4 * index;
            w[index] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        }
        for (int index = 16; index < 80; index++) {
            w[index] = rotate(w[index - 3] ^ w[index - 8] ^ w[index - 14] ^ w[index - 16], 1);
        }
        uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int index = 0; index < 80; index++) {
            uint32_t f = index < 20   ? (b & c) | (~b & d)
                         : index < 40 ? b ^ c ^ d
                         : index < 60 ? (b & c) | (b & d) | (c & d)
                                      : b ^ c ^ d;
            uint32_t k = index < 20 ? 0x5A827999 : index < 40 ? 0x6ED9EBA1 : index < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
            uint32_t next = rotate(a, 5) + f + e + k + w[index];
            e = d, d = c, c = rotate(b, 30), b = a, a = next;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int index = 0; index < 20; index++) digest[index] = (uint8_t)(h[index / 4] >> (24 - 8 * (index % 4)));
}

static void base64(const uint8_t *bytes, size_t length, char *text) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t index = 0; index < length; index += 3) {
        size_t rest = length - index;
        uint32_t group = (uint32_t)bytes[index] << 16 | (rest > 1 ? (uint32_t)bytes[index + 1] << 8 : 0) |
                         (rest > 2 ? bytes[index + 2] : 0);
        *text++ = letters[group >> 18 & 63];
        *text++ = letters[group >> 12 & 63];
        *text++ = rest > 1 ? letters[group >> 6 & 63] : '=';
        *text++ = rest > 2 ? letters[group & 63] : '=';
    }
    *text = 0;
}

static void upgrade(struct connection *c, const struct request *request) {
    if (request->upgrade == NULL || strcasecmp(request->upgrade, "websocket") != 0 || request->key == NULL ||
        strlen(request->key) > 64) {
        return say(c, 400, "a WebSocket is opened here\n");
    }
    char joined[128], accept[32];
    uint8_t digest[20];
    snprintf(joined, sizeof joined, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", request->key);
    sha1(joined, digest);
    base64(digest, sizeof digest, accept);
    char head[256];
    int length = snprintf(
        head, sizeof head,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
    append(c, head, (size_t)length);
    c->is_web_socket = 1;
}

static void send_frame(struct connection *c, uint8_t first, const uint8_t *bytes, uint64_t length) {
    uint8_t head[10] = { first };
    size_t head_length = 2;
    if (length < 126) {
        head[1] = (uint8_t)length;
    } else if (length < 65536) {
        head[1] = 126, head[2] = (uint8_t)(length >> 8), head[3] = (uint8_t)length, head_length = 4;
    } else {
        head[1] = 127, head_length = 10;
        for (int index = 0; index < 8; index++) head[2 + index] = (uint8_t)(length >> (56 - 8 * index));
    }
    append(c, head, head_length);
    append(c, bytes, (size_t)length);
}

/// Takes one frame. Returns the bytes used; 0 when there is no whole frame.
static size_t take_frame(struct connection *c) {
    uint8_t *in = (uint8_t *)c->in;
    if (c->in_length < 2) return 0;
    uint64_t length = in[1] & 127;
    size_t head = 2;
    if (length == 126) {
        head = 4;
        if (c->in_length < head) return 0;
        length = (uint64_t)in[2] << 8 | in[3];
    } else if (length == 127) {
        head = 10;
        if (c->in_length < head) return 0;
        length = 0;
        for (int index = 0; index < 8; index++) length = length << 8 | in[2 + index];
    }
    if (!(in[1] & 128) || length > MAX_REQUEST - 16) {
        c->closes = 1;
        return c->in_length;
    }
    head += 4;
    if (c->in_length < head + length) return 0;
    uint8_t *mask = in + head - 4, *body = in + head;
    for (uint64_t index = 0; index < length; index++) body[index] ^= mask[index & 3];
    uint8_t kind = in[0] & 15;
    if (kind <= 2) send_frame(c, in[0], body, length);
    if (kind == 9) send_frame(c, 0x8A, body, length);
    if (kind == 8) {
        send_frame(c, 0x88, body, length);
        c->closes = 1;
    }
    return head + (size_t)length;
}

// MARK: HTTP

static void page(struct connection *c) {
    int file = open("/www/index.html", O_RDONLY | O_CLOEXEC);
    if (file < 0) return say(c, 200, "notes at /notes, a counter at /count\n");
    char *text = malloc(MAX_REQUEST);
    ssize_t length = text == NULL ? -1 : read(file, text, MAX_REQUEST);
    close(file);
    if (length >= 0) answer(c, 200, "text/html; charset=utf-8", text, (size_t)length);
    else say(c, 500, "the page cannot be read\n");
    free(text);
}

static void respond(struct connection *c, const struct request *request) {
    const char *path = request->path;
    if (strcmp(path, "/") == 0) return page(c);
    if (strcmp(path, "/health") == 0) {
        if (faccessat(folder, ".", W_OK, 0) != 0) return say(c, 500, "the folder: %s\n", strerror(errno));
        return say(c, 200, "ok\n");
    }
    if (strcmp(path, "/whoami") == 0) {
        char name[256] = "";
        struct timespec now;
        gethostname(name, sizeof name - 1);
        clock_gettime(CLOCK_MONOTONIC, &now);
        return say(c, 200, "%s %lld s\n", name, (long long)(now.tv_sec - started.tv_sec));
    }
    if (strcmp(path, "/count") == 0) {
        if (strcmp(request->method, "POST") == 0) {
            char text[32];
            int length = snprintf(text, sizeof text, "%llu\n", count + 1);
            if (store("count", text, (size_t)length) != 0) {
                return say(c, errno == ENOSPC ? 507 : 500, "not counted: %s\n", strerror(errno));
            }
            count++;
        }
        return say(c, 200, "%llu\n", count);
    }
    if (strcmp(path, "/notes") == 0) return list_notes(c);
    if (strncmp(path, "/notes/", 7) == 0) return note(c, request, path + 7);
    if (strcmp(path, "/ws") == 0) return upgrade(c, request);
    say(c, 404, "there is nothing at %s\n", strlen(path) > 200 ? "this path" : path);
}

static int read_header(struct request *request, char *name, char *value, int *is_bad) {
    if (strcasecmp(name, "content-length") == 0) {
        char *rest;
        if (*value < '0' || *value > '9') return *is_bad = 1;
        unsigned long long length = strtoull(value, &rest, 10);
        if (*rest != 0 || length > MAX_REQUEST) return *is_bad = 1;
        request->body_length = (size_t)length;
    } else if (strcasecmp(name, "transfer-encoding") == 0) {
        return *is_bad = 1;
    } else if (strcasecmp(name, "connection") == 0) {
        if (strcasestr(value, "close") != NULL) request->keeps_open = 0;
    } else if (strcasecmp(name, "upgrade") == 0) {
        request->upgrade = value;
    } else if (strcasecmp(name, "sec-websocket-key") == 0) {
        request->key = value;
    } else if (strcasecmp(name, "expect") == 0) {
        request->expects = 1;
    }
    return 0;
}

/// Takes one request. Returns the bytes used; 0 when there is no whole request yet.
static size_t take_request(struct connection *c) {
    char *end = memmem(c->in, c->in_length, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    size_t head = (size_t)(end - c->in) + 4;
    // A copy, so that it can be cut up before the body is there.
    char *text = strndup(c->in, head - 2);
    struct request request = { .keeps_open = 1 };
    int is_bad = text == NULL || strlen(text) != head - 2;
    char *next = NULL, *line = is_bad ? NULL : strtok_r(text, "\r\n", &next), *words = NULL;
    request.method = line ? strtok_r(line, " ", &words) : NULL;
    request.path = line ? strtok_r(NULL, " ", &words) : NULL;
    char *version = line ? strtok_r(NULL, " ", &words) : NULL;
    is_bad |= version == NULL || strncmp(version, "HTTP/1.", 7) != 0;
    if (!is_bad && strcmp(version, "HTTP/1.0") == 0) request.keeps_open = 0;
    while (!is_bad && (line = strtok_r(NULL, "\r\n", &next)) != NULL) {
        char *colon = strchr(line, ':');
        if (colon == NULL) {
            is_bad = 1;
            break;
        }
        *colon++ = 0;
        while (*colon == ' ' || *colon == '\t') colon++;
        read_header(&request, line, colon, &is_bad);
    }
    size_t used = head + request.body_length;
    if (is_bad || used > MAX_REQUEST) {
        c->closes = 1;
        say(c, is_bad ? 400 : 413, is_bad ? "that is no request\n" : "at most %d bytes\n", MAX_REQUEST);
        used = c->in_length;
    } else if (c->in_length < used) {
        if (request.expects && c->in_length == head) append(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        used = 0;
    } else {
        request.body = c->in + head;
        char *query = strchr(request.path, '?');
        if (query != NULL) *query = 0;
        c->closes = !request.keeps_open || is_ending;
        respond(c, &request);
    }
    free(text);
    return used;
}

// MARK: Connections

static void finish(struct connection *c) {
    close(c->socket);
    free(c->in);
    free(c->out);
    *c = (struct connection){ .socket = -1 };
}

static int flush_out(struct connection *c) {
    while (c->out_sent < c->out_length) {
        ssize_t sent = send(c->socket, c->out + c->out_sent, c->out_length - c->out_sent, MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
        c->out_sent += (size_t)sent;
    }
    c->out_sent = c->out_length = 0;
    return c->closes ? -1 : 0;
}

static int receive(struct connection *c) {
    ssize_t got = recv(c->socket, c->in + c->in_length, MAX_REQUEST - c->in_length, 0);
    if (got == 0) return -1;
    if (got < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    c->in_length += (size_t)got;
    c->last = time(NULL);
    size_t used;
    do {
        used = c->closes ? 0 : c->is_web_socket ? take_frame(c) : take_request(c);
        c->in_length -= used;
        memmove(c->in, c->in + used, c->in_length);
    } while (used > 0 && c->in_length > 0);
    if (c->in_length == MAX_REQUEST && !c->closes) {
        c->closes = 1;
        say(c, 413, "at most %d bytes\n", MAX_REQUEST);
    }
    return flush_out(c);
}

static void take_connection(int listener) {
    int socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    if (socket < 0) return;
    for (int index = 0; index < MAX_CONNECTIONS; index++) {
        if (connections[index].socket >= 0) continue;
        char *in = malloc(MAX_REQUEST);
        if (in == NULL) break;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections[index] = (struct connection){ .socket = socket, .in = in, .last = time(NULL) };
        return;
    }
    close(socket);
}

static int has_answers_under_way(void) {
    for (int index = 0; index < MAX_CONNECTIONS; index++) {
        if (connections[index].socket >= 0 && connections[index].out_length > 0) return 1;
    }
    return 0;
}

static void serve(int listener) {
    static struct pollfd polled[MAX_CONNECTIONS + 1];
    while (!is_ending || has_answers_under_way()) {
        polled[0] = (struct pollfd){ .fd = is_ending ? -1 : listener, .events = POLLIN };
        for (int index = 0; index < MAX_CONNECTIONS; index++) {
            struct connection *c = &connections[index];
            short events = c->out_length > 0 ? POLLOUT : POLLIN;
            polled[index + 1] = (struct pollfd){ .fd = c->socket, .events = events };
        }
        if (poll(polled, MAX_CONNECTIONS + 1, 1000) < 0) continue;
        time_t now = time(NULL);
        for (int index = 0; index < MAX_CONNECTIONS; index++) {
            struct connection *c = &connections[index];
            if (c->socket < 0) continue;
            int result = 0;
            if (polled[index + 1].revents & POLLOUT) result = flush_out(c);
            else if (polled[index + 1].revents != 0) result = receive(c);
            if (result < 0 || (!c->is_web_socket && now - c->last > IDLE_SECONDS)) finish(c);
        }
        if (polled[0].revents != 0) take_connection(listener);
    }
}

int main(void) {
    const char *port = getenv("PORT"), *data = getenv("DATA"), *wait = getenv("START_MS");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, end);
    signal(SIGINT, end);
    setvbuf(stdout, NULL, _IOLBF, 0);
    clock_gettime(CLOCK_MONOTONIC, &started);
    if (wait != NULL) usleep((useconds_t)atoi(wait) * 1000);
    if (data == NULL) data = "/data";
    folder = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        fprintf(stderr, "the folder %s cannot be opened: %s\n", data, strerror(errno));
        return 1;
    }
    load_count();
    for (int index = 0; index < MAX_CONNECTIONS; index++) connections[index].socket = -1;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    int number = port ? atoi(port) : 8080;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)number) };
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 512) != 0) {
        fprintf(stderr, "port %d cannot be taken: %s\n", number, strerror(errno));
        return 1;
    }
    printf("notes: listening on %d, counter at %llu\n", number, count);
    serve(listener);
    printf("notes: ended\n");
    return 0;
}
