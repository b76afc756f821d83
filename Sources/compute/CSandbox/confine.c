#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    /// The user and group that every distribution calls nobody.
    UNPRIVILEGED_ID = 65534,
    /// Workers of a root node get the user ids from here on, by process id; no distribution hands these out.
    FIRST_WORKER_ID = 1900000000,
    /// The kernel's own limit for process ids.
    PROCESS_ID_LIMIT = 1 << 22,
    /// Threads of one such user; the engine makes two or three for each core that it uses.
    MAX_THREADS = 256,
    MAX_DESCRIPTORS = 64,
    WATCHER_STACK_BYTES = 64 << 10,
};

// Rights of newer kernels, spelled out so that older headers will do.
#define FS_RIGHTS_ABI_1 ((1ull << 13) - 1)
#define FS_REFER (1ull << 13)
#define FS_TRUNCATE (1ull << 14)
#define FS_IOCTL_DEV (1ull << 15)
#define NET_BIND_AND_CONNECT_TCP 3ull
#define SCOPE_ABSTRACT_SOCKET_AND_SIGNAL 3ull

struct ruleset_attributes {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

static void allow_reading(int ruleset, const char *path) {
    int target = open(path, O_PATH | O_CLOEXEC);
    if (target < 0) return;
    struct landlock_path_beneath_attr rule = {
        .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
        .parent_fd = target,
    };
    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(target);
}

int skerry_landlock_version(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? (int)version : 0;
}

/// Leaves the process nothing but reading what the engine looks up while it starts. The calling thread and the
/// threads that it makes later are bound, so this comes before the engine.
static int enter_landlock(void) {
    const int version = skerry_landlock_version();
    if (version == 0) return -1;
    struct ruleset_attributes attributes = { FS_RIGHTS_ABI_1, 0, 0 };
    size_t size = sizeof attributes.handled_access_fs;
    if (version >= 2) attributes.handled_access_fs |= FS_REFER;
    if (version >= 3) attributes.handled_access_fs |= FS_TRUNCATE;
    if (version >= 5) attributes.handled_access_fs |= FS_IOCTL_DEV;
    if (version >= 4) {
        attributes.handled_access_net = NET_BIND_AND_CONNECT_TCP;
        size += sizeof attributes.handled_access_net;
    }
    if (version >= 6) {
        attributes.scoped = SCOPE_ABSTRACT_SOCKET_AND_SIGNAL;
        size += sizeof attributes.scoped;
    }
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
    if (ruleset < 0) return -1;
    allow_reading(ruleset, "/proc/self");
    allow_reading(ruleset, "/proc/meminfo");
    allow_reading(ruleset, "/proc/cpuinfo");
    allow_reading(ruleset, "/sys/devices/system/cpu");
    allow_reading(ruleset, "/dev/urandom");
    allow_reading(ruleset, "/usr/share/zoneinfo");
    int failed = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
    const int error = errno;
    close(ruleset);
    errno = error;
    return failed;
}

static int limit_resources(void) {
    struct rlimit none = { 0, 0 };
    struct rlimit descriptors = { MAX_DESCRIPTORS, MAX_DESCRIPTORS };
    int failed = setrlimit(RLIMIT_CORE, &none);
    failed |= setrlimit(RLIMIT_FSIZE, &none);
    failed |= setrlimit(RLIMIT_NOFILE, &descriptors);
    return failed;
}

static int become(uid_t id) {
    if (setresgid(id, id, id) != 0) return errno;
    return setresuid(id, id, id) == 0 ? 0 : errno;
}

/// A root node's worker gets a user of its own; the one called nobody where these ids are not mapped.
static uint32_t drop_user(skerry_status_page *page) {
    const uint32_t own = SKERRY_LAYER_OWN_USER, unprivileged = SKERRY_LAYER_UNPRIVILEGED_USER;
    if (geteuid() != 0) {
        skerry_status_refuse(page, own, EPERM);
        return unprivileged;
    }
    int error = setgroups(0, NULL) == 0 ? 0 : errno;
    if (error == 0) error = become(FIRST_WORKER_ID + skerry_status_identity(page) % PROCESS_ID_LIMIT);
    if (error == 0) {
        struct rlimit threads = { MAX_THREADS, MAX_THREADS };
        setrlimit(RLIMIT_NPROC, &threads);
        return own | unprivileged;
    }
    skerry_status_refuse(page, own, error);
    error = become(UNPRIVILEGED_ID);
    if (error == 0) return unprivileged;
    skerry_status_refuse(page, unprivileged, error);
    return 0;
}

/// The layer if `error` is 0; else notes why there is none.
static uint32_t achieved(skerry_status_page *page, uint32_t layer, int error) {
    if (error == 0) return layer;
    skerry_status_refuse(page, layer, error);
    return 0;
}

static int result(int value) { return value == 0 ? 0 : errno; }

uint32_t skerry_sandbox_enter(skerry_status_page *page) {
    uint32_t layers = skerry_status_layers(page);
    if (layers & SKERRY_LAYER_MOUNT_NAMESPACE) {
        layers |= achieved(page, SKERRY_LAYER_PRIVATE_ROOT, skerry_enter_private_root());
    }
    layers |= achieved(page, SKERRY_LAYER_RLIMITS, result(limit_resources()));
    skerry_drop_bounding_set();
    layers |= drop_user(page);
    if (!(layers & SKERRY_LAYER_USER_NAMESPACE)) {
        // Root made the other namespaces; whatever this process can become in here has no power over them.
        layers |= achieved(page, SKERRY_LAYER_USER_NAMESPACE, result(unshare(CLONE_NEWUSER)));
    }
    layers |= achieved(page, SKERRY_LAYER_NO_CAPABILITIES, skerry_drop_capabilities());
    layers |= achieved(page, SKERRY_LAYER_NOT_DUMPABLE, result(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)));
    layers |= achieved(page, SKERRY_LAYER_NO_NEW_PRIVS, result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)));
    layers |= achieved(page, SKERRY_LAYER_LANDLOCK, result(enter_landlock()));
    return layers;
}

static void *watch_peer(void *data) {
    struct pollfd peer = { .fd = (int)(intptr_t)data, .events = POLLRDHUP };
    for (;;) {
        int ready = poll(&peer, 1, -1);
        if (ready > 0 || (ready < 0 && errno != EINTR)) _exit(0);
    }
}

int skerry_exit_with_peer(int socket) {
    pthread_attr_t attributes;
    pthread_t thread;
    int error = pthread_attr_init(&attributes);
    if (error != 0) return error;
    pthread_attr_setstacksize(&attributes, WATCHER_STACK_BYTES);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    error = pthread_create(&thread, &attributes, watch_peer, (void *)(intptr_t)socket);
    pthread_attr_destroy(&attributes);
    return error;
}
