#define _GNU_SOURCE
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// <sys/mount.h> and <linux/mount.h> declare the same names in this C library.
extern int mount(const char *, const char *, const char *, unsigned long, const void *);

enum {
    PRIVATE_FLAG = 1 << 18,
    SLAVE_FLAG = 1 << 19,
    RECURSIVE_FLAG = 1 << 14,
    BIND_FLAG = 1 << 12,
    NO_SUID_FLAG = 2,
    NO_DEVICES_FLAG = 4,
    /// Room for the folders on which something is mounted.
    LEAST_WRITABLE = 1 << 20,
};

static int write_map(pid_t pid, const char *name, uint32_t first) {
    char path[64], text[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    int length = snprintf(text, sizeof text, "0 %u %d\n", first, ID_COUNT);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    int result = write(file, text, (size_t)length) == length ? 0 : -1;
    close(file);
    return result;
}

/// A user namespace whose root is `first` outside, as a descriptor.
static int user_namespace(uint32_t first) {
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (pid < 0) return -1;
    if (pid == 0) {
        for (;;) pause();
    }
    int result = -1;
    if (write_map(pid, "uid_map", first) == 0 && write_map(pid, "gid_map", first) == 0) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/ns/user", (int)pid);
        result = open(path, O_RDONLY | O_CLOEXEC);
    }
    int error = errno;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    errno = error;
    return result;
}

static int keep_namespace(pid_t pid, const char *kind, const char *path) {
    char source[64];
    snprintf(source, sizeof source, "/proc/%d/ns/%s", (int)pid, kind);
    int file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
    if (file < 0) return -1;
    close(file);
    if (mount(source, path, NULL, BIND_FLAG, NULL) == 0) return 0;
    int error = errno;
    unlink(path);
    errno = error;
    return -1;
}

int make_namespaces(uint32_t first, const char *network, const char *user) {
    const unsigned long kinds = CLONE_NEWNET | (first != 0 ? CLONE_NEWUSER : 0);
    pid_t pid = (pid_t)syscall(SYS_clone, kinds | SIGCHLD, 0, 0, 0, 0);
    if (pid < 0) return -1;
    if (pid == 0) {
        for (;;) pause();
    }
    int result = 0;
    if (first != 0) {
        result = write_map(pid, "uid_map", first) == 0 && write_map(pid, "gid_map", first) == 0 ? 0 : -1;
        if (result == 0) result = keep_namespace(pid, "user", user);
    }
    if (result == 0) result = keep_namespace(pid, "net", network);
    int error = errno;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    errno = error;
    return result;
}

/// Shows `source` at `target`, with the machine's ids when there is a user namespace.
static int show(const char *source, const char *target, uint64_t attributes, int user) {
    if (mkdir(target, 0755) != 0 && errno != EEXIST) return -1;
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
    if (tree < 0) return -1;
    struct mount_attr change = { .attr_set = attributes };
    if (user >= 0) {
        change.attr_set |= MOUNT_ATTR_IDMAP;
        change.userns_fd = (uint64_t)user;
    }
    int result = (int)syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &change, sizeof change);
    if (result == 0) result = (int)syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
    int error = errno;
    close(tree);
    errno = error;
    return result;
}

static int own_folder(const char *path, uint32_t owner) {
    if (mkdir(path, 0755) != 0) return -1;
    return owner == 0 ? 0 : chown(path, owner, owner);
}

static int make_tmpfs(const char *path, uint64_t size) {
    char text[64];
    snprintf(text, sizeof text, "size=%llu,mode=0755", (unsigned long long)size);
    if (mkdir(path, 0755) != 0 && errno != EEXIST) return -1;
    return mount("skerry", path, "tmpfs", NO_SUID_FLAG | NO_DEVICES_FLAG, text);
}

static int stack_layers(const struct options *options) {
    // Short names relative to the working folder: the kernel takes one page of options.
    char text[4000] = "upperdir=w/upper,workdir=w/work,lowerdir=";
    size_t length = strlen(text);
    for (int index = 0; index < options->layer_count; index++) {
        length += (size_t)snprintf(text + length, sizeof text - length, index == 0 ? "l%d" : ":l%d", index);
    }
    if (mkdir("root", 0755) != 0) return -1;
    return mount("skerry", "root", "overlay", NO_DEVICES_FLAG, text);
}

/// Writes a file of the machine's /etc into its writable layer.
static int write_etc(const char *name, const char *text, uint32_t owner) {
    char path[64];
    snprintf(path, sizeof path, "w/upper/etc/%s", name);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0) return -1;
    int result = write(file, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
    if (result == 0 && owner != 0) result = fchown(file, owner, owner);
    close(file);
    return result;
}

static int write_names(const struct options *options) {
    if (options->name == NULL || options->address == NULL) return 0;
    const uint32_t owner = options->first_id;
    char text[512];
    if (own_folder("w/upper/etc", owner) != 0) return -1;
    snprintf(
        text, sizeof text, "127.0.0.1 localhost\n%s %s\n", options->address[0] ? options->address : "127.0.0.1",
        options->name);
    if (write_etc("hosts", text, owner) != 0) return -1;
    snprintf(text, sizeof text, "%s\n", options->name);
    if (write_etc("hostname", text, owner) != 0) return -1;
    size_t length = 0;
    text[0] = 0;
    for (int index = 0; index < options->server_count && length < sizeof text; index++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "nameserver %s\n", options->servers[index]);
    }
    return write_etc("resolv.conf", text, owner);
}

int make_root(const struct options *options, const char **what) {
    *what = "a mount namespace";
    if (unshare(CLONE_NEWNS) != 0) return -1;
    if (mount(NULL, "/", NULL, RECURSIVE_FLAG | SLAVE_FLAG, NULL) != 0) return -1;
    *what = "the folder for its mounts";
    if (mount("skerry", options->place, "tmpfs", NO_SUID_FLAG | NO_DEVICES_FLAG, "size=64k,mode=0755") != 0) return -1;
    if (mount(NULL, options->place, NULL, PRIVATE_FLAG, NULL) != 0) return -1;
    if (chdir(options->place) != 0) return -1;
    int user = -1;
    if (options->first_id != 0) {
        *what = "a user namespace";
        user = user_namespace(options->first_id);
        if (user < 0) return -1;
    }
    char name[16];
    for (int index = 0; index < options->layer_count; index++) {
        *what = options->layers[index];
        snprintf(name, sizeof name, "l%d", index);
        if (show(options->layers[index], name, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, user) != 0) {
            return -1;
        }
    }
    for (int index = 0; index < options->bind_count; index++) {
        *what = options->binds[index];
        snprintf(name, sizeof name, "v%d", index);
        if (show(options->binds[index], name, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, user) != 0) return -1;
    }
    if (user >= 0) close(user);
    *what = "its writable layer";
    if (make_tmpfs("w", options->writable < LEAST_WRITABLE ? LEAST_WRITABLE : options->writable) != 0) return -1;
    if (own_folder("w/upper", options->first_id) != 0 || own_folder("w/work", 0) != 0) return -1;
    *what = "its files in /etc";
    if (write_names(options) != 0) return -1;
    *what = "an overlay";
    if (stack_layers(options) != 0) return -1;
    return chdir("/");
}
