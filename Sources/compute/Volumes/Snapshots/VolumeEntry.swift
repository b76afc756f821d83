import NIOCore

/// A file, folder or link of a volume, as the stream of a snapshot describes it.
///
/// In the stream: kind, mode, owner, group, time, path, and the length of what follows: a file's content or a link's
/// target. Integers are big-endian. Folders come before what is in them, names in the order of their bytes; so equal
/// volumes make equal streams.
struct VolumeEntry: Hashable, Sendable {
    enum Kind: UInt8, Sendable {
        case folder = 1
        case file = 2
        case link = 3
    }

    var kind: Kind
    /// The permission bits.
    var mode: UInt16
    var user: UInt32
    var group: UInt32
    /// Of the last change, in seconds and nanoseconds since 1970.
    var seconds: Int64
    var nanoseconds: UInt32
    /// Below the volume's root, which is the empty path: components without slashes at the ends, `.` and `..`. Any bytes
    /// but zero.
    var path: [UInt8]
    /// Of a file's content or a link's target.
    var byteCount: UInt64

    /// Bytes before the path.
    private static let fixedBytes = 1 + 2 + 4 + 4 + 8 + 4 + 2 + 8

    func write(to bytes: inout ByteBuffer) {
        bytes.writeInteger(kind.rawValue)
        bytes.writeInteger(mode)
        bytes.writeInteger(user)
        bytes.writeInteger(group)
        bytes.writeInteger(seconds)
        bytes.writeInteger(nanoseconds)
        bytes.writeInteger(UInt16(clamping: path.count))
        bytes.writeInteger(byteCount)
        bytes.writeBytes(path)
    }

    /// The entry at the beginning of `bytes`; nil if more are needed.
    ///
    /// - Throws: ``VolumeError`` `.badSnapshot`.
    static func read(from bytes: inout ByteBuffer) throws(VolumeError) -> VolumeEntry? {
        guard bytes.readableBytes >= fixedBytes else { return nil }
        var rest = bytes
        guard let kind = rest.readInteger(as: UInt8.self).flatMap(Kind.init(rawValue:)),
            let mode = rest.readInteger(as: UInt16.self), mode <= 0o7777, let user = rest.readInteger(as: UInt32.self),
            let group = rest.readInteger(as: UInt32.self), let seconds = rest.readInteger(as: Int64.self),
            let nanoseconds = rest.readInteger(as: UInt32.self), nanoseconds < 1_000_000_000,
            let pathBytes = rest.readInteger(as: UInt16.self), pathBytes <= VolumeLimits.maxPathBytes,
            let byteCount = rest.readInteger(as: UInt64.self), byteCount <= UInt64(Int.max >> 8),
            kind != .folder || byteCount == 0,
            kind != .link || (1...UInt64(VolumeLimits.maxTargetBytes)).contains(byteCount)
        else { throw VolumeError(.badSnapshot, "The snapshot describes a file that there cannot be") }
        guard let path = rest.readBytes(length: Int(pathBytes)) else { return nil }
        guard isPath(path), !path.isEmpty || kind == .folder else {
            throw VolumeError(.badSnapshot, "The snapshot has a path that leads out of the volume, or is none")
        }
        bytes = rest
        return VolumeEntry(
            kind: kind, mode: mode, user: user, group: group, seconds: seconds, nanoseconds: nanoseconds, path: path,
            byteCount: byteCount)
    }

    static func isPath(_ path: [UInt8]) -> Bool {
        if path.isEmpty { return true }
        let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.count <= VolumeLimits.maxDepth
            && parts.allSatisfy { part in
                !part.isEmpty && part.count <= 255 && !part.contains(0) && !part.elementsEqual(".".utf8)
                    && !part.elementsEqual("..".utf8)
            }
    }
}
