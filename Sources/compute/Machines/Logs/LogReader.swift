/// Reads a log on, over rotations.
///
/// It keeps the file open that it is in: so nothing is lost of one that is renamed or removed meanwhile, and no new file can
/// get its inode and be taken for it.
struct LogReader: Sendable {
    /// What is read at once, in bytes.
    private static let chunk = 256 << 10

    private let files: LogFiles
    private var current: OpenLog?
    private var offset: Int64
    private var rest: ArraySlice<UInt8> = []

    /// Begins at a place in a file; without one at the beginning of the oldest that there will be.
    init(_ files: LogFiles, _ current: OpenLog?, at offset: Int64) {
        self.files = files
        self.current = current
        self.offset = offset
    }

    /// What was written since the last call, oldest first; what was removed since is missing.
    mutating func more() -> [MachineLogLine] {
        var lines = read()
        guard files.newest() != current?.inode else { return lines }
        let newer = files.openAll().prefix { $0.inode != current?.inode }
        if newer.isEmpty { return lines }
        // There is a newer file, so nothing is written to this one any more: what it got since it was read above is its last.
        lines += read()
        for file in newer.reversed() {
            current = file
            offset = 0
            rest = []
            lines += read()
        }
        return lines
    }

    private mutating func read() -> [MachineLogLine] {
        guard let current else { return [] }
        var lines: [MachineLogLine] = []
        while true {
            let bytes = current.read(from: offset, atMost: Self.chunk)
            offset += Int64(bytes.count)
            if !bytes.isEmpty {
                let (found, left) = LogFiles.parse(lines: rest + bytes)
                lines += found
                // No line of ours is so long: what is there cannot be read.
                rest = left.count > 2 * MachineLogLine.maxBytes ? [] : left
            }
            if bytes.count < Self.chunk { return lines }
        }
    }
}
