#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Every Linux system has this folder, and nothing in it is shown.
#define PLACE "/tmp"

#define INERT (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/// Processes of this pid namespace alone; the host's where the host refuses that, which Landlock still hides.
static int show_processes(void) {
    if (mkdir("proc", 0555) != 0) return errno;
    // Other kernel files are hidden by an option that kernels before 5.8 lack.
    if (mount("proc", "proc", "proc", INERT, "subset=pid") == 0) return 0;
    if (mount("proc", "proc", "proc", INERT, NULL) == 0) return 0;
    return mount("/proc", "proc", NULL, MS_BIND | MS_REC, NULL) == 0 ? 0 : errno;
}

static int show_device(const char *source, const char *target) {
    int file = open(target, O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0444);
    if (file < 0) return errno;
    close(file);
    return mount(source, target, NULL, MS_BIND, NULL) == 0 ? 0 : errno;
}

static int fill(void) {
    if (mkdir("dev", 0755) != 0) return errno;
    int error = show_processes();
    if (error == 0) error = show_device("/dev/urandom", "dev/urandom");
    if (error == 0) error = show_device("/dev/null", "dev/null");
    return error;
}

int skerry_enter_private_root(void) {
    // What is mounted here must not appear in the host's namespace.
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return errno;
    if (mount("skerry", PLACE, "tmpfs", INERT, "size=64k,nr_inodes=16,mode=0755") != 0) return errno;
    int error = chdir(PLACE) == 0 ? fill() : errno;
    // Puts the old root on top of the new one, from where it is taken away (pivot_root(2), "pivot_root(".", ".")").
    if (error == 0 && syscall(SYS_pivot_root, ".", ".") != 0) error = errno;
    if (error != 0) {
        if (chdir("/") != 0 || umount2(PLACE, MNT_DETACH) != 0) return error;
        return error;
    }
    if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) return errno;
    return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | INERT, NULL) == 0 ? 0 : errno;
}
