// In a module that uses Foundation, the C library's structures may be seen as its.
import CoreFoundation
import Foundation
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes the files of a snapshot's stream below a folder that is its own. Blocks; for threads that may.
///
/// `@unchecked Sendable`: one call at a time, and who calls waits for its end.
final class VolumeStreamRestorer: @unchecked Sendable {
    private let root: String
    private var reader: VolumeStreamReader
    private var current: (entry: VolumeEntry, descriptor: CInt)?
    /// Folders get their permissions and times when all is in them.
    private var folders: [VolumeEntry] = []

    /// - Parameter root: An empty folder that nobody else writes to.
    init(root: String, maxBytes: Int) {
        self.root = root
        reader = VolumeStreamReader(maxBytes: maxBytes)
    }

    /// Files so far, and their bytes.
    var counts: (entries: Int, bytes: Int) { (reader.entryCount, reader.contentBytes) }

    /// - Throws: ``VolumeError``.
    func append(_ bytes: ByteBuffer) throws {
        reader.append(bytes)
        while let event = try reader.next() {
            switch event {
            case .entry(let entry): try begin(entry)
            case .content(let part): try put(part)
            case .target(let target): try link(target)
            case .end: try end()
            }
        }
    }

    /// The stream is over. When this returns, all files are durable.
    ///
    /// - Throws: ``VolumeError``.
    func finish() throws {
        try reader.finish()
        for folder in folders.reversed() {
            try settle(folder)
            let descriptor = open(try place(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure(folder.path) }
            let isDurable = fsync(descriptor) == 0
            close(descriptor)
            guard isDurable else { throw failure(folder.path) }
        }
    }

    deinit { if let current, current.descriptor >= 0 { close(current.descriptor) } }

    private func begin(_ entry: VolumeEntry) throws {
        let place = try place(entry)
        switch entry.kind {
        case .folder:
            if !entry.path.isEmpty { guard mkdir(place, 0o700) == 0 else { throw failure(entry.path) } }
            folders.append(entry)
        case .file:
            let descriptor = open(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw failure(entry.path) }
            current = (entry, descriptor)
        case .link: current = (entry, -1)
        }
    }

    private func put(_ part: ByteBuffer) throws {
        guard let current else { return }
        var part = part
        while part.readableBytes > 0 {
            let count = part.readWithUnsafeReadableBytes { bytes in
                max(0, write(current.descriptor, bytes.baseAddress, bytes.count))
            }
            guard count > 0 else { throw failure(current.entry.path) }
        }
    }

    private func link(_ target: [UInt8]) throws {
        guard let current else { return }
        let place = try place(current.entry)
        guard let text = String(validating: target, as: UTF8.self) else {
            throw VolumeError(.badSnapshot, "The snapshot has a link that is not UTF-8, which this node does not write")
        }
        guard symlink(text, place) == 0 else { throw failure(current.entry.path) }
    }

    private func end() throws {
        guard let (entry, descriptor) = current else { return }
        current = nil
        if descriptor >= 0 {
            let isDurable = fsync(descriptor) == 0
            guard close(descriptor) == 0, isDurable else { throw failure(entry.path) }
        }
        try settle(entry)
    }

    /// Owner, permissions and time, in this order: a change of the owner takes permissions away.
    private func settle(_ entry: VolumeEntry) throws {
        let place = try place(entry)
        // Without the privilege files stay the node's own, as everything in its volumes is.
        if lchown(place, entry.user, entry.group) != 0, errno != EPERM { throw failure(entry.path) }
        if entry.kind != .link, chmod(place, mode_t(entry.mode)) != 0 { throw failure(entry.path) }
        let time = timespec(tv_sec: Int(entry.seconds), tv_nsec: Int(entry.nanoseconds))
        guard utimensat(AT_FDCWD, place, [time, time], AT_SYMLINK_NOFOLLOW) == 0 else { throw failure(entry.path) }
    }

    private func place(_ entry: VolumeEntry) throws -> String {
        guard String(validating: entry.path, as: UTF8.self) != nil else {
            throw VolumeError(.badSnapshot, "The snapshot has a name that is not UTF-8, which this node does not write")
        }
        return VolumeStreamWriter.place(root, entry.path)
    }

    private func failure(_ path: [UInt8]) -> VolumeError {
        VolumeError(
            errno == ENOSPC || errno == EDQUOT ? .tooLarge : .disk,
            "\(String(decoding: path, as: UTF8.self)) cannot be restored (\(String(cString: strerror(errno))))")
    }
}
