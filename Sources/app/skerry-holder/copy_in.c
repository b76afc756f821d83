// A stream becomes files.
#define _GNU_SOURCE
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    /// Names that are tried for a draft.
    MAX_ATTEMPTS = 100,
};

/// A folder that is being filled.
struct level {
    int folder;
    /// It was made here, and gets its mode and time at the end.
    int is_new;
    mode_t mode;
    int64_t modified;
};

struct place {
    int folder;
    /// What the stream's first entry is called instead; empty for its own name.
    char name[COPY_MAX_NAME + 1];
};

static uint64_t number(size_t bytes) {
    uint8_t buffer[8];
    uint64_t value = 0;
    copy_read(buffer, bytes);
    for (size_t index = 0; index < bytes; index++) value = value << 8 | buffer[index];
    return value;
}

static void text(char *buffer, size_t most, const char *what) {
    size_t length = (size_t)number(2);
    if (length == 0 || length > most) copy_fail("what was sent", "", what);
    copy_read(buffer, length);
    buffer[length] = 0;
    if (strlen(buffer) != length) copy_fail("what was sent", "", what);
}

static int is_name(const char *name) {
    return name[0] != 0 && strchr(name, '/') == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static void name(char *buffer) {
    text(buffer, COPY_MAX_NAME, "a name in it is empty or too long");
    if (!is_name(buffer)) copy_fail("what was sent", "", "a name in it is none of a file");
}

static struct place find(const char *path) {
    struct place place = { .folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
    if (place.folder >= 0) return place;
    if (errno != ENOENT && errno != ENOTDIR) copy_fail("the folder", path, strerror(errno));
    char parent[4096];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof parent || path[length - 1] == '/') copy_fail("the folder", path, strerror(errno));
    memcpy(parent, path, length + 1);
    char *slash = strrchr(parent, '/');
    const char *last = slash != NULL ? slash + 1 : parent;
    if (!is_name(last) || strlen(last) > COPY_MAX_NAME) copy_fail("the path", path, "no file can be called so");
    strcpy(place.name, last);
    if (slash != NULL) *(slash == parent ? slash + 1 : slash) = 0;
    place.folder = open(slash != NULL ? parent : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place.folder < 0) copy_fail("the folder of", path, strerror(errno));
    return place;
}

static void set(int file, mode_t mode, int64_t modified, const char *what) {
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
    times[1].tv_sec = modified / 1000000000;
    times[1].tv_nsec = modified % 1000000000;
    if (times[1].tv_nsec < 0) {
        times[1].tv_sec -= 1;
        times[1].tv_nsec += 1000000000;
    }
    if (fchmod(file, mode & 0777) != 0 || futimens(file, times) != 0) copy_fail("the file", what, strerror(errno));
}

/// A name that nothing in the folder has.
static void spare(char *buffer, size_t length, unsigned attempt) {
    snprintf(buffer, length, ".skerry-copy-%d-%u", (int)getpid(), attempt);
}

/// The draft takes the name that it was made for.
static void finish(int folder, const char *draft, const char *last) {
    if (renameat(folder, draft, folder, last) != 0) copy_fail("the file", last, strerror(errno));
    copy_set_draft(-1, NULL);
}

static void take_file(int folder, const char *target) {
    const mode_t mode = (mode_t)number(4);
    const int64_t modified = (int64_t)number(8);
    char own[COPY_MAX_NAME + 1], draft[64];
    name(own);
    const char *last = target[0] ? target : own;
    int file = -1;
    for (unsigned attempt = 0; file < 0 && attempt < MAX_ATTEMPTS; attempt++) {
        spare(draft, sizeof draft, attempt);
        file = openat(folder, draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (file < 0 && errno != EEXIST) break;
    }
    if (file < 0) copy_fail("the file", last, strerror(errno));
    copy_set_draft(folder, draft);
    static uint8_t part[COPY_MAX_PART];
    for (size_t length; (length = (size_t)number(4)) > 0;) {
        if (length > sizeof part) copy_fail("what was sent", "", "a part of a file is too long");
        copy_read(part, length);
        for (size_t written = 0; written < length;) {
            ssize_t count = write(file, part + written, length - written);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) copy_fail("the file", last, strerror(errno));
            written += (size_t)count;
        }
    }
    set(file, mode, modified, last);
    if (close(file) != 0) copy_fail("the file", last, strerror(errno));
    finish(folder, draft, last);
}

static void take_link(int folder, const char *target) {
    char own[COPY_MAX_NAME + 1], draft[64], to[COPY_MAX_TARGET + 1];
    name(own);
    text(to, COPY_MAX_TARGET, "a link's target is empty or too long");
    const char *last = target[0] ? target : own;
    int result = -1;
    for (unsigned attempt = 0; result != 0 && attempt < MAX_ATTEMPTS; attempt++) {
        spare(draft, sizeof draft, attempt);
        result = symlinkat(to, folder, draft);
        if (result != 0 && errno != EEXIST) break;
    }
    if (result != 0) copy_fail("the link", last, strerror(errno));
    copy_set_draft(folder, draft);
    finish(folder, draft, last);
}

static struct level take_folder(int folder, const char *target) {
    struct level level = { .mode = (mode_t)number(4), .modified = (int64_t)number(8) };
    char own[COPY_MAX_NAME + 1];
    name(own);
    const char *last = target[0] ? target : own;
    level.is_new = mkdirat(folder, last, 0700) == 0;
    if (!level.is_new && errno != EEXIST) copy_fail("the folder", last, strerror(errno));
    level.folder = openat(folder, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (level.folder < 0) copy_fail("the folder", last, strerror(errno));
    return level;
}

void copy_in(const char *path) {
    struct place place = find(path);
    struct level levels[COPY_MAX_DEPTH + 1] = { { .folder = place.folder } };
    int depth = 0, is_over = 0;
    for (;;) {
        const char kind = (char)number(1);
        if (kind == 'Z' && depth == 0 && is_over) return;
        if (depth == 0 && is_over) copy_fail("what was sent", "", "there is more than one file or folder in it");
        const int folder = levels[depth].folder;
        const char *target = depth == 0 ? place.name : "";
        switch (kind) {
        case 'F': take_file(folder, target); break;
        case 'L': take_link(folder, target); break;
        case 'D':
            if (depth == COPY_MAX_DEPTH) copy_fail("what was sent", "", "folders in it lie too deep");
            levels[depth + 1] = take_folder(folder, target);
            depth++;
            continue;
        case 'U':
            if (depth == 0) copy_fail("what was sent", "", "it ends a folder that has not begun");
            if (levels[depth].is_new) set(folder, levels[depth].mode, levels[depth].modified, "that is a folder");
            close(folder);
            depth--;
            break;
        default: copy_fail("what was sent", "", "it is no stream of files");
        }
        is_over = depth == 0;
    }
}
