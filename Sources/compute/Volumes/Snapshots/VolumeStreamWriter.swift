// In a module that uses Foundation, the C library's structures may be seen as its.
import CoreFoundation
import Foundation
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The stream of a snapshot: everything below a folder, read step by step. Blocks; for threads that may.
///
/// Sockets, pipes and devices are left out: they mean nothing elsewhere. A hard link becomes a file of its own; its
/// content is stored once all the same. Names must be UTF-8.
///
/// `@unchecked Sendable`: one call at a time, and who calls waits for its end.
final class VolumeStreamWriter: @unchecked Sendable {
    /// One read of a file, in bytes.
    private static let readBytes = 256 << 10
    /// One step, in bytes, or a little more.
    private static let stepBytes = 1 << 20

    private let root: String
    /// What comes next, the last one first.
    private var stack: [(path: [UInt8], depth: Int)] = [([], 0)]
    private var file: (descriptor: CInt, left: Int, path: [UInt8])?
    private var output = ByteBuffer(bytes: VolumeStreamReader.magic)
    private(set) var entryCount = 0
    private(set) var contentBytes = 0
    /// Sockets, pipes and devices.
    private(set) var leftOut = 0

    init(root: String) { self.root = root }

    deinit { if let file { close(file.descriptor) } }

    /// The next bytes, about a megabyte; nil at the end.
    ///
    /// - Throws: ``VolumeError``.
    func next() throws -> ByteBuffer? {
        while output.readableBytes < VolumeStreamWriter.stepBytes {
            if file != nil {
                try read()
            } else if let (path, depth) = stack.popLast() {
                try add(path, depth)
            } else {
                break
            }
        }
        guard output.readableBytes > 0 else { return nil }
        defer { output = ByteBuffer() }
        return output
    }

    private func add(_ path: [UInt8], _ depth: Int) throws {
        let place = VolumeStreamWriter.place(root, path)
        var info = stat()
        guard lstat(place, &info) == 0 else { throw VolumeStreamWriter.failure(path) }
        guard path.count <= VolumeLimits.maxPathBytes, depth <= VolumeLimits.maxDepth,
            entryCount < VolumeLimits.maxEntries
        else {
            throw VolumeError(
                .tooLarge,
                "The volume has more than \(VolumeLimits.maxEntries) files, or folders too deep: "
                    + "\(String(decoding: path.prefix(200), as: UTF8.self))")
        }
        switch info.st_mode & S_IFMT {
        case S_IFDIR:
            begin(.folder, path, info, byteCount: 0)
            let names = try names(place, path)
            for name in names.reversed() {
                stack.append((path.isEmpty ? name : path + [UInt8(ascii: "/")] + name, depth + 1))
            }
        case S_IFREG: try open(place, path)
        case S_IFLNK: try link(place, path, info)
        default: leftOut += 1
        }
    }

    private func begin(_ kind: VolumeEntry.Kind, _ path: [UInt8], _ info: stat, byteCount: Int) {
        entryCount += 1
        if kind == .file { contentBytes += byteCount }
        VolumeEntry(
            kind: kind, mode: UInt16(truncatingIfNeeded: info.st_mode & 0o7777), user: info.st_uid, group: info.st_gid,
            seconds: Int64(info.st_mtim.tv_sec), nanoseconds: UInt32(clamping: info.st_mtim.tv_nsec), path: path,
            byteCount: UInt64(byteCount)
        ).write(to: &output)
    }

    /// Sorted by their bytes.
    private func names(_ place: String, _ path: [UInt8]) throws -> [[UInt8]] {
        guard let folder = opendir(place) else { throw VolumeStreamWriter.failure(path) }
        defer { closedir(folder) }
        var names: [[UInt8]] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8) { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private func open(_ place: String, _ path: [UInt8]) throws {
        let descriptor = systemOpen(place)
        guard descriptor >= 0 else { throw VolumeStreamWriter.failure(path) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw VolumeStreamWriter.changed(path)
        }
        begin(.file, path, info, byteCount: Int(info.st_size))
        if info.st_size > 0 { file = (descriptor, Int(info.st_size), path) } else { close(descriptor) }
    }

    private func read() throws {
        guard let (descriptor, left, path) = file else { return }
        let size = min(left, VolumeStreamWriter.readBytes)
        let count = output.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { bytes in
            max(0, systemRead(descriptor, bytes.baseAddress, size))
        }
        // Shorter than it was: the stream has said how long it is.
        guard count > 0 else { throw VolumeStreamWriter.changed(path) }
        if count < left {
            file = (descriptor, left - count, path)
        } else {
            file = nil
            close(descriptor)
        }
    }

    private func link(_ place: String, _ path: [UInt8], _ info: stat) throws {
        let target = withUnsafeTemporaryAllocation(of: CChar.self, capacity: VolumeLimits.maxPathBytes) {
            buffer -> [UInt8] in
            guard let start = buffer.baseAddress else { return [] }
            return buffer.prefix(max(0, readlink(place, start, buffer.count))).map { UInt8(bitPattern: $0) }
        }
        guard !target.isEmpty else { throw VolumeStreamWriter.failure(path) }
        begin(.link, path, info, byteCount: target.count)
        output.writeBytes(target)
    }

    /// The path on the host.
    static func place(_ root: String, _ path: [UInt8]) -> String {
        path.isEmpty ? root : root + "/" + String(decoding: path, as: UTF8.self)
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

private func systemOpen(_ path: String) -> CInt { open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) }

private func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}
