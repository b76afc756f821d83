#define _GNU_SOURCE
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static void open_file(struct log *log) {
    log->file = openat(log->folder, "log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat status;
    log->size = log->file >= 0 && fstat(log->file, &status) == 0 ? (uint64_t)status.st_size : 0;
}

void log_open(struct log *log, const char *folder, uint64_t limit, int files) {
    log->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    log->limit = limit;
    log->files = files;
    log->lost = 0;
    open_file(log);
}

/// `log` becomes `log.1`, and so on; the oldest goes.
static void rotate(struct log *log) {
    char from[24], to[24];
    for (int number = log->files - 1; number > 0; number--) {
        snprintf(to, sizeof to, "log.%d", number);
        if (number == 1) {
            strcpy(from, "log");
        } else {
            snprintf(from, sizeof from, "log.%d", number - 1);
        }
        renameat(log->folder, from, log->folder, to);
    }
    if (log->files <= 1) unlinkat(log->folder, "log", 0);
    if (log->file >= 0) close(log->file);
    open_file(log);
}

/// A line is "nanoseconds stream F|P text": F when it ends here, P when it goes on in the next one.
static void write_line(struct log *log, const char *stream, char kind, const char *text, size_t length) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    char head[64];
    int head_length = snprintf(
        head, sizeof head, "%lld%09ld %s %c ", (long long)now.tv_sec, now.tv_nsec, stream, kind);
    size_t whole = (size_t)head_length + length + 1;
    // Without a file there is nothing to rotate: on a full disk each line would push an old file out.
    if (log->file < 0) open_file(log);
    else if (log->size + whole > log->limit) rotate(log);
    struct iovec parts[3] = {
        { head, (size_t)head_length }, { (void *)text, length }, { "\n", 1 },
    };
    ssize_t written = log->file < 0 ? -1 : writev(log->file, parts, 3);
    if (written > 0) log->size += (uint64_t)written;
    if (written < 0 || (size_t)written < whole) log->lost += length;
}

static void write_text(struct log *log, const char *stream, char kind, const char *text, size_t length) {
    if (log->lost > 0) {
        char note[96];
        int count = snprintf(
            note, sizeof note, "skerry: %llu bytes of output are missing: the disk was full",
            (unsigned long long)log->lost);
        uint64_t before = log->lost;
        log->lost = 0;
        write_line(log, "stderr", 'F', note, (size_t)count);
        if (log->lost > 0) log->lost = before;
    }
    write_line(log, stream, kind, text, length);
}

ssize_t log_take(struct log *log, struct stream *stream) {
    ssize_t count = read(stream->descriptor, stream->line + stream->length, sizeof stream->line - stream->length);
    if (count < 0) return errno == EAGAIN || errno == EINTR ? -1 : 0;
    if (count == 0) return 0;
    size_t length = stream->length + (size_t)count;
    char *start = stream->line, *limit = stream->line + length;
    for (char *end; (end = memchr(start, '\n', (size_t)(limit - start))) != NULL; start = end + 1) {
        write_text(log, stream->name, 'F', start, (size_t)(end - start));
    }
    stream->length = (size_t)(limit - start);
    memmove(stream->line, start, stream->length);
    if (stream->length == sizeof stream->line) {
        write_text(log, stream->name, 'P', stream->line, stream->length);
        stream->length = 0;
    }
    return count;
}

void log_finish(struct log *log, struct stream *stream) {
    if (stream->length > 0) write_text(log, stream->name, 'F', stream->line, stream->length);
    stream->length = 0;
}
