#ifndef SKERRY_HOLDER_COPY_H
#define SKERRY_HOLDER_COPY_H

#include <stddef.h>
#include <stdint.h>

// A stream of files: one file, folder or link with all that is below it, in the order of a walk. Numbers are big-endian; a
// name is one part of a path, so no stream can say a path that leads elsewhere.
//
//   'D' mode(4) modified(8) length(2) name   a folder, followed by what is in it
//   'U'                                      the end of the folder
//   'F' mode(4) modified(8) length(2) name   a file, followed by parts of its content: length(4) bytes, a length of 0 ends it
//   'L' length(2) name length(2) target      a symbolic link
//   'Z'                                      all has been said
//
// Times are nanoseconds since 1970. `CopyStream` in the node's Swift sources reads and writes the same.
enum {
    COPY_MAX_NAME = 255,
    COPY_MAX_TARGET = 4095,
    COPY_MAX_PART = 64 << 10,
    /// Folders within folders.
    COPY_MAX_DEPTH = 64,
    /// What is read of a file that says it is empty, as those in /proc do.
    COPY_MAX_UNSIZED = 16 << 20,
};

/// Says what is wrong on standard error, and ends this process with status 1. A draft is removed.
void copy_fail(const char *what, const char *name, const char *why) __attribute__((noreturn));

/// What in `folder` is not complete yet; NULL as the name when there is nothing. The name must stay until the next call.
void copy_set_draft(int folder, const char *name);

/// Reads or writes a whole buffer, unless the machine ends first.
void copy_read(void *buffer, size_t length);
void copy_write(const void *buffer, size_t length);
/// Writes what `copy_write` has gathered.
void copy_flush(void);

/// Reads a stream from standard input and makes the files: below `path` if that is a folder, else at `path`, whose folder
/// must be there. A file takes the place of another one at once and when it is complete; links are replaced, not followed.
void copy_in(const char *path);

/// Writes the file or folder at `path` to standard output as a stream.
void copy_out(const char *path);

/// Enters the machine whose first process the pidfd on descriptor 3 means, and copies with the rights of one of its users.
/// The arguments: in|out UID GID 1 if it has its own user namespace, else 0, PATH, and the machine's cgroups' folders.
int copy(int count, char **arguments);

#endif
