#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

/// What the node asks for. With it come the worker's socket, its status page and its cgroups, as descriptors.
struct order {
    uint32_t cgroup_count;
    uint32_t layers[SKERRY_MAX_CGROUPS];
};

struct answer {
    /// Tells it from what another program would write.
    uint32_t magic;
    int32_t error;
    int32_t pid;
    uint32_t layers;
};

enum { ANSWER_MAGIC = 0x5a79676f };
/// Bits of the number of pages by which a worker's later mappings are moved: up to 64 GiB.
enum { SHUFFLED_BITS = 24 };
enum { FIXED_DESCRIPTORS = 2, MAX_DESCRIPTORS = FIXED_DESCRIPTORS + SKERRY_MAX_CGROUPS };

/// Room for a message's descriptors, aligned for its header.
union ancillary {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(MAX_DESCRIPTORS * sizeof(int))];
};

int skerry_zygote_sockets(int descriptors[2], int seconds) {
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, descriptors) != 0) return errno;
    const struct timeval limit = { .tv_sec = seconds };
    setsockopt(descriptors[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(descriptors[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return 0;
}

int skerry_zygote_spawn(
    int control, int socket, int status, const skerry_cgroup cgroups[], size_t cgroup_count, pid_t *pid,
    uint32_t *layers) {
    if (cgroup_count > SKERRY_MAX_CGROUPS) return EINVAL;
    struct order order = { .cgroup_count = (uint32_t)cgroup_count };
    int descriptors[MAX_DESCRIPTORS] = { socket, status };
    for (size_t index = 0; index < cgroup_count; index++) {
        order.layers[index] = cgroups[index].layers;
        descriptors[FIXED_DESCRIPTORS + index] = cgroups[index].descriptor;
    }
    const size_t size = (FIXED_DESCRIPTORS + cgroup_count) * sizeof(int);
    union ancillary ancillary = { 0 };
    struct iovec bytes = { &order, sizeof order };
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = ancillary.bytes, .msg_controllen = CMSG_SPACE(size),
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(header), descriptors, size);
    ssize_t count;
    do { count = sendmsg(control, &message, MSG_NOSIGNAL); } while (count < 0 && errno == EINTR);
    if (count != sizeof order) return count < 0 ? errno : EPROTO;
    struct answer answer;
    do { count = recv(control, &answer, sizeof answer, 0); } while (count < 0 && errno == EINTR);
    if (count != sizeof answer || answer.magic != ANSWER_MAGIC) return count < 0 ? errno : EPROTO;
    if (answer.error != 0) {
        if (answer.pid > 0) skerry_reap(answer.pid);
        return answer.error;
    }
    *pid = answer.pid;
    *layers = answer.layers;
    return 0;
}

/// The next order; its descriptors, all open. Returns their number, or ends the process when the node has gone.
static int receive(struct order *order, int descriptors[MAX_DESCRIPTORS]) {
    union ancillary ancillary;
    struct iovec bytes = { order, sizeof *order };
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = ancillary.bytes, .msg_controllen = sizeof ancillary.bytes,
    };
    ssize_t count;
    do { count = recvmsg(SKERRY_WORKER_SOCKET, &message, MSG_CMSG_CLOEXEC); } while (count < 0 && errno == EINTR);
    struct cmsghdr *header = count == sizeof *order ? CMSG_FIRSTHDR(&message) : NULL;
    if (header == NULL || header->cmsg_type != SCM_RIGHTS || order->cgroup_count > SKERRY_MAX_CGROUPS) _exit(0);
    const size_t size = (FIXED_DESCRIPTORS + order->cgroup_count) * sizeof(int);
    if (header->cmsg_len != CMSG_LEN(size)) _exit(0);
    memcpy(descriptors, CMSG_DATA(header), size);
    return (int)(size / sizeof(int));
}

/// Forks a sibling: a child of the node. Returns 0 in it, its id here, or -1.
///
/// `fork` knows no namespaces. What it would do beside, in a process with one thread, is to tell the C library the new
/// thread's id, which the kernel does where it is told the place.
static pid_t fork_sibling(int namespaces) {
    void *id = NULL;
    if (prctl(PR_GET_TID_ADDRESS, &id) != 0) return -1;
    struct clone_args arguments = {
        .flags = (uint64_t)(unsigned)namespaces | CLONE_PARENT | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID,
        .child_tid = (uint64_t)(uintptr_t)id,
    };
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

/// Moves what is mapped from here on, as the engine's heap and code, to another place than in the zygote's other workers.
/// Addresses that nothing can be read from or written to cost nothing.
static void shuffle(void) {
    uint32_t pages;
    if (getrandom(&pages, sizeof pages, GRND_NONBLOCK) != sizeof pages) return;
    pages &= (1u << SHUFFLED_BITS) - 1;
    mmap(
        NULL, ((size_t)pages + 1) * (size_t)sysconf(_SC_PAGESIZE), PROT_NONE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/// In the child: waits for its name, and becomes a worker. `child` tells whose it is and what was made.
static void settle(skerry_child child, const struct order *order, const int descriptors[], int named) {
    skerry_cgroup cgroups[SKERRY_MAX_CGROUPS];
    for (uint32_t index = 0; index < order->cgroup_count; index++) {
        cgroups[index] = (skerry_cgroup){ descriptors[FIXED_DESCRIPTORS + index], order->layers[index] };
    }
    child.socket = descriptors[0];
    child.status = descriptors[1];
    child.page = skerry_status_map(child.status);
    child.cgroups = cgroups;
    child.cgroup_count = order->cgroup_count;
    ssize_t count;
    do { count = read(named, &child.pid, sizeof child.pid); } while (count < 0 && errno == EINTR);
    if (count != sizeof child.pid || child.page == NULL || skerry_child_settle(&child) != 0) _exit(127);
    skerry_status_unmap(child.page);
    shuffle();
}

void skerry_zygote_serve(void) {
    const int namespaces = skerry_wanted_namespaces();
    // Asked for here: in a user namespace of its own a process does not see whose it is outside.
    const skerry_child child = {
        .user = geteuid(), .group = getegid(), .made = skerry_namespace_layers(namespaces),
    };
    for (;;) {
        struct order order;
        int descriptors[MAX_DESCRIPTORS];
        const int count = receive(&order, descriptors);
        struct answer answer = { .magic = ANSWER_MAGIC, .layers = child.made };
        int name[2];
        if (pipe2(name, O_CLOEXEC) != 0) _exit(1);
        const pid_t pid = fork_sibling(namespaces);
        if (pid == 0) {
            close(name[1]);
            settle(child, &order, descriptors, name[0]);
            return;
        }
        answer.error = pid < 0 ? errno : 0;
        answer.pid = pid;
        if (pid > 0 && write(name[1], &pid, sizeof pid) != sizeof pid) answer.error = errno;
        close(name[0]);
        close(name[1]);
        for (int index = 0; index < count; index++) close(descriptors[index]);
        if (send(SKERRY_WORKER_SOCKET, &answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer) _exit(0);
    }
}
