import Blake3
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// A private key on disk: one line of 64 hexadecimal digits, mode 0600.
public enum KeyFile {
    /// Reads the key at `path`, or makes a new one there on first use.
    ///
    /// A new file is written beside its final name, fsynced and then linked into place, so that two processes that
    /// start at once agree on one key. When this returns, the key is durable.
    ///
    /// - Throws: ``IdentityError`` if the file is unreadable, malformed or readable by others.
    public static func loadOrCreate(_ path: String) throws -> SigningKey {
        if FileManager.default.fileExists(atPath: path) { return try load(path) }
        let folder = (path as NSString).deletingLastPathComponent
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw IdentityError(.keyFileUnusable, "Cannot make the key folder \(folder): \(error.localizedDescription)")
        }
        let key = SigningKey()
        try create(path, key)
        return try load(path)
    }

    /// Reads the key at `path`.
    ///
    /// - Throws: ``IdentityError`` if the file is absent, malformed or readable by others.
    public static func load(_ path: String) throws -> SigningKey {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw IdentityError(
                .keyFileUnusable, "Cannot read the key file \(path): \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw IdentityError(
                .keyFileExposed,
                "The key file \(path) can be read by other users; run `chmod 600 \(path)` and consider a new key")
        }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let seed = Digest(hex: text.trimmingCharacters(in: .whitespacesAndNewlines)),
            let key = try? SigningKey(rawRepresentation: Data(seed.bytes))
        else {
            throw IdentityError(
                .keyFileUnusable, "The key file \(path) does not hold 64 hexadecimal digits; restore it from a backup")
        }
        return key
    }

    private static func create(_ path: String, _ key: SigningKey) throws {
        let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max))"
        let text = (Digest(key.rawRepresentation)?.hex ?? "") + "\n"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw IdentityError(
                .keyFileUnusable, "Cannot write the key file \(path): \(String(cString: strerror(errno)))")
        }
        defer { unlink(temporary) }
        let written = text.utf8.withContiguousStorageIfAvailable { write(descriptor, $0.baseAddress, $0.count) } ?? -1
        let synced = fsync(descriptor)
        close(descriptor)
        guard written == text.utf8.count, synced == 0 else {
            throw IdentityError(.keyFileUnusable, "Cannot write the key file \(path): is the disk full?")
        }
        if link(temporary, path) != 0, errno != EEXIST {
            throw IdentityError(
                .keyFileUnusable, "Cannot make the key file \(path): \(String(cString: strerror(errno)))")
        }
        let folder = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }
}
