import CSandbox
import Glibc

/// The bits of `CSandbox` as words.
struct SandboxLayers {
    /// One layer, and what it is for.
    struct Layer {
        var bit: UInt32
        var name: String
        var purpose: String
    }

    static let all: [Layer] = [
        layer(SKERRY_LAYER_SECCOMP, "seccomp", "any system call that the engine does not need ends the worker"),
        layer(SKERRY_LAYER_LANDLOCK, "landlock", "no files, no TCP, no signals, whatever the user may do"),
        layer(SKERRY_LAYER_NO_NEW_PRIVS, "no-new-privileges", "no program can give it more rights"),
        layer(SKERRY_LAYER_UNPRIVILEGED_USER, "unprivileged-user", "it does not run as root"),
        layer(SKERRY_LAYER_OWN_USER, "own-user", "no other worker has its user id"),
        layer(SKERRY_LAYER_NO_CAPABILITIES, "no-capabilities", "it has none, not even in its own namespaces"),
        layer(SKERRY_LAYER_RLIMITS, "resource-limits", "few descriptors, no files, no core dumps"),
        layer(SKERRY_LAYER_NOT_DUMPABLE, "not-dumpable", "other processes of its user cannot trace it"),
        layer(SKERRY_LAYER_USER_NAMESPACE, "user-namespace", "what rights it could gain end at the namespace"),
        layer(SKERRY_LAYER_PID_NAMESPACE, "pid-namespace", "it sees no other process"),
        layer(SKERRY_LAYER_MOUNT_NAMESPACE, "mount-namespace", "its mounts are its own"),
        layer(SKERRY_LAYER_PRIVATE_ROOT, "private-root", "the host's files do not exist for it"),
        layer(SKERRY_LAYER_NETWORK_NAMESPACE, "network-namespace", "it has no network, not even loopback"),
        layer(SKERRY_LAYER_IPC_NAMESPACE, "ipc-namespace", "no shared memory or queues of others"),
        layer(SKERRY_LAYER_UTS_NAMESPACE, "uts-namespace", "it cannot rename the host"),
        layer(SKERRY_LAYER_CGROUP_NAMESPACE, "cgroup-namespace", "it does not see where it is in the host's cgroups"),
        layer(SKERRY_LAYER_MEMORY_CGROUP, "memory-cgroup", "the kernel bounds its memory at any moment"),
        layer(SKERRY_LAYER_CPU_CGROUP, "cpu-cgroup", "the node and others come first when the CPU is short"),
        layer(SKERRY_LAYER_PIDS_CGROUP, "pids-cgroup", "the kernel bounds its threads"),
    ]

    private static func layer(_ bit: Int, _ name: String, _ purpose: String) -> Layer {
        Layer(bit: UInt32(bit), name: name, purpose: purpose)
    }

    let active: [String]
    let missing: [String]

    init(rawValue: UInt32) {
        active = Self.all.filter { rawValue & $0.bit != 0 }.map(\.name)
        missing = Self.all.filter { rawValue & $0.bit == 0 }.map(\.name)
    }

    /// Why the host refused a layer, and what would change that.
    static func reason(_ layer: Layer, error: Int32, cgroups: String) -> String {
        let cause = error == 0 ? "the worker does not report it" : String(cString: strerror(error))
        return "\(cause); \(advice(layer, error, cgroups))"
    }

    private static func advice(_ layer: Layer, _ error: Int32, _ cgroups: String) -> String {
        switch Int(layer.bit) {
        case SKERRY_LAYER_SECCOMP:
            return "the kernel needs CONFIG_SECCOMP_FILTER"
        case SKERRY_LAYER_LANDLOCK:
            return error == EOPNOTSUPP
                ? "switch it on with landlock in the kernel's lsm= option" : "it needs Linux 5.13 with Landlock"
        case SKERRY_LAYER_OWN_USER:
            return "only a node that root starts can give each worker a user of its own"
        case SKERRY_LAYER_UNPRIVILEGED_USER:
            return "the node is root in a container without other user ids; start it as another user"
        case SKERRY_LAYER_MEMORY_CGROUP, SKERRY_LAYER_CPU_CGROUP, SKERRY_LAYER_PIDS_CGROUP:
            if error == ENOENT { return "this host's cgroups (\(cgroups)) do not offer the controller to the node" }
            if error == EBUSY {
                return "other processes are in the node's cgroup: run the node as a service of its own"
            }
            return "the node's cgroup (\(cgroups)) is not its own: run it as a systemd service with Delegate=yes"
        default:
            if error == ENOSPC || error == EUSERS { return "raise user.max_*_namespaces (sysctl)" }
            if error == EINVAL || error == ENOSYS { return "the kernel is built without it" }
            return "unprivileged user namespaces are switched off here (sysctl kernel.unprivileged_userns_clone, "
                + "kernel.apparmor_restrict_unprivileged_userns), or this is a container that may make none"
        }
    }
}
