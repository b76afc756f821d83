#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <spawn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <unistd.h>

#if !defined(RWF_NOWAIT)
#define RWF_NOWAIT 0x00000008
#endif

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
