import Foundation
import Processes

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file with an ext4 in it, and where it is mounted. Blocks; for threads that may.
struct VolumeDisk {
    private static let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    let image: String
    let mountPoint: String

    /// Whether this process may make such disks: said without trying.
    static var isPossible: Bool {
        geteuid() == 0 && tool("mkfs.ext4") != nil && tool("mount") != nil
            && access("/dev/loop-control", R_OK | W_OK) == 0
    }

    private static func tool(_ name: String) -> String? {
        folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    /// Makes the file, sparse, with an empty ext4.
    func format(byteCount: Int) throws {
        let draft = image + ".new"
        unlink(draft)
        let descriptor = open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw VolumeDisk.failure("The volume's file cannot be made", errno) }
        let isSized = ftruncate(descriptor, off_t(byteCount)) == 0
        let code = errno
        close(descriptor)
        guard isSized else { throw VolumeDisk.failure("The volume's file cannot be made", code) }
        // Blocks for the superuser alone would be lost to the machine.
        try VolumeDisk.run("mkfs.ext4", ["-q", "-F", "-m", "0", "-E", "lazy_itable_init=1", draft])
        guard rename(draft, image) == 0 else { throw VolumeDisk.failure("The volume's file cannot be named", errno) }
    }

    /// Mounts it, unless it is: mounts outlive a node that was killed.
    func mount() throws {
        guard !isMounted else { return }
        mkdir(mountPoint, 0o700)
        try VolumeDisk.run("mount", ["-o", "loop,nosuid,nodev", image, mountPoint])
    }

    /// Unmounts it, if it is mounted.
    ///
    /// - Parameter lazily: Takes its name away at once; whoever has it still, such as a machine that goes on, keeps it until
    ///   its end. Else it fails while somebody has it.
    func unmount(lazily: Bool = false) throws {
        guard isMounted else { return }
        try VolumeDisk.run("umount", (lazily ? ["--lazy"] : []) + [mountPoint])
    }

    var isMounted: Bool {
        DiskUse.isMountPoint(mountPoint, in: (mountPoint as NSString).deletingLastPathComponent)
    }

    private static func run(_ name: String, _ arguments: [String]) throws {
        guard let path = tool(name) else { throw VolumeError(.disk, "\(name) is not on this host; install it") }
        let (status, errors): (Int32, [UInt8])
        do { (status, errors) = try Spawn.run([path] + arguments, limit: 2_000) } catch {
            throw VolumeError(.disk, error.description)
        }
        guard status == 0 else {
            let reason = String(decoding: errors, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            throw VolumeError(.disk, "\(name) failed with \(status): \(reason)")
        }
    }

    private static func failure(_ what: String, _ code: CInt) -> VolumeError {
        VolumeError(.disk, "\(what) (\(String(cString: strerror(code))))")
    }
}
