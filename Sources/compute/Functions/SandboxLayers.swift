import CSandbox

/// The bits of `CSandbox` as words.
struct SandboxLayers {
    private static let names: [(bit: UInt32, name: String)] = [
        (UInt32(SKERRY_LAYER_SECCOMP), "seccomp"),
        (UInt32(SKERRY_LAYER_LANDLOCK), "landlock"),
        (UInt32(SKERRY_LAYER_NO_NEW_PRIVS), "no-new-privileges"),
        (UInt32(SKERRY_LAYER_UNPRIVILEGED_USER), "unprivileged-user"),
        (UInt32(SKERRY_LAYER_RLIMITS), "resource-limits"),
        (UInt32(SKERRY_LAYER_NOT_DUMPABLE), "not-dumpable"),
        (UInt32(SKERRY_LAYER_NETWORK_NAMESPACE), "network-namespace"),
        (UInt32(SKERRY_LAYER_IPC_NAMESPACE), "ipc-namespace"),
        (UInt32(SKERRY_LAYER_UTS_NAMESPACE), "uts-namespace"),
    ]

    let active: [String]
    let missing: [String]

    init(rawValue: UInt32) {
        active = Self.names.filter { rawValue & $0.bit != 0 }.map(\.name)
        missing = Self.names.filter { rawValue & $0.bit == 0 }.map(\.name)
    }
}
