/// `config.json` of the OCI runtime specification 1.0.2, as far as we use it.
struct RuntimeConfig: Encodable {
    struct Root: Encodable {
        var path: String
        var readonly: Bool
    }

    struct User: Encodable {
        var uid: UInt32
        var gid: UInt32
    }

    struct Limit: Encodable {
        var type: String
        var hard: UInt64
        var soft: UInt64
    }

    struct Capabilities: Encodable {
        var bounding: [String]
        var effective: [String]
        var permitted: [String]
    }

    struct ConsoleSize: Encodable {
        var height: UInt16
        var width: UInt16
    }

    struct Process: Encodable {
        var terminal = false
        var consoleSize: ConsoleSize?
        var user: User
        var args: [String]
        var env: [String]
        var cwd: String
        var capabilities: Capabilities
        var rlimits: [Limit]
        var noNewPrivileges = true
        var oomScoreAdj: Int
    }

    struct Mount: Encodable {
        var destination: String
        var type: String
        var source: String
        var options: [String]
    }

    struct Namespace: Encodable {
        var type: String
        var path: String?
    }

    struct Mapping: Encodable {
        var containerID: UInt32
        var hostID: UInt32
        var size: UInt32
    }

    struct DeviceRule: Encodable {
        var allow: Bool
        var access: String
    }

    struct Memory: Encodable {
        var limit: Int
        var swap: Int
    }

    struct CPU: Encodable {
        var shares: UInt64
        var quota: Int
        var period: UInt64
    }

    struct Pids: Encodable {
        var limit: Int
    }

    struct Resources: Encodable {
        var devices: [DeviceRule]
        var memory: Memory
        var cpu: CPU
        var pids: Pids
    }

    struct SeccompArgument: Encodable {
        var index: Int
        var value: UInt64
        var valueTwo: UInt64
        var op: String
    }

    struct SeccompRule: Encodable {
        var names: [String]
        var action: String
        var errnoRet: UInt32?
        var args: [SeccompArgument]?
    }

    struct Seccomp: Encodable {
        var defaultAction: String
        var defaultErrnoRet: UInt32
        var architectures: [String]
        var syscalls: [SeccompRule]
    }

    struct Linux: Encodable {
        var namespaces: [Namespace]
        var uidMappings: [Mapping]?
        var gidMappings: [Mapping]?
        var cgroupsPath: String
        var resources: Resources
        var seccomp: Seccomp
        var maskedPaths: [String]
        var readonlyPaths: [String]
    }

    var ociVersion = "1.0.2"
    var root: Root
    var hostname: String
    var process: Process
    var mounts: [Mount]
    var linux: Linux
}
