#define _GNU_SOURCE
#include "include/CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    /// The user and group that every distribution calls nobody.
    UNPRIVILEGED_ID = 65534,
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

/// Leaves the process nothing but reading what the engine looks up while it starts. The calling thread and the
/// threads that it makes later are bound, so this comes before the engine.
static int enter_landlock(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) return -1;
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
    int result = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
    close(ruleset);
    return result;
}

static int limit_resources(void) {
    struct rlimit none = { 0, 0 };
    struct rlimit descriptors = { MAX_DESCRIPTORS, MAX_DESCRIPTORS };
    int failed = setrlimit(RLIMIT_CORE, &none);
    failed |= setrlimit(RLIMIT_FSIZE, &none);
    failed |= setrlimit(RLIMIT_NOFILE, &descriptors);
    return failed;
}

static int drop_privileges(void) {
    if (geteuid() != 0) return 0;
    if (setgroups(0, NULL) != 0) return -1;
    if (setresgid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID) != 0) return -1;
    return setresuid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID);
}

uint32_t skerry_sandbox_enter(void) {
    uint32_t layers = 0;
    if (limit_resources() == 0) layers |= SKERRY_LAYER_RLIMITS;
    if (drop_privileges() == 0 && geteuid() != 0) layers |= SKERRY_LAYER_UNPRIVILEGED_USER;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0) layers |= SKERRY_LAYER_NOT_DUMPABLE;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) layers |= SKERRY_LAYER_NO_NEW_PRIVS;
    if (enter_landlock() == 0) layers |= SKERRY_LAYER_LANDLOCK;
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
