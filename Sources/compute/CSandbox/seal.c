#define _GNU_SOURCE
#include "include/CSandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the system call filter is written for x86-64 and arm64"
#endif

// Bit 30 marks the x32 calls of x86-64; arm64 has no numbers that high.
#define FOREIGN_CALLS 0x40000000u

// A thread: shared memory, files, handlers, and no new namespace.
#define THREAD_FLAGS \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | \
     CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define SKIP_UNLESS_EQUAL(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (count))
#define ALLOW(call) SKIP_UNLESS_EQUAL(SYS_##call, 1), RETURN(SECCOMP_RET_ALLOW)
#define REFUSE(call, error) SKIP_UNLESS_EQUAL(SYS_##call, 1), RETURN(SECCOMP_RET_ERRNO | (error))
#define ALLOW_WHEN_FIRST_ARGUMENT(call, value) \
    SKIP_UNLESS_EQUAL(SYS_##call, 4), LOAD(args[0]), SKIP_UNLESS_EQUAL((value), 1), RETURN(SECCOMP_RET_ALLOW), \
        RETURN(SECCOMP_RET_ERRNO | EPERM)

// Memory of its own alone: shared pages do not count as the process's, so that nobody would see how much it has.
#define ALLOW_PRIVATE_MMAP \
    SKIP_UNLESS_EQUAL(SYS_mmap, 5), LOAD(args[3]), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, MAP_TYPE), \
        SKIP_UNLESS_EQUAL(MAP_PRIVATE, 1), RETURN(SECCOMP_RET_ALLOW), RETURN(SECCOMP_RET_ERRNO | EPERM)

int skerry_sandbox_seal(void) {
    const unsigned own_process = (unsigned)getpid();
    struct sock_filter filter[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCHITECTURE, 1, 0),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FOREIGN_CALLS, 0, 1),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        // The socket and the engine's wake-up descriptors.
        ALLOW(read), ALLOW(write), ALLOW(readv), ALLOW(writev), ALLOW(recvmsg), ALLOW(sendmsg),
        ALLOW(pread64), ALLOW(lseek), ALLOW(close), ALLOW(ppoll), ALLOW(eventfd2),
#ifdef SYS_poll
        ALLOW(poll),
#endif
        // Threads and time.
        ALLOW(futex), ALLOW(sched_yield), ALLOW(sched_getaffinity), ALLOW(sched_setscheduler),
        ALLOW(nanosleep), ALLOW(clock_nanosleep), ALLOW(clock_gettime), ALLOW(gettimeofday), ALLOW(getrusage),
        ALLOW(set_robust_list), ALLOW(rseq), ALLOW(membarrier), ALLOW(gettid), ALLOW(getpid),
        // Memory.
        ALLOW_PRIVATE_MMAP, ALLOW(munmap), ALLOW(mprotect), ALLOW(madvise), ALLOW(mremap), ALLOW(brk),
        // The engine stops its threads and catches WebAssembly faults with signals.
        ALLOW(rt_sigaction), ALLOW(rt_sigprocmask), ALLOW(rt_sigreturn), ALLOW(rt_sigsuspend), ALLOW(sigaltstack),
        ALLOW(restart_syscall), ALLOW(getrandom), ALLOW(exit), ALLOW(exit_group),
        // Its arguments lie behind a pointer; without it the C library uses clone, whose flags can be checked.
        REFUSE(clone3, ENOSYS),
        // Lookups that the libraries make and can do without.
        REFUSE(openat, EACCES), REFUSE(newfstatat, EACCES), REFUSE(prlimit64, EACCES), REFUSE(ioctl, ENOTTY),
        REFUSE(readlinkat, EACCES), REFUSE(faccessat, EACCES), REFUSE(uname, EACCES), REFUSE(sysinfo, EACCES),
#ifdef SYS_readlink
        REFUSE(readlink, EACCES),
#endif
        ALLOW_WHEN_FIRST_ARGUMENT(prctl, PR_SET_NAME),
        ALLOW_WHEN_FIRST_ARGUMENT(clone, THREAD_FLAGS),
        ALLOW_WHEN_FIRST_ARGUMENT(tgkill, own_process),
        RETURN(SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = { sizeof filter / sizeof filter[0], filter };
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    // A positive result names the thread that could not take the filter.
    if (result > 0) return EBUSY;
    return result == 0 ? 0 : errno;
}
