#ifndef SKERRY_HOLDER_H
#define SKERRY_HOLDER_H

#include <stdint.h>
#include <sys/types.h>

enum {
    MAX_LAYERS = 127,
    MAX_BINDS = 32,
    MAX_CGROUPS = 4,
    MAX_SERVERS = 3,
    /// Ids that a machine has of its own.
    ID_COUNT = 65536,
};

/// What the node asks for; see `main.c`.
struct options {
    /// The machine's folder: lock, log, exit status.
    const char *folder;
    /// An empty folder that every user may pass through; the root is put together below it.
    const char *place;
    /// Topmost first.
    const char *layers[MAX_LAYERS];
    int layer_count;
    const char *binds[MAX_BINDS];
    int bind_count;
    /// Bytes that may be written to the root.
    uint64_t writable;
    /// The host's id of the machine's root; 0 for no user namespace.
    uint32_t first_id;
    /// The machine's network namespace; NULL for none.
    const char *network;
    /// Its name and address, for its own files in /etc.
    const char *name;
    const char *address;
    const char *servers[MAX_SERVERS];
    int server_count;
    /// Cgroups for the holder itself.
    const char *cgroups[MAX_CGROUPS];
    int cgroup_count;
    uint64_t log_bytes;
    int log_files;
    /// A file with the time in milliseconds of CLOCK_BOOTTIME at which the machine is killed, and which may be moved on
    /// until then; NULL for no such time. Without the file the machine is killed at once.
    const char *limit;
    /// Seconds that the runtime may take.
    int patience;
    /// The runtime and its arguments.
    char **command;
};

/// Puts the root together in a mount namespace of our own: `place`/root, and `place`/v0 … for the binds. Nothing of it is
/// seen outside, and all of it goes with the last process in the namespace. Returns 0, or -1 with errno and `*what`.
int make_root(const struct options *options, const char **what);

/// Moves this process into its cgroups, which are made where they are missing. What fails is left out: they only keep a
/// service manager from ending holders together with their node.
void enter_cgroups(const struct options *options);

/// Has the kernel take another process when the host's memory is full: with its holder a machine would lose who ends it in
/// time. What fails is left out.
void stay_in_memory(void);

/// Sets up what can only be set from inside the network namespace: ports below 1024 are for everybody in it, for root in a
/// user namespace has no power over it; no IPv6. Returns 0, or -1 with errno.
int prepare_network(const char *path);

/// Makes a network namespace that belongs to a user namespace whose root is `first` outside, and keeps both at their paths.
/// Without the second a command in a running machine could not join the first. With 0 there is no user namespace.
/// Returns 0, or -1 with errno.
int make_namespaces(uint32_t first, const char *network, const char *user);

/// One of the program's two streams.
struct stream {
    int descriptor;
    const char *name;
    size_t length;
    char line[16 << 10];
};

struct log {
    int folder;
    int file;
    uint64_t size;
    uint64_t limit;
    int files;
    uint64_t lost;
};

/// Opens the log for appending; with -1 as its file it drops everything.
void log_open(struct log *log, const char *folder, uint64_t limit, int files);

/// Takes what the stream has now. Returns the bytes read, 0 at its end, -1 when there is nothing yet.
ssize_t log_take(struct log *log, struct stream *stream);

/// Writes the last line, which has no end.
void log_finish(struct log *log, struct stream *stream);

#endif
