import Files
import Foundation
import Ledger
import Secrets
import SwiftProtobuf
import Wire

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
        do { try DurableFile.replace(file(app), with: bytes) } catch { throw unwritable(app, "\(error)") }
    }

    /// Removes an app's file. When this returns, it is gone for good.
    func remove(_ app: AppName) { try? DurableFile.remove(file(app)) }

    private func file(_ app: AppName) -> String { "\(path)/\(app)\(SecretFolder.suffix)" }

    private func unwritable(_ app: AppName, _ problem: String) -> SecretsError {
        SecretsError(
            .folderUnusable, "This node cannot keep the secrets of \(app) in \(path): \(problem); is the disk full?")
    }
}
