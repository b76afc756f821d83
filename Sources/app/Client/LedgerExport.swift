import Blake3
import ControlModel
import Foundation
import Ledger

#if canImport(Glibc)
    import Glibc
#endif

/// The file that holds a ledger from its genesis on; ``LedgerReplay`` describes the format.
enum LedgerExport {
    /// The first line.
    static let magic = Data("skerry ledger export 1\n".utf8)
    /// Bytes that are read at once.
    static let chunkBytes = 1 << 20

    static func damaged(_ path: String, _ what: String) -> ClientError {
        ClientError(
            .badExport, "\(path) is no sound export of a ledger: \(what). Make it anew with `skerry ledger export`")
    }
}

/// Writes an export. The file appears with ``finish()`` and not before.
final class ExportWriter {
    private let path: String
    private let temporary: String
    private let handle: FileHandle
    private var hasher = Blake3Hasher()
    private var isFinished = false

    /// - Throws: ``ClientError`` `.fileUnusable`.
    init(_ path: String, genesis: Genesis) throws {
        self.path = path
        temporary = "\(path).\(getpid()).part"
        guard FileManager.default.createFile(atPath: temporary, contents: nil),
            let handle = FileHandle(forWritingAtPath: temporary)
        else { throw ClientError(.fileUnusable, "Cannot write \(temporary); choose another folder") }
        self.handle = handle
        try append(LedgerExport.magic)
        try add([genesis.bytes])
    }

    deinit {
        try? handle.close()
        if !isFinished { try? FileManager.default.removeItem(atPath: temporary) }
    }

    func add(_ frames: [Data]) throws { try append(ByteFrames.encode(frames)) }

    /// Ends the file. When this returns, it is durable under its name.
    func finish() throws {
        try append(ByteFrames.encode([Data()]))
        let digest = hasher.finalize()
        do {
            try handle.write(contentsOf: Data(digest.bytes))
            try handle.synchronize()
            guard rename(temporary, path) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        } catch {
            throw ClientError(.fileUnusable, "Cannot write \(path): \(SystemFailure.reason(error))")
        }
        isFinished = true
    }

    private func append(_ bytes: Data) throws {
        bytes.withUnsafeBytes { hasher.update($0) }
        do {
            try handle.write(contentsOf: bytes)
        } catch {
            throw ClientError(.fileUnusable, "Cannot write \(temporary): \(SystemFailure.reason(error))")
        }
    }
}

/// Reads an export. What it gives is unverified up to the end, where the digest must be right.
final class ExportReader {
    let genesis: Genesis
    private let path: String
    private let handle: FileHandle
    private var hasher: Blake3Hasher
    private var buffer = Data()
    /// Where the rest of the buffer begins.
    private var position = 0
    private var isAtEnd = false

    /// - Throws: ``ClientError`` `.fileUnusable` or `.badExport`.
    init(_ path: String) throws {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw ClientError(.fileUnusable, "Cannot read \(path); give the path of an export")
        }
        self.path = path
        self.handle = handle
        let start = try ExportReader.read(handle, path, LedgerExport.magic.count)
        guard start == LedgerExport.magic else { throw LedgerExport.damaged(path, "it begins with something else") }
        var hasher = Blake3Hasher()
        start.withUnsafeBytes { hasher.update($0) }
        let header = try ExportReader.read(handle, path, ByteFrames.headerByteCount)
        let count = ExportReader.length(header)
        guard (1...Genesis.maxByteCount).contains(count) else {
            throw LedgerExport.damaged(path, "its genesis has \(count) bytes")
        }
        let bytes = try ExportReader.read(handle, path, count)
        for part in [header, bytes] { part.withUnsafeBytes { hasher.update($0) } }
        self.hasher = hasher
        do {
            genesis = try Genesis(decoding: bytes)
        } catch {
            throw LedgerExport.damaged(path, "\(error)")
        }
    }

    deinit { try? handle.close() }

    /// The next entries, at most `limit`; empty at the end.
    ///
    /// - Throws: ``ClientError`` `.badExport` if the file is damaged or goes on behind its end.
    func entries(limit: Int) throws -> [Data] {
        var entries: [Data] = []
        var byteCount = 0
        while !isAtEnd, entries.count < limit, byteCount < LedgerExport.chunkBytes {
            let header = try take(ByteFrames.headerByteCount)
            let count = ExportReader.length(header)
            if count == 0 {
                try checkEnd()
            } else {
                guard count <= Entry.maxByteCount else {
                    throw LedgerExport.damaged(path, "an entry has \(count) bytes")
                }
                entries.append(try take(count))
                byteCount += count
            }
        }
        return entries
    }

    private func checkEnd() throws {
        let digest = hasher.finalize()
        let rest = try fill(Digest.byteCount + 1)
        guard rest.elementsEqual(digest.bytes) else {
            throw LedgerExport.damaged(path, "its digest is not that of its bytes")
        }
        isAtEnd = true
    }

    private func take(_ count: Int) throws -> Data {
        guard try fill(count).count >= count else { throw LedgerExport.damaged(path, "it ends in the middle") }
        let bytes = Data(buffer[position..<position + count])
        position += count
        bytes.withUnsafeBytes { hasher.update($0) }
        return bytes
    }

    /// All that is buffered, which is at least `count` bytes unless the file ends before.
    private func fill(_ count: Int) throws -> Data {
        if buffer.count - position < count {
            buffer = Data(buffer[position...])
            position = 0
        }
        while buffer.count < count {
            let more = try ExportReader.some(handle, path, LedgerExport.chunkBytes)
            if more.isEmpty { break }
            buffer.append(more)
        }
        return buffer[position...]
    }

    private static func length(_ header: Data) -> Int { header.reduce(0) { $0 << 8 | Int($1) } }

    private static func read(_ handle: FileHandle, _ path: String, _ count: Int) throws -> Data {
        let bytes = try some(handle, path, count)
        guard bytes.count == count else { throw LedgerExport.damaged(path, "it ends in the middle") }
        return bytes
    }

    private static func some(_ handle: FileHandle, _ path: String, _ count: Int) throws -> Data {
        do {
            return try handle.read(upToCount: count) ?? Data()
        } catch {
            throw ClientError(.fileUnusable, "Cannot read \(path): \(SystemFailure.reason(error))")
        }
    }
}
