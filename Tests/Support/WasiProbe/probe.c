// The program of WasiTests: each path tries one thing. WasiProbe.swift holds it compiled, and says how.
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define WASI(result, name) \
    __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) result name
WASI(u32, args_sizes_get)(u32 *count, u32 *size);
WASI(u32, args_get)(u8 **list, u8 *bytes);
WASI(u32, environ_sizes_get)(u32 *count, u32 *size);
WASI(u32, environ_get)(u8 **list, u8 *bytes);
WASI(u32, clock_time_get)(u32 clock, u64 precision, u64 *time);
WASI(u32, random_get)(void *bytes, u32 length);
WASI(u32, fd_read)(u32 fd, const void *list, u32 count, u32 *done);
WASI(u32, fd_pread)(u32 fd, const void *list, u32 count, u64 offset, u32 *done);
WASI(u32, fd_write)(u32 fd, const void *list, u32 count, u32 *done);
WASI(u32, fd_seek)(u32 fd, long long delta, u32 whence, u64 *offset);
WASI(u32, fd_tell)(u32 fd, u64 *offset);
WASI(u32, fd_close)(u32 fd);
WASI(u32, fd_readdir)(u32 fd, void *buffer, u32 length, u64 cookie, u32 *done);
WASI(u32, fd_filestat_get)(u32 fd, void *status);
WASI(u32, fd_fdstat_get)(u32 fd, void *status);
WASI(u32, fd_prestat_get)(u32 fd, void *status);
WASI(u32, fd_filestat_set_size)(u32 fd, u64 size);
WASI(u32, path_open)(u32 fd, u32 follow, const char *path, u32 length, u32 options, u64 rights, u64 more, u32 flags, u32 *result);
WASI(u32, path_filestat_get)(u32 fd, u32 follow, const char *path, u32 length, void *status);
WASI(u32, path_create_directory)(u32 fd, const char *path, u32 length);
WASI(u32, path_unlink_file)(u32 fd, const char *path, u32 length);
WASI(u32, path_rename)(u32 fd, const char *path, u32 length, u32 to, const char *name, u32 size);
WASI(u32, poll_oneoff)(const void *subscriptions, void *events, u32 count, u32 *done);
WASI(u32, sock_shutdown)(u32 fd, u32 how);
WASI(_Noreturn void, proc_exit)(u32 code);

static u8 heap[1 << 16], entries[4096];
static u8 *list[256];
static u32 requests;

__attribute__((noinline)) static u32 length(const char *text) {
    u32 count = 0;
    while (text[count]) count += 1;
    return count;
}
__attribute__((noinline)) static int equal(const char *a, const char *b) {
    while (*a && *a == *b) a += 1, b += 1;
    return *a == *b;
}
__attribute__((noinline)) static void write(u32 fd, const void *bytes, u32 count) {
    struct { const void *at; u32 count; } part = { bytes, count };
    u32 done;
    fd_write(fd, &part, 1, &done);
}
__attribute__((noinline)) static void print(const char *text) { write(1, text, length(text)); }
__attribute__((noinline)) static void printNumber(u64 value) {
    char digits[24];
    u32 at = sizeof digits;
    digits[--at] = ' ';
    do digits[--at] = '0' + value % 10; while (value /= 10);
    write(1, digits + at, sizeof digits - at);
}
static void answer(void) { print("Content-Type: text/plain\n\n"); }
__attribute__((noinline)) static const char *variable(const char *name) {
    u32 count, size;
    environ_sizes_get(&count, &size);
    environ_get(list, heap);
    for (u32 index = 0; index < count; index += 1) {
        const char *entry = (const char *)list[index];
        u32 at = 0;
        while (name[at] && name[at] == entry[at]) at += 1;
        if (!name[at] && entry[at] == '=') return entry + at + 1;
    }
    return "";
}
__attribute__((noinline)) static u32 openFile(const char *path, u32 options, u64 rights, u32 *fd) {
    return path_open(3, 0, path, length(path), options, rights, 0, 0, fd);
}

static void file(void) {
    const char *path = variable("QUERY_STRING");
    static u8 bytes[1 << 16];
    struct { void *at; u32 count; } part = { bytes, 4 };
    u32 fd, done;
    u64 offset, status[8];
    answer();
    u32 error = openFile(path, 0, 2, &fd);
    if (error) { printNumber(error); return; }
    fd_read(fd, &part, 1, &done);
    write(1, bytes, done);
    print("|");
    fd_seek(fd, -2, 1, &offset);
    fd_read(fd, &part, 1, &done);
    write(1, bytes, done);
    print("|");
    fd_pread(fd, &part, 1, 1, &done);
    write(1, bytes, done);
    print("|");
    fd_tell(fd, &offset);
    printNumber(offset);
    fd_filestat_get(fd, status);
    printNumber(status[4]);
    path_filestat_get(3, 0, path, length(path), status);
    printNumber(((u8 *)status)[16]);
    printNumber(fd_seek(fd, -1, 0, &offset));
    printNumber(fd_close(fd));
    printNumber(fd_close(fd));
}

static void names(void) {
    u32 done, at = 0;
    answer();
    printNumber(fd_readdir(3, entries, sizeof entries, 0, &done));
    while (at + 24 <= done) {
        u32 count = *(u32 *)(entries + at + 16);
        write(1, entries + at + 24, count);
        print(entries[at + 20] == 3 ? "/ " : " ");
        at += 24 + count;
    }
    // An entry that is cut off fills the buffer.
    fd_readdir(3, entries, 30, 2, &done);
    printNumber(done);
}

static void changes(void) {
    u32 fd, done;
    answer();
    printNumber(openFile("new", 1, 2, &fd));
    printNumber(openFile("words.txt", 8, 2, &fd));
    printNumber(openFile("words.txt", 0, 1 << 6, &fd));
    printNumber(openFile("words.txt", 1 | 4, 2, &fd));
    printNumber(openFile("words.txt", 2, 2, &fd));
    printNumber(openFile("../words.txt", 0, 2, &fd));
    printNumber(openFile("/words.txt", 0, 2, &fd));
    printNumber(openFile("sub/../../words.txt", 0, 2, &fd));
    printNumber(openFile("words.txt/", 0, 2, &fd));
    printNumber(path_create_directory(3, "d", 1));
    printNumber(path_unlink_file(3, "words.txt", 9));
    printNumber(path_rename(3, "words.txt", 9, 3, "x", 1));
    printNumber(openFile("words.txt", 0, 2, &fd));
    struct { const void *at; u32 count; } part = { "x", 1 };
    printNumber(fd_write(fd, &part, 1, &done));
    printNumber(fd_filestat_set_size(fd, 0));
    printNumber(fd_write(77, &part, 1, &done));
    printNumber(sock_shutdown(1, 1));
}

static void pointers(void) {
    void *const end = (void *)0xFFFFFFF0u;
    const void *outside[2] = { end, (void *)64 }, *huge[2] = { 0, (void *)0xFFFFFFFFu };
    u32 done = 0, fd;
    answer();
    printNumber(args_get(end, heap));
    printNumber(args_sizes_get(end, &done));
    printNumber(environ_get(list, end));
    printNumber(clock_time_get(0, 0, end));
    printNumber(random_get(end, 64));
    printNumber(random_get(heap, 0xFFFFFFFFu));
    printNumber(fd_write(1, outside, 1, &done));
    printNumber(fd_write(1, huge, 1, &done));
    printNumber(fd_write(1, end, 1, &done));
    printNumber(fd_write(1, heap, 0x20000000, &done));
    printNumber(fd_read(0, outside, 1, &done));
    printNumber(fd_readdir(3, end, 64, 0, &done));
    printNumber(fd_fdstat_get(1, end));
    printNumber(fd_prestat_get(3, end));
    printNumber(path_open(3, 0, end, 64, 0, 0, 0, 0, &fd));
    printNumber(path_open(3, 0, "words.txt", 9, 0, 0, 0, 0, end));
    printNumber(path_filestat_get(3, 0, "words.txt", 9, end));
    printNumber(poll_oneoff(end, heap, 1, &done));
    printNumber(poll_oneoff(heap, end, 1, &done));
}

static void clocks(void) {
    u64 wall, first, second, subscription[6] = { 7, 0, 1, 2000000000, 0, 0 }, event[4];
    u32 done;
    answer();
    clock_time_get(0, 0, &wall);
    clock_time_get(1, 0, &first);
    printNumber(poll_oneoff(subscription, event, 1, &done));
    clock_time_get(1, 0, &second);
    printNumber(done);
    printNumber(event[0]);
    printNumber(second - first >= 2000000000);
    printNumber(second - first < 60000000000);
    printNumber(wall > 1700000000000000000);
    subscription[3] = 61000000000;
    printNumber(poll_oneoff(subscription, event, 1, &done));
    printNumber(clock_time_get(2, 0, &first));
}

static void randoms(void) {
    u64 first = 0, second = 0;
    answer();
    random_get(&first, 8);
    random_get(&second, 8);
    printNumber(first != second && first != 0);
    printNumber(random_get(heap, sizeof heap));
}

static void grow(void) {
    u8 *memory = (u8 *)(__builtin_wasm_memory_grow(0, 16) << 16);
    answer();
    memory[1 << 19] = 'g';
    write(1, memory + (1 << 19), 1);
}

static void echo(void) {
    struct { void *at; u32 count; } part = { heap, sizeof heap };
    u32 done;
    print("Content-Type: ");
    print(variable("CONTENT_TYPE"));
    print("\r\nX-Length: ");
    print(variable("CONTENT_LENGTH"));
    print("\r\n\r\n");
    for (;;) {
        fd_read(0, &part, 1, &done);
        if (!done) return;
        write(1, heap, done);
    }
}

static void wait(u64 milliseconds) {
    u64 start, now;
    clock_time_get(1, 0, &start);
    do clock_time_get(1, 0, &now); while (now - start < milliseconds * 1000000);
}

static void endless(void) {
    answer();
    print("first ");
    wait(30);
    print("second");
    for (volatile u32 turn = 0;; turn += 1);
}

static void texts(int environment) {
    u32 count, size;
    answer();
    if (environment) environ_sizes_get(&count, &size), environ_get(list, heap);
    else args_sizes_get(&count, &size), args_get(list, heap);
    for (u32 index = 0; index < count; index += 1) print((const char *)list[index]), print("\n");
}

static u32 deep(volatile u32 depth) { return depth ? deep(depth + 1) + deep(depth + 2) : 0; }

void _start(void) {
    u32 count, size;
    args_sizes_get(&count, &size);
    args_get(list, heap);
    char path[64];
    u32 end = 0;
    while (list[1][end] && end < 63) path[end] = list[1][end], end += 1;
    path[end] = 0;
    requests += 1;
    if (equal(path, "/hello")) answer(), print("hello\n");
    else if (equal(path, "/echo")) echo();
    else if (equal(path, "/env")) texts(1);
    else if (equal(path, "/args")) texts(0);
    else if (equal(path, "/file")) file();
    else if (equal(path, "/names")) names();
    else if (equal(path, "/changes")) changes();
    else if (equal(path, "/pointers")) pointers();
    else if (equal(path, "/clocks")) clocks();
    else if (equal(path, "/randoms")) randoms();
    else if (equal(path, "/grow")) grow();
    else if (equal(path, "/fresh")) answer(), printNumber(requests);
    else if (equal(path, "/status")) print("Status: 404 Not Found\r\nX-A: b\r\nX-A: c\r\n\r\nnothing");
    else if (equal(path, "/redirect")) print("Location: /hello\n\n");
    else if (equal(path, "/bare")) print("no header line\n\n");
    else if (equal(path, "/untyped")) print("X-A: b\n\nbody");
    else if (equal(path, "/headless")) print("Content-Type: text/plain\n");
    else if (equal(path, "/exit")) write(2, "going\ndown", 10), proc_exit(3);
    else if (equal(path, "/late")) answer(), print("done"), proc_exit(4);
    else if (equal(path, "/zero")) answer(), print("zero"), proc_exit(0);
    else if (equal(path, "/trap")) answer(), __builtin_trap();
    else if (equal(path, "/deep")) printNumber(deep(1));
    else if (equal(path, "/spin")) for (volatile u32 turn = 0;; turn += 1);
    else if (equal(path, "/endless")) endless();
    else if (equal(path, "/long")) for (answer(), count = 0; count < 32; count += 1) write(1, heap, sizeof heap);
    else if (equal(path, "/broken")) answer(), print("first "), wait(30), print("second"), __builtin_trap();
    else if (equal(path, "/large")) for (answer(), count = 0; count < 13 << 4; count += 1) write(1, heap, sizeof heap);
    else if (equal(path, "/noise")) for (answer(), count = 0; count < 3000; count += 1) write(2, "line\n", 5);
}
