#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <string.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#if !defined(RWF_NOWAIT)
#define RWF_NOWAIT 0x00000008
#endif

void skerry_keep_freed_memory(void) {
#if defined(__GLIBC__)
    // Either one ends the library's own adjusting of both, which follows the largest buffer and ends at twice its size.
    mallopt(M_MMAP_THRESHOLD, 4 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

ssize_t skerry_preadv2_nowait(int descriptor, void *buffer, size_t length, int64_t offset) {
    struct iovec part = {.iov_base = buffer, .iov_len = length};
    ssize_t count = preadv2(descriptor, &part, 1, (off_t)offset, RWF_NOWAIT);
    if (count < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINTR)) errno = EAGAIN;
    return count;
}

int skerry_flock_exclusive(int descriptor) {
    int result;
    do result = flock(descriptor, LOCK_EX | LOCK_NB);
    while (result < 0 && errno == EINTR);
    return result;
}

int skerry_flock_release(int descriptor) { return flock(descriptor, LOCK_UN); }

int skerry_open_direct(const char *path) { return open(path, O_WRONLY | O_DIRECT | O_CLOEXEC); }

int skerry_fallocate(int descriptor, int64_t length) {
    int result;
    do result = fallocate(descriptor, 0, 0, (off_t)length);
    while (result < 0 && errno == EINTR);
    if (result == 0 || (errno != EOPNOTSUPP && errno != ENOSYS)) return result;
    struct stat status;
    if (fstat(descriptor, &status) < 0) return -1;
    return status.st_size >= length ? 0 : ftruncate(descriptor, (off_t)length);
}

int skerry_reserve_ahead(int descriptor, int64_t offset, int64_t length) {
    int result;
    do result = fallocate(descriptor, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length);
    while (result < 0 && errno == EINTR);
    return result < 0 && (errno == EOPNOTSUPP || errno == ENOSYS) ? 0 : result;
}

void skerry_start_writing(int descriptor, int64_t offset, int64_t length) {
    int before = errno;
    sync_file_range(descriptor, (off_t)offset, (off_t)length, SYNC_FILE_RANGE_WRITE);
    errno = before;
}

static int fill_status(int result, const struct stat *from, struct skerry_file_status *status) {
    if (result < 0) return -1;
    status->size = from->st_size;
    status->inode = from->st_ino;
    status->changed_at = (int64_t)from->st_ctim.tv_sec * 1000000000 + from->st_ctim.tv_nsec;
    status->modified_at = (int64_t)from->st_mtim.tv_sec * 1000000000 + from->st_mtim.tv_nsec;
    status->permissions = from->st_mode & 07777;
    return 0;
}

int skerry_status_of_path(const char *path, struct skerry_file_status *status) {
    struct stat found;
    return fill_status(lstat(path, &found), &found, status);
}

int skerry_status_of_descriptor(int descriptor, struct skerry_file_status *status) {
    struct stat found;
    return fill_status(fstat(descriptor, &found), &found, status);
}

int skerry_is_regular_file(int descriptor) {
    struct stat found;
    if (fstat(descriptor, &found) < 0) return -1;
    return S_ISREG(found.st_mode);
}

int64_t skerry_free_bytes(const char *path) {
    struct statvfs status;
    int result;
    do result = statvfs(path, &status);
    while (result < 0 && errno == EINTR);
    if (result < 0) return -1;
    int64_t free_bytes;
    if (__builtin_mul_overflow((int64_t)status.f_bavail, (int64_t)status.f_frsize, &free_bytes)) return INT64_MAX;
    return free_bytes;
}

int skerry_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

short skerry_spawn_setsid(void) { return POSIX_SPAWN_SETSID; }

int skerry_spawn_close_from(void *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int skerry_clock_state(int64_t *error) {
    struct timex state = {.modes = 0};
    if (adjtimex(&state) < 0) return -1;
    *error = state.maxerror;
    return (state.status & STA_UNSYNC) != 0;
}

int64_t skerry_open_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
    return limit.rlim_cur > INT64_MAX ? INT64_MAX : (int64_t)limit.rlim_cur;
}

int skerry_sync_file_system(int descriptor) { return syncfs(descriptor); }

int skerry_make_whiteout(int folder, const char *name) { return mknodat(folder, name, S_IFCHR, 0); }

int skerry_set_attribute(int descriptor, const char *name, const char *value) {
    return fsetxattr(descriptor, name, value, strlen(value), 0);
}

int skerry_has_attribute(int descriptor, const char *name) { return fgetxattr(descriptor, name, NULL, 0) >= 0; }

int skerry_copy_metadata(int from, int to) {
    struct stat found;
    if (fstat(from, &found) < 0) return -1;
    if (fchown(to, found.st_uid, found.st_gid) < 0 && errno != EPERM) return -1;
    if (fchmod(to, found.st_mode & 07777) < 0) return -1;
    struct timespec times[2] = {found.st_atim, found.st_mtim};
    return futimens(to, times);
}

int skerry_kind_of_name(int folder, const char *name) {
    struct stat found;
    if (fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) < 0) return -1;
    if (S_ISDIR(found.st_mode)) return SKERRY_KIND_FOLDER;
    if (S_ISREG(found.st_mode)) return SKERRY_KIND_FILE;
    if (S_ISLNK(found.st_mode)) return SKERRY_KIND_LINK;
    return SKERRY_KIND_OTHER;
}

int skerry_wait_set(void) { return epoll_create1(EPOLL_CLOEXEC); }

int skerry_wait_add(int set, int descriptor, bool for_writing, uint64_t name) {
    struct epoll_event event = {.events = EPOLLONESHOT | (for_writing ? EPOLLOUT : EPOLLIN), .data.u64 = name};
    return epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &event);
}

int skerry_alarm(int64_t nanoseconds) {
    int alarm = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (alarm < 0) return -1;
    // A time of zero would never come.
    if (nanoseconds < 1) nanoseconds = 1;
    struct itimerspec time = {
        .it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000}};
    timerfd_settime(alarm, 0, &time, NULL);
    return alarm;
}

int skerry_wait(int set, uint64_t *names, int most) {
    struct epoll_event events[64];
    int count;
    do {
        count = epoll_wait(set, events, most < 64 ? most : 64, -1);
    } while (count < 0 && errno == EINTR);
    for (int index = 0; index < count; index++) names[index] = events[index].data.u64;
    return count;
}

int skerry_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int skerry_pidfd_signal(int descriptor, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0);
}

int skerry_memory_file(void) { return memfd_create("skerry", MFD_CLOEXEC); }

int skerry_open_terminal(char *name, size_t length) {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0) return -1;
    struct termios settings;
    if (grantpt(master) == 0 && unlockpt(master) == 0 && ptsname_r(master, name, length) == 0 &&
        tcgetattr(master, &settings) == 0) {
        cfmakeraw(&settings);
        if (tcsetattr(master, TCSANOW, &settings) == 0) return master;
    }
    close(master);
    return -1;
}

int skerry_set_window_size(int descriptor, unsigned short columns, unsigned short rows) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    return ioctl(descriptor, TIOCSWINSZ, &size);
}

int skerry_status_exited(int status) { return WIFEXITED(status); }
int skerry_status_code(int status) { return WEXITSTATUS(status); }
int skerry_status_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
