// In a module that uses Foundation, the C library's structures may be seen as its.
internal import CLinux
import CoreFoundation
import Files
import Foundation
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The stream of a snapshot: everything below a folder, read step by step. Blocks; for threads that may.
///
/// A machine may change names while they are read: they are looked up one by one from the open root and no link is followed,
/// so nothing outside is read. Sockets, pipes and devices are left out: they mean nothing elsewhere. A hard link becomes a
/// file of its own; its content is stored once all the same.
///
/// `@unchecked Sendable`: one call at a time, and who calls waits for its end.
final class VolumeStreamWriter: @unchecked Sendable {
    /// One read of a file, in bytes.
    private static let readBytes = 256 << 10
    /// One step, in bytes, or a little more.
    private static let stepBytes = 1 << 20

    /// A folder that is being read.
    private struct Level {
        let folder: OpenFolder
        let path: [UInt8]
        /// Names to come, the last one first.
        var names: [[UInt8]]
    }

    private let root: String
    /// Bytes that the files may have together.
    private let maxBytes: Int
    private var hasBegun = false
    /// The innermost folder last.
    private var levels: [Level] = []
    /// Names in all of them.
    private var waiting = 0
    private var file: (descriptor: CInt, left: Int, path: [UInt8])?
    private var output = ByteBuffer(bytes: VolumeStreamReader.magic)
    private(set) var entryCount = 0
    private(set) var contentBytes = 0
    /// Sockets, pipes and devices.
    private(set) var leftOut = 0

    /// - Parameter maxBytes: What the volume may hold: a snapshot of more could not be restored into it.
    init(root: String, maxBytes: Int) {
        self.root = root
        self.maxBytes = maxBytes
    }

    deinit { if let file { close(file.descriptor) } }

    /// The next bytes, about a megabyte; nil at the end.
    ///
    /// - Throws: ``VolumeError``.
    func next() throws -> ByteBuffer? {
        while output.readableBytes < VolumeStreamWriter.stepBytes {
            if file != nil {
                try read()
            } else if !hasBegun {
                hasBegun = true
                guard let folder = OpenFolder(path: root) else { throw VolumeStreamWriter.failure([]) }
                try enter(folder, [])
            } else if levels.isEmpty {
                break
            } else if let name = levels[levels.count - 1].names.popLast() {
                waiting -= 1
                try add(name, in: levels[levels.count - 1])
            } else {
                levels.removeLast()
            }
        }
        guard output.readableBytes > 0 else { return nil }
        defer { output = ByteBuffer() }
        return output
    }

    private func add(_ name: [UInt8], in level: Level) throws {
        let path = level.path.isEmpty ? name : level.path + [UInt8(ascii: "/")] + name
        var info = stat()
        guard name.withCString({ fstatat(level.folder.number, $0, &info, AT_SYMLINK_NOFOLLOW) }) == 0 else {
            // Removed since the folder was listed.
            if errno == ENOENT { return }
            throw VolumeStreamWriter.failure(path)
        }
        guard path.count <= VolumeLimits.maxPathBytes, levels.count <= VolumeLimits.maxDepth else {
            throw VolumeError(
                .tooLarge,
                "The volume has folders too deep, or names too long: \(String(decoding: path.prefix(200), as: UTF8.self))"
            )
        }
        switch info.st_mode & S_IFMT {
        case S_IFDIR:
            guard let folder = level.folder.folder(name) else { throw VolumeStreamWriter.changed(path) }
            try enter(folder, path)
        case S_IFREG: try beginFile(name, path, in: level.folder)
        case S_IFLNK: try link(name, path, in: level.folder, info)
        default: leftOut += 1
        }
    }

    private func enter(_ folder: OpenFolder, _ path: [UInt8]) throws {
        var info = stat()
        guard fstat(folder.number, &info) == 0 else { throw VolumeStreamWriter.failure(path) }
        begin(.folder, path, info, byteCount: 0)
        guard let names = folder.names(limit: VolumeLimits.maxEntries - entryCount - waiting) else {
            guard errno == E2BIG else { throw VolumeStreamWriter.failure(path) }
            throw VolumeError(.tooLarge, "The volume has more than \(VolumeLimits.maxEntries) files and folders")
        }
        waiting += names.count
        levels.append(Level(folder: folder, path: path, names: names.sorted { $1.lexicographicallyPrecedes($0) }))
    }

    private func begin(_ kind: VolumeEntry.Kind, _ path: [UInt8], _ info: stat, byteCount: Int) {
        entryCount += 1
        VolumeEntry(
            kind: kind, mode: UInt16(truncatingIfNeeded: info.st_mode & 0o7777), user: info.st_uid, group: info.st_gid,
            seconds: Int64(info.st_mtim.tv_sec), nanoseconds: UInt32(clamping: info.st_mtim.tv_nsec), path: path,
            byteCount: UInt64(byteCount)
        ).write(to: &output)
    }

    private func beginFile(_ name: [UInt8], _ path: [UInt8], in folder: OpenFolder) throws {
        let descriptor = folder.file(name)
        guard descriptor >= 0 else { throw VolumeStreamWriter.changed(path) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw VolumeStreamWriter.changed(path)
        }
        let size = Int(info.st_size)
        // Files with holes may say that they have more than any disk.
        guard size <= maxBytes - contentBytes else {
            close(descriptor)
            throw VolumeError(
                .tooLarge,
                "The volume's files have more than the \(maxBytes) bytes that it may hold, holes counted: a snapshot of it "
                    + "could not be restored")
        }
        contentBytes += size
        begin(.file, path, info, byteCount: size)
        if size > 0 { file = (descriptor, size, path) } else { close(descriptor) }
    }

    private func read() throws {
        guard let (descriptor, left, path) = file else { return }
        let size = min(left, VolumeStreamWriter.readBytes)
        var count = 0
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { bytes in
            count = systemRead(descriptor, bytes.baseAddress, size)
            return max(0, count)
        }
        guard count >= 0 else { throw VolumeStreamWriter.failure(path) }
        // Shorter than it was: the stream has said how long it is.
        guard count > 0 else { throw VolumeStreamWriter.changed(path) }
        if count < left {
            file = (descriptor, left - count, path)
        } else {
            file = nil
            close(descriptor)
        }
    }

    private func link(_ name: [UInt8], _ path: [UInt8], in folder: OpenFolder, _ info: stat) throws {
        let target = withUnsafeTemporaryAllocation(of: CChar.self, capacity: VolumeLimits.maxTargetBytes + 1) {
            buffer -> [UInt8] in
            guard let start = buffer.baseAddress else { return [] }
            let count = name.withCString { readlinkat(folder.number, $0, start, buffer.count) }
            return buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
        }
        guard (1...VolumeLimits.maxTargetBytes).contains(target.count) else { throw VolumeStreamWriter.changed(path) }
        begin(.link, path, info, byteCount: target.count)
        output.writeBytes(target)
    }

    private static func failure(_ path: [UInt8]) -> VolumeError {
        let reason = String(cString: strerror(errno))
        return VolumeError(.disk, "\(String(decoding: path, as: UTF8.self)) in the volume cannot be read (\(reason))")
    }

    private static func changed(_ path: [UInt8]) -> VolumeError {
        VolumeError(
            .changed,
            "\(String(decoding: path, as: UTF8.self)) changed while the snapshot read it; stop the machine, or try again"
        )
    }
}

private func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}
