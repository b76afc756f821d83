import Foundation
import Ledger
import Secrets
import SwiftProtobuf
import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// A node's folder with the secrets of apps: a file for each, with the signed list and values that are sealed to this
/// node. No file has a value in clear.
struct SecretFolder: Sendable {
    private static let suffix = ".sealed"
    /// Room for a full list and all its values, sealed.
    private static let maxFileBytes = 2 << 20

    let path: String

    /// Makes the folder, for this user only, if it is not there.
    ///
    /// - Throws: ``SecretsError`` `.folderUnusable`.
    init(path: String) throws(SecretsError) {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw SecretsError(
                .folderUnusable, "Cannot make the folder for secrets \(path): \(error.localizedDescription)")
        }
    }

    /// The apps that have a file.
    func apps() -> [AppName] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return files.compactMap { file in
            file.hasSuffix(SecretFolder.suffix) ? AppName(String(file.dropLast(SecretFolder.suffix.count))) : nil
        }
    }

    /// What a file holds, unchecked; nil if there is none or it cannot be read.
    func read(_ app: AppName) -> PeerPBSecrets? {
        guard let handle = FileHandle(forReadingAtPath: file(app)) else { return nil }
        defer { try? handle.close() }
        guard let bytes = try? handle.read(upToCount: SecretFolder.maxFileBytes) else { return nil }
        return try? PeerPBSecrets(serializedBytes: bytes)
    }

    /// Replaces an app's file, whole or not at all. When this returns, it is durable.
    ///
    /// - Throws: ``SecretsError`` `.folderUnusable`.
    func write(_ app: AppName, _ held: SecretBook.Held) throws(SecretsError) {
        let message = PeerPBSecrets.with {
            $0.list = held.list.encoded
            $0.values = held.inOrder
        }
        guard let bytes: [UInt8] = try? message.serializedBytes() else { throw unwritable(app, "it cannot be encoded") }
        let temporary = file(app) + ".part"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw unwritable(app, String(cString: strerror(errno))) }
        let isWritten = SecretFolder.writeAll(bytes, to: descriptor) && fsync(descriptor) == 0
        let problem = String(cString: strerror(errno))
        close(descriptor)
        guard isWritten, rename(temporary, file(app)) == 0, synchronise() else {
            unlink(temporary)
            throw unwritable(app, problem)
        }
    }

    /// Removes an app's file. When this returns, it is gone for good.
    func remove(_ app: AppName) {
        unlink(file(app))
        _ = synchronise()
    }

    private func file(_ app: AppName) -> String { "\(path)/\(app)\(SecretFolder.suffix)" }

    private func synchronise() -> Bool {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return false }
        defer { close(folder) }
        return fsync(folder) == 0
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private func unwritable(_ app: AppName, _ problem: String) -> SecretsError {
        SecretsError(
            .folderUnusable, "This node cannot keep the secrets of \(app) in \(path): \(problem); is the disk full?")
    }
}
