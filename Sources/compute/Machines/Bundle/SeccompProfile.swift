/// Which system calls a machine's programs may make: all that programs need, and none that change the host, look into
/// other processes, make namespaces, or reach parts of the kernel with a history of faults.
///
/// The filter is one of several layers: capabilities, the user namespace and cgroups do not depend on it. Calls that are
/// not listed fail with EPERM, so that programs which try one and can do without go on.
enum SeccompProfile {
    /// Families of sockets (socket(2)): AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK. Others lead past the network namespace,
    /// such as AF_VSOCK to a hypervisor, or to parts of the kernel that no program of a machine needs.
    static let socketFamilies: [UInt64] = [1, 2, 10, 16]
    /// Bits in clone's flags that make namespaces (clone(2)).
    static let namespaceFlags: UInt64 = 0x7E02_0080

    /// The profile as `linux.seccomp` of the OCI runtime specification.
    static var profile: RuntimeConfig.Seccomp {
        RuntimeConfig.Seccomp(
            defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 1, architectures: [architecture],
            syscalls: [
                .init(names: allowed, action: "SCMP_ACT_ALLOW"),
                .init(
                    names: ["clone"], action: "SCMP_ACT_ALLOW",
                    args: [.init(index: 0, value: namespaceFlags, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ")]),
                // Its flags lie behind a pointer; the C libraries then use clone, whose flags can be looked at.
                .init(names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38),
            ] + sockets)
    }

    private static var sockets: [RuntimeConfig.SeccompRule] {
        socketFamilies.map { family in
            RuntimeConfig.SeccompRule(
                names: ["socket"], action: "SCMP_ACT_ALLOW",
                args: [.init(index: 0, value: family, valueTwo: 0, op: "SCMP_CMP_EQ")])
        }
    }

    #if arch(arm64)
        private static let architecture = "SCMP_ARCH_AARCH64"
    #else
        private static let architecture = "SCMP_ARCH_X86_64"
    #endif

    /// Names that a processor or a library lacks are passed over by the runtime.
    static let allowed: [String] = names.split { $0 == " " || $0 == "\n" }.map(String.init)

    private static let names = """
        accept accept4 access alarm arch_prctl bind brk cachestat capget capset chdir chmod chown clock_getres
        clock_gettime clock_nanosleep close close_range connect copy_file_range creat dup dup2 dup3
        epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve
        execveat exit exit_group faccessat faccessat2 fadvise64 fallocate fchdir fchmod fchmodat fchmodat2
        fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstatfs
        fsync ftruncate futex futex_requeue futex_wait futex_waitv futex_wake futimesat get_robust_list getcpu
        getcwd getdents getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp
        getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid getsockname
        getsockopt gettid gettimeofday getuid getxattr inotify_add_watch inotify_init inotify_init1
        inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit ioctl ioprio_get
        ioprio_set kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lgetxattr link
        linkat listen listxattr llistxattr lremovexattr lseek lsetxattr lstat madvise map_shadow_stack
        membarrier memfd_create mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mprotect
        mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink mremap msgctl msgget msgrcv
        msgsnd msync munlock munlockall munmap nanosleep newfstatat open openat openat2 pause pidfd_open
        pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll prctl pread64 preadv preadv2
        prlimit64 pselect6 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recvfrom recvmmsg
        recvmsg remap_file_pages removexattr rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction
        rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
        rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr
        sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam
        sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop sendfile sendmmsg sendmsg
        sendto set_robust_list set_tid_address setfsgid setfsuid setgid setgroups setitimer setpgid setpriority
        setregid setresgid setresuid setreuid setrlimit setsid setsockopt setuid setxattr shmat shmctl shmdt
        shmget shutdown sigaltstack signalfd signalfd4 socketpair splice stat statfs statx symlink
        symlinkat sync sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete
        timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill
        truncate umask uname unlink unlinkat utime utimensat utimes vfork vmsplice wait4 waitid write writev
        """
}
