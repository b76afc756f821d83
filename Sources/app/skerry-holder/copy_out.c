// Files become a stream.
#define _GNU_SOURCE
#include "copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void number(uint64_t value, size_t bytes) {
    uint8_t buffer[8];
    for (size_t index = 0; index < bytes; index++) buffer[index] = (uint8_t)(value >> 8 * (bytes - 1 - index));
    copy_write(buffer, bytes);
}

static void kind(char value) { copy_write(&value, 1); }

static void text(const char *value) {
    number(strlen(value), 2);
    copy_write(value, strlen(value));
}

static void head(char value, const struct stat *status, const char *name) {
    kind(value);
    number(status->st_mode & 0777, 4);
    number((uint64_t)status->st_mtim.tv_sec * 1000000000 + (uint64_t)status->st_mtim.tv_nsec, 8);
    text(name);
}

/// What the file had when it was opened: one that grows meanwhile would never end.
static void give_file(int file, const struct stat *status, const char *name) {
    static uint8_t part[COPY_MAX_PART];
    off_t left = status->st_size > 0 ? status->st_size : COPY_MAX_UNSIZED;
    head('F', status, name);
    while (left > 0) {
        ssize_t count = read(file, part, left < (off_t)sizeof part ? (size_t)left : sizeof part);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) copy_fail("the file", name, strerror(errno));
        if (count == 0) break;
        number((uint64_t)count, 4);
        copy_write(part, (size_t)count);
        left -= count;
    }
    number(0, 4);
}

static void give_folder(int folder, const struct stat *status, const char *name, int depth);

static void give_link(int folder, const char *name) {
    char target[COPY_MAX_TARGET + 1];
    ssize_t length = readlinkat(folder, name, target, sizeof target - 1);
    if (length <= 0) return;
    target[length] = 0;
    kind('L');
    text(name);
    text(target);
}

/// One of a folder's entries; what is neither file, folder nor link, or has gone meanwhile, is left out.
static void give(int folder, const char *name, int depth) {
    struct stat status;
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (S_ISLNK(status.st_mode)) return give_link(folder, name);
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
        dprintf(2, "left out: %s is neither a file nor a folder\n", name);
        return;
    }
    int file = openat(folder, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) return;
    if (file < 0 || fstat(file, &status) != 0) copy_fail("the file", name, strerror(errno));
    if (S_ISDIR(status.st_mode)) give_folder(file, &status, name, depth + 1);
    else if (S_ISREG(status.st_mode)) give_file(file, &status, name);
    close(file);
}

static void give_folder(int folder, const struct stat *status, const char *name, int depth) {
    if (depth > COPY_MAX_DEPTH) copy_fail("the folder", name, "folders lie too deep");
    head('D', status, name);
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    if (list == NULL) copy_fail("the folder", name, strerror(errno));
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) give(folder, entry->d_name, depth);
    }
    closedir(list);
    kind('U');
}

void copy_out(const char *path) {
    struct stat status;
    // Looked at before it is opened: opening a device may do something.
    if (stat(path, &status) != 0) copy_fail("the file", path, strerror(errno));
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) copy_fail("the file", path, "it is neither a file nor a folder");
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0) copy_fail("the file", path, strerror(errno));
    char buffer[4096];
    size_t length = strlen(path);
    if (length >= sizeof buffer) copy_fail("the path", path, "it is too long");
    memcpy(buffer, path, length + 1);
    while (length > 1 && buffer[length - 1] == '/') buffer[--length] = 0;
    const char *slash = strrchr(buffer, '/');
    const char *name = slash != NULL ? slash + 1 : buffer;
    if (name[0] == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) name = "machine";
    if (strlen(name) > COPY_MAX_NAME) copy_fail("the path", path, "it is too long");
    if (S_ISDIR(status.st_mode)) give_folder(file, &status, name, 1);
    else if (S_ISREG(status.st_mode)) give_file(file, &status, name);
    else copy_fail("the file", path, "it is neither a file nor a folder");
    kind('Z');
    copy_flush();
}
