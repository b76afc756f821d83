// In a module that uses Foundation, the C library's structures may be seen as its.
import CLinux
import CoreFoundation
import Files
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
    private let root: [UInt8]
    private var reader: VolumeStreamReader
    private var current: (entry: VolumeEntry, descriptor: CInt)?
    /// Folders get their permissions and times when all is in them.
    private var folders: [VolumeEntry] = []

    /// - Parameter root: An empty folder that nobody else writes to.
    init(root: String, maxBytes: Int) {
        self.root = Array(root.utf8)
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
        for folder in folders.reversed() { try settle(folder) }
        // One call for all files; it reports what could not be written.
        let descriptor = root.withCString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw failure([]) }
        defer { close(descriptor) }
        guard skerry_sync_file_system(descriptor) == 0 else { throw failure([]) }
    }

    deinit { if let current, current.descriptor >= 0 { close(current.descriptor) } }

    private func begin(_ entry: VolumeEntry) throws {
        switch entry.kind {
        case .folder:
            if !entry.path.isEmpty {
                guard place(entry).withCString({ mkdir($0, 0o700) }) == 0 else { throw failure(entry.path) }
            }
            folders.append(entry)
        case .file:
            let descriptor = place(entry).withCString {
                open($0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            }
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
        let status = target.withCString { target in place(current.entry).withCString { symlink(target, $0) } }
        guard status == 0 else { throw failure(current.entry.path) }
    }

    private func end() throws {
        guard let (entry, descriptor) = current else { return }
        current = nil
        if descriptor >= 0 { guard close(descriptor) == 0 else { throw failure(entry.path) } }
        try settle(entry)
    }

    /// Owner, permissions and time, in this order: a change of the owner takes permissions away.
    private func settle(_ entry: VolumeEntry) throws {
        let time = timespec(tv_sec: Int(entry.seconds), tv_nsec: Int(entry.nanoseconds))
        let isSettled = place(entry).withCString { place in
            // Without the privilege files stay the node's own, as everything in its volumes is.
            (lchown(place, entry.user, entry.group) == 0 || errno == EPERM)
                && (entry.kind == .link || chmod(place, mode_t(entry.mode)) == 0)
                && utimensat(AT_FDCWD, place, [time, time], AT_SYMLINK_NOFOLLOW) == 0
        }
        guard isSettled else { throw failure(entry.path) }
    }

    /// The path on the host.
    private func place(_ entry: VolumeEntry) -> [UInt8] {
        entry.path.isEmpty ? root : root + [UInt8(ascii: "/")] + entry.path
    }

    private func failure(_ path: [UInt8]) -> VolumeError {
        VolumeError(
            errno == ENOSPC || errno == EDQUOT ? .tooLarge : .disk,
            "\(String(decoding: path, as: UTF8.self)) cannot be restored (\(String(cString: strerror(errno))))")
    }
}
