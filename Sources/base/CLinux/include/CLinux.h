/// Linux calls that Swift's Glibc module lacks, and one instruction that Swift lacks.
///
/// Unless said otherwise the calls return -1 and set errno when they fail.
#ifndef SKERRY_CLINUX_H
#define SKERRY_CLINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#if defined(__cplusplus)
extern "C" {
#endif

/// Has the processor fetch memory into its caches without waiting for it. Does nothing for memory that is not there.
static inline void skerry_prefetch(const void *memory, size_t length) {
    for (size_t offset = 0; offset < length; offset += 64) __builtin_prefetch((const char *)memory + offset);
}

/// The same for memory that is about to be written over.
static inline void skerry_prefetch_for_writing(void *memory, size_t length) {
    for (size_t offset = 0; offset < length; offset += 64) __builtin_prefetch((char *)memory + offset, 1);
}

/// Has the C library keep memory that was freed, up to 64 MiB in each of its arenas, instead of giving it back to the system
/// again and again: buffers of blocks that come and go a dozen at a time cost 20 to 60 page faults each otherwise, more than
/// encrypting them. Blocks of memory above 4 MiB still go back at once. Does nothing with another C library than glibc.
void skerry_keep_freed_memory(void);

/// Reads at `offset` only what is in the page cache: never waits for a disk.
///
/// Returns the bytes read (possibly fewer than `length`, 0 at the end of the file). errno is EAGAIN when nothing is in
/// memory, and also where the file system or the kernel cannot tell.
ssize_t skerry_preadv2_nowait(int descriptor, void *buffer, size_t length, int64_t offset);

/// Takes an exclusive lock on the open file, without waiting: errno is EWOULDBLOCK when somebody else has it.
///
/// The lock ends with the open file, so also when the process dies.
int skerry_flock_exclusive(int descriptor);

/// Gives the lock back while the file stays open.
int skerry_flock_release(int descriptor);

/// Opens a file that exists for writing without the page cache (`O_DIRECT`), with `O_CLOEXEC`; returns the descriptor.
///
/// errno is EINVAL on file systems that have no such way. Writes need offsets, lengths and addresses that are multiples of
/// the disk's block.
int skerry_open_direct(const char *path);

/// Reserves disk space for the first `length` bytes of a file and makes the file at least that long.
///
/// errno is ENOSPC when there is not so much; on file systems that cannot reserve the file only gets its length.
int skerry_fallocate(int descriptor, int64_t length);

/// Reserves disk space for `length` bytes of a file from `offset` on, without changing its size.
///
/// Returns 0 also on file systems that cannot.
int skerry_reserve_ahead(int descriptor, int64_t offset, int64_t length);

/// Has the kernel begin to write changed pages to the disk: `length` bytes from `offset` on, 0 for all that follow.
///
/// Waits only while the disk's queue is full. Promises nothing: fsync still does, and reports what went wrong.
void skerry_start_writing(int descriptor, int64_t offset, int64_t length);

/// What an inode says about a file.
///
/// A structure of our own: Swift finds `struct stat` in a different module depending on what a file imports.
struct skerry_file_status {
    /// Length in bytes.
    int64_t size;
    uint64_t inode;
    /// When bytes, names or permissions last changed, in nanoseconds since 1970 UTC.
    int64_t changed_at;
    /// When bytes last changed, likewise; programs can set it.
    int64_t modified_at;
    /// With the bits for set-user, set-group and sticky.
    uint32_t permissions;
};

/// Status of the file that has a name; a symbolic link is not followed.
int skerry_status_of_path(const char *path, struct skerry_file_status *status);

/// Status of an open file, whatever its name is by now.
int skerry_status_of_descriptor(int descriptor, struct skerry_file_status *status);

/// 1 for an open regular file, 0 for anything else, -1 with errno.
int skerry_is_regular_file(int descriptor);

/// Bytes that an unprivileged process may still write to the file system that holds `path`; -1 with errno.
int64_t skerry_free_bytes(const char *path);

/// Whether somebody keeps the system's clock right: 0 yes, with the largest error that the kernel assumes, in
/// microseconds; 1 no; -1 with errno.
int skerry_clock_state(int64_t *error);

/// How many files this process may have open; -1 with errno.
int64_t skerry_open_file_limit(void);

/// A pipe whose ends are closed on exec: reading end first.
int skerry_pipe(int ends[2]);

/// The posix_spawn flag that gives the child a session of its own.
short skerry_spawn_setsid(void);

/// A posix_spawn action that closes every descriptor from `first` on: what this process inherited must not live on in a
/// child that outlives it. `actions` is a posix_spawn_file_actions_t.
int skerry_spawn_close_from(void *actions, int first);

/// Writes all changed data of the file system that holds an open file to the disk.
int skerry_sync_file_system(int descriptor);

/// Makes the character device 0:0, with which overlay mounts hide a name of the folders below. Needs no privilege.
int skerry_make_whiteout(int folder, const char *name);

/// Sets an extended attribute of an open file to the text `value`.
int skerry_set_attribute(int descriptor, const char *name, const char *value);

/// Whether an open file has an extended attribute.
int skerry_has_attribute(int descriptor, const char *name);

/// Gives an open file owner, group, permissions and times of another one; a change of owner that is not allowed to this
/// process is left out.
int skerry_copy_metadata(int from, int to);

/// Which `SKERRY_KIND_` a name in a folder is, or -1; a symbolic link is not followed.
int skerry_kind_of_name(int folder, const char *name);

#define SKERRY_KIND_FOLDER 1
#define SKERRY_KIND_FILE 2
#define SKERRY_KIND_LINK 3
#define SKERRY_KIND_OTHER 4

/// A set of descriptors to wait for; closed on exec. -1 with errno.
int skerry_wait_set(void);

/// Adds a descriptor, which is told of once, under `name`, when it can be read or has ended, or when it can be written.
int skerry_wait_add(int set, int descriptor, bool for_writing, uint64_t name);

/// A descriptor that can be read after so long; closed on exec. -1 with errno.
int skerry_alarm(int64_t nanoseconds);

/// Waits until some of the set are ready, and gives their names. Returns how many.
int skerry_wait(int set, uint64_t *names, int most);

/// A descriptor that becomes readable when the process ends, whoever its parent is; closed on exec.
int skerry_pidfd_open(pid_t pid);

/// Sends a signal through such a descriptor, so never to another process that got the same number.
int skerry_pidfd_signal(int descriptor, int signal);

/// An empty file in memory, closed on exec.
int skerry_memory_file(void);

/// A new terminal: returns its master, closed on exec, and writes the terminal's path to `name`. The terminal is raw from
/// the beginning: what is written before its program has set it up is handed on as it is.
int skerry_open_terminal(char *name, size_t length);

/// Tells a terminal its size, and its programs with SIGWINCH.
int skerry_set_window_size(int descriptor, unsigned short columns, unsigned short rows);

/// Parts of a wait status: whether the process ended by itself, with which code, or by which signal.
int skerry_status_exited(int status);
int skerry_status_code(int status);
int skerry_status_signal(int status);

#if defined(__cplusplus)
}
#endif

#endif
