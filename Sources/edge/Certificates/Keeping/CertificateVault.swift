import Crypto
import Files
import Foundation
public import Identity

/// A node's folder with certificates, their keys and the account's key: each file is encrypted with a key that is derived
/// from the node's own, and authentic.
///
/// Who copies the folder, or a backup of it, has nothing without the node's key; who moves one file to another's place is
/// found out.
public struct CertificateVault: Sendable {
    private static let suffix = ".sealed"
    private static let maxFileBytes = 1 << 19
    private static let accountName = "acme-account"

    private let path: String
    private let key: SymmetricKey

    /// Makes the folder, for this user only, if it is not there.
    ///
    /// - Throws: ``CertificateError`` `.folderUnusable`.
    public init(path: String, nodeKey: SigningKey) throws {
        self.path = path
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: nodeKey.rawRepresentation), salt: Data(),
            info: Data("skerry 2026-11 certificate vault".utf8), outputByteCount: 32)
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CertificateError(
                .folderUnusable, "Cannot make the folder for certificates \(path): \(error.localizedDescription)")
        }
    }

    // MARK: Certificates

    /// The domains that have a file.
    public func domains() -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return files.compactMap { file in
            guard file.hasSuffix(CertificateVault.suffix) else { return nil }
            let name = String(file.dropLast(CertificateVault.suffix.count))
            return name.contains(".") ? name : nil
        }.sorted()
    }

    /// A domain's certificate; nil if there is no file.
    ///
    /// - Throws: ``CertificateError`` for a file that was changed, or is another node's.
    public func certificate(for domain: String) throws -> CertificateMaterial? {
        guard let bytes = try read(domain) else { return nil }
        let stored = try? JSONDecoder().decode(CertificateMaterial.self, from: bytes)
        guard let stored else { throw unreadable(domain) }
        return try CertificateMaterial(chainPEM: stored.chainPEM, keyPEM: stored.keyPEM)
    }

    /// Replaces a domain's certificate, whole or not at all. When this returns, it is durable.
    ///
    /// - Throws: ``CertificateError`` `.folderUnusable`.
    public func keep(_ material: CertificateMaterial, for domain: String) throws {
        try write(try JSONEncoder().encode(material), as: domain)
    }

    /// Removes a domain's certificate. When this returns, it is gone for good.
    public func forget(_ domain: String) {
        guard CertificateVault.isFileName(domain) else { return }
        try? DurableFile.remove(file(domain))
    }

    // MARK: The account

    /// The account's key; made at the first call.
    ///
    /// - Throws: ``CertificateError``.
    public func accountKey() throws -> ACMEAccountKey {
        if let bytes = try read(CertificateVault.accountName) {
            do { return try ACMEAccountKey(rawRepresentation: bytes) } catch {
                throw unreadable(CertificateVault.accountName)
            }
        }
        let key = ACMEAccountKey()
        try write(key.rawRepresentation, as: CertificateVault.accountName)
        return key
    }

    // MARK: Files

    private func file(_ name: String) -> String { "\(path)/\(name)\(CertificateVault.suffix)" }

    /// Lower-case letters, digits, hyphens and inner dots: nothing that leads out of the folder.
    private static func isFileName(_ name: String) -> Bool {
        (1...253).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: ".")
            && name.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    private func read(_ name: String) throws -> Data? {
        guard CertificateVault.isFileName(name), let handle = FileHandle(forReadingAtPath: file(name)) else {
            return nil
        }
        defer { try? handle.close() }
        guard let bytes = try? handle.read(upToCount: CertificateVault.maxFileBytes),
            let box = try? ChaChaPoly.SealedBox(combined: bytes),
            let opened = try? ChaChaPoly.open(box, using: key, authenticating: Data(name.utf8))
        else { throw unreadable(name) }
        return opened
    }

    private func write(_ bytes: Data, as name: String) throws {
        guard CertificateVault.isFileName(name) else { throw unwritable(name, "that is no name") }
        let sealed = try ChaChaPoly.seal(bytes, using: key, authenticating: Data(name.utf8)).combined
        do { try DurableFile.replace(file(name), with: Array(sealed)) } catch { throw unwritable(name, "\(error)") }
    }

    private func unwritable(_ name: String, _ problem: String) -> CertificateError {
        CertificateError(
            .folderUnusable, "This node cannot keep \(name) in \(path): \(problem); is the disk full?")
    }

    private func unreadable(_ name: String) -> CertificateError {
        CertificateError(
            .folderUnusable,
            "The file \(file(name)) was not written with this node's key, or was changed; remove it to get a new one")
    }
}
