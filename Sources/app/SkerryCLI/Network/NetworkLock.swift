import CLinux
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Keeps two commands from making or starting one network at the same time. The kernel lets go when the process ends.
struct NetworkLock {
    private let descriptor: Int32

    /// Takes the folder, which is made if it is not there yet.
    ///
    /// - Throws: ``CommandError`` if another command has it, or it cannot be written.
    init(_ folder: String) throws {
        try? FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        descriptor = open(folder + "/up.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandError(
                "Cannot write to the folder \(folder): \(String(cString: strerror(errno))); choose another one with --data"
            )
        }
        guard skerry_flock_exclusive(descriptor) == 0 else {
            close(descriptor)
            throw CommandError(
                "Another `skerry up` is starting the network in \(folder); `skerry status` shows when it is ready")
        }
    }

    /// Lets go; once.
    func release() { close(descriptor) }
}
