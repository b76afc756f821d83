#ifndef SKERRY_SANDBOX_H
#define SKERRY_SANDBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// What stands between tenant code and the host, one bit a layer. A worker reports the bits that are active.
enum {
    SKERRY_LAYER_RLIMITS = 1u << 0,
    SKERRY_LAYER_UNPRIVILEGED_USER = 1u << 1,
    SKERRY_LAYER_NO_NEW_PRIVS = 1u << 2,
    SKERRY_LAYER_LANDLOCK = 1u << 3,
    SKERRY_LAYER_SECCOMP = 1u << 4,
    SKERRY_LAYER_NETWORK_NAMESPACE = 1u << 5,
    SKERRY_LAYER_IPC_NAMESPACE = 1u << 6,
    SKERRY_LAYER_UTS_NAMESPACE = 1u << 7,
    SKERRY_LAYER_USER_NAMESPACE = 1u << 8,
    SKERRY_LAYER_NOT_DUMPABLE = 1u << 9,
    SKERRY_LAYER_PID_NAMESPACE = 1u << 10,
    SKERRY_LAYER_MOUNT_NAMESPACE = 1u << 11,
    /// Nothing of the host's files is left; implies the mount namespace.
    SKERRY_LAYER_PRIVATE_ROOT = 1u << 12,
    SKERRY_LAYER_CGROUP_NAMESPACE = 1u << 13,
    SKERRY_LAYER_MEMORY_CGROUP = 1u << 14,
    SKERRY_LAYER_CPU_CGROUP = 1u << 15,
    SKERRY_LAYER_PIDS_CGROUP = 1u << 16,
    SKERRY_LAYER_NO_CAPABILITIES = 1u << 17,
    /// A user id that no other worker of this machine has.
    SKERRY_LAYER_OWN_USER = 1u << 18,
    SKERRY_LAYER_COUNT = 19,
};

/// Descriptors that a worker finds open.
enum {
    SKERRY_WORKER_SOCKET = 3,
    SKERRY_WORKER_STATUS = 4,
};

/// A page that node and worker share. The worker writes and the node reads; the node believes nothing in it beyond
/// whom to blame for a limit, and why a layer is missing.
typedef struct skerry_status_page skerry_status_page;

/// A cgroup that a new process joins.
typedef struct {
    /// Its `tasks` (version 1) or `cgroup.procs` (version 2), open for writing.
    int descriptor;
    /// What membership gives, as SKERRY_LAYER bits.
    uint32_t layers;
} skerry_cgroup;

enum { SKERRY_MAX_CGROUPS = 4 };

/// Starts `path` with the two descriptors at 3 and 4, /dev/null at 0, 1 and 2, and every other descriptor closed, in
/// the cgroups given (at most SKERRY_MAX_CGROUPS).
/// Tries private pid, mount, network, IPC, UTS and cgroup namespaces (with a user namespace where the caller is not
/// root), falls back to those that the host allows, and notes in `page` why others are missing; `layers` tells what
/// was made. The process is the first of its pid namespace: with it everything in there ends.
/// Blocks until the child has called exec. Returns 0 or an errno. The caller reaps `*pid` with `skerry_reap`.
int skerry_spawn(
    const char *path, char *const arguments[], char *const environment[], int socket, int status,
    skerry_status_page *page, const skerry_cgroup cgroups[], size_t cgroup_count, pid_t *pid, uint32_t *layers);

/// Starts `path` as a zygote: with its orders' socket at 3, /dev/null at 0, 1 and 2, and every other descriptor closed, in
/// this process's own namespaces and cgroups. Blocks until the child has called exec. Returns 0 or an errno. The caller
/// reaps `*pid` with `skerry_reap`; the zygote ends by itself when the other end of `control` is closed.
int skerry_zygote_start(
    const char *path, char *const arguments[], char *const environment[], int control, pid_t *pid);

/// Has a zygote make a worker as `skerry_spawn` would, but that nothing is loaded again and that it gets all namespaces or
/// there is none: a child of this process, with the program's memory as the zygote has it. `layers` tells which namespaces
/// were made. One order at a time. Returns 0 or an errno; after one, the zygote may be in any state.
int skerry_zygote_spawn(
    int control, int socket, int status, const skerry_cgroup cgroups[], size_t cgroup_count, pid_t *pid,
    uint32_t *layers);

/// In a program that was started as a zygote, while it has one thread: carries out orders. Returns only in workers, each
/// time once; ends the process when the node has closed the socket.
void skerry_zygote_serve(void);

/// The orders' sockets: ours, which gives up waiting after `seconds`, and the zygote's. Returns 0 or an errno.
int skerry_zygote_sockets(int descriptors[2], int seconds);

/// A pair of connected stream sockets that close on exec. Returns 0 or an errno.
int skerry_socket_pair(int descriptors[2]);

/// Kills the child and waits for it; returns its wait status, or -1 when it is not our child (any more).
int skerry_reap(pid_t pid);

/// Sends SIGKILL. Call it only for a child that has not been reaped.
void skerry_kill(pid_t pid);

/// CPU time in nanoseconds (user and system, all threads) and private resident bytes of a process.
/// Returns 0, or an errno when the process is gone.
int skerry_process_usage(pid_t pid, uint64_t *cpu_nanoseconds, uint64_t *private_bytes);

/// In the worker, before it has a second thread: resource limits, a private root, an unprivileged user when started
/// by root, no capabilities, no_new_privs, Landlock. Returns the layers that are active, with those that
/// `skerry_spawn` left in the page; why one is missing is noted there.
uint32_t skerry_sandbox_enter(skerry_status_page *page);

/// The version of the kernel's Landlock; 0 for none.
int skerry_landlock_version(void);

/// In the worker, after the engine has started: the system call filter, for all threads; whatever is not on the
/// list kills the process. Returns 0 or an errno.
int skerry_sandbox_seal(void);

/// In the worker: ends the process as soon as the other side of `socket` is closed, even while a script spins.
/// Returns 0 or an errno.
int skerry_exit_with_peer(int socket);

/// Makes the page's descriptor; -1 when there is no memory.
int skerry_status_create(void);

/// Maps the page; NULL when that fails. The descriptor may be closed afterwards.
skerry_status_page *skerry_status_map(int descriptor);

/// Unmaps a page.
void skerry_status_unmap(skerry_status_page *page);

/// In the worker: the engine is entered on behalf of request `id` (UINT64_MAX: of nobody); `first_entry` is 1 when it
/// has never run before.
void skerry_status_enter(skerry_status_page *page, uint64_t id, int first_entry);

/// In the worker: the engine was left.
void skerry_status_leave(skerry_status_page *page);

/// What the page says: entries so far, the request that runs (0: the engine is not entered), the last request that
/// began.
void skerry_status_read(const skerry_status_page *page, uint64_t *entries, uint64_t *running, uint64_t *started);

/// Notes why layers are missing, as an errno.
void skerry_status_refuse(skerry_status_page *page, uint32_t layers, int error);

/// What stands in the way of a layer: an errno, or 0 when nothing does or nobody tried.
int skerry_status_refusal(const skerry_status_page *page, uint32_t layer);

#endif
