import NIOCore

/// Reads the stream of a snapshot, fed with its bytes as they come. Any bytes are allowed. Pure.
///
/// Whoever writes down what it says stays below the volume's root: every path is of its own, and its folder has come
/// before as a folder, never as a link.
struct VolumeStreamReader: Sendable {
    enum Event: Hashable, Sendable {
        case entry(VolumeEntry)
        /// Content of the last entry, which is a file. Never empty.
        case content(ByteBuffer)
        /// The target of the last entry, which is a link: not empty, without zeros.
        case target([UInt8])
        /// The content of the last entry has come whole.
        case end
    }

    private enum State {
        case header
        case entry
        case content(left: UInt64)
        case target(count: Int)
        case entryEnd
    }

    static let magic = Array("SKVOLSTREAM1".utf8)

    private let maxEntries: Int
    /// Bytes that the files may have together.
    private let maxBytes: Int
    private var state = State.header
    private var buffer = ByteBuffer()
    /// The components of the last path; nil before the root.
    private var last: [ArraySlice<UInt8>]?
    private var lastIsFolder = false
    private(set) var entryCount = 0
    private(set) var contentBytes = 0

    init(maxEntries: Int = VolumeLimits.maxEntries, maxBytes: Int) {
        self.maxEntries = maxEntries
        self.maxBytes = maxBytes
    }

    mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 { buffer = bytes } else { buffer.writeImmutableBuffer(bytes) }
    }

    /// The next event; nil when more bytes are needed.
    ///
    /// - Throws: ``VolumeError``. The reader is not to be used after that.
    mutating func next() throws(VolumeError) -> Event? {
        while true {
            switch state {
            case .header:
                guard buffer.readableBytes >= VolumeStreamReader.magic.count else { return nil }
                guard buffer.readBytes(length: VolumeStreamReader.magic.count) == VolumeStreamReader.magic else {
                    throw VolumeError(.badSnapshot, "The chunks are not those of a snapshot")
                }
                state = .entry
            case .entry:
                guard let entry = try VolumeEntry.read(from: &buffer) else { return nil }
                try admit(entry)
                switch entry.kind {
                case .folder: state = .entry
                case .file: state = entry.byteCount == 0 ? .entryEnd : .content(left: entry.byteCount)
                case .link: state = .target(count: Int(entry.byteCount))
                }
                return .entry(entry)
            case .content(let left):
                guard buffer.readableBytes > 0,
                    let part = buffer.readSlice(length: Int(min(left, UInt64(buffer.readableBytes))))
                else { return nil }
                let rest = left - UInt64(part.readableBytes)
                state = rest == 0 ? .entryEnd : .content(left: rest)
                return .content(part)
            case .target(let count):
                guard let target = buffer.readBytes(length: count) else { return nil }
                guard !target.contains(0) else {
                    throw VolumeError(.badSnapshot, "The snapshot has a link that leads nowhere")
                }
                state = .entryEnd
                return .target(target)
            case .entryEnd:
                state = .entry
                return .end
            }
        }
    }

    /// The bytes are over.
    ///
    /// - Throws: ``VolumeError`` unless everything had come.
    func finish() throws(VolumeError) {
        guard case .entry = state, buffer.readableBytes == 0, last != nil else {
            throw VolumeError(.badSnapshot, "The snapshot ends in the middle")
        }
    }

    private mutating func admit(_ entry: VolumeEntry) throws(VolumeError) {
        entryCount += 1
        guard entryCount <= maxEntries else {
            throw VolumeError(.tooLarge, "The snapshot has more than \(maxEntries) files")
        }
        let added = entry.kind == .file ? Int(entry.byteCount) : 0
        let (sum, isOver) = contentBytes.addingReportingOverflow(added)
        guard !isOver, sum <= maxBytes else {
            throw VolumeError(.tooLarge, "The snapshot has more than \(maxBytes) bytes, which the volume may have")
        }
        contentBytes = sum
        let path = entry.path.split(separator: UInt8(ascii: "/"))
        guard VolumeStreamReader.follows(path, last, lastIsFolder) else {
            throw VolumeError(.badSnapshot, "The snapshot's files are not in order, or lie in no folder")
        }
        last = path
        lastIsFolder = entry.kind == .folder
    }

    /// Whether a path may come after another one: its folder is that, or one around that, and its name comes later than
    /// all others that were there. So no path comes twice, and none leads through a link.
    private static func follows(
        _ path: [ArraySlice<UInt8>], _ last: [ArraySlice<UInt8>]?, _ lastIsFolder: Bool
    ) -> Bool {
        guard let last else { return path.isEmpty }
        guard let name = path.last else { return false }
        let folder = path.dropLast()
        guard folder.count <= last.count, last.starts(with: folder) else { return false }
        if folder.count == last.count { return lastIsFolder }
        return last[folder.count].lexicographicallyPrecedes(name)
    }
}
