import CLinux
import Glibc

/// What a machine's programs wrote: the files that its holder writes and rotates.
struct LogFiles: Sendable {
    /// The machine's folder.
    let folder: String
    /// Files with the current one: `log`, `log.1`, …
    let count: Int

    /// A followed log is looked at so often.
    static let followInterval = Duration.milliseconds(50)
    /// Lines that one call gives at most.
    static let maxTail = 10_000
    /// How much of a file's end is read first, in bytes; four times as much as long as that is not enough.
    private static let firstWindow: Int64 = 64 << 10

    /// The last `tail` lines, and a reader of what follows them.
    func last(_ tail: Int) -> (lines: [MachineLogLine], reader: LogReader) {
        let files = openAll()
        let tail = max(0, min(tail, Self.maxTail))
        var lines: [MachineLogLine] = []
        var end: Int64 = 0
        for (index, file) in files.enumerated() {
            if index > 0, lines.count >= tail { break }
            let (found, foundEnd) = Self.end(of: file) { $0.count >= tail - lines.count }
            if index == 0 { end = foundEnd }
            lines = found.suffix(tail - lines.count) + lines
        }
        return (lines, LogReader(self, files.first, at: end))
    }

    /// The first `limit` lines after a time, in nanoseconds since 1970.
    func lines(after time: Int64, limit: Int) -> [MachineLogLine] {
        var lines: [MachineLogLine] = []
        for file in openAll() {
            let (found, _) = Self.end(of: file) { ($0.first?.at ?? .max) <= time }
            lines = found + lines
            if let first = found.first, first.at <= time { break }
        }
        return Array(lines.lazy.filter { $0.at > time }.prefix(max(0, min(limit, Self.maxTail))))
    }

    /// The number of the current file; nil if there is none at the moment.
    func newest() -> UInt64? {
        var status = skerry_file_status()
        return skerry_status_of_path("\(folder)/log", &status) == 0 ? status.inode : nil
    }

    /// All files, the newest first, each once.
    ///
    /// A file only ever gets a higher number, so in this order none is passed over that was there at the beginning and is
    /// there still; one that is met again has the same inode, which is nobody else's while it is open.
    func openAll() -> [OpenLog] {
        var files: [OpenLog] = []
        for name in ["log"] + (1..<max(count, 2)).map({ "log.\($0)" }) {
            guard let file = OpenLog("\(folder)/\(name)"), !files.contains(where: { $0.inode == file.inode }) else {
                continue
            }
            files.append(file)
        }
        return files
    }

    /// Lines at the end of a file, as many as it takes or all, and where the last one ends.
    private static func end(
        of file: OpenLog, until isEnough: ([MachineLogLine]) -> Bool
    ) -> (lines: [MachineLogLine], end: Int64) {
        let size = file.size
        var window = firstWindow
        while true {
            let start = max(0, size - window)
            let bytes = file.read(from: start, atMost: Int(size - start))
            var first = bytes.startIndex
            if start > 0 { first = bytes.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.endIndex }
            let (lines, rest) = parse(lines: bytes[first...])
            if start == 0 || isEnough(lines) { return (lines, start + Int64(bytes.count - rest.count)) }
            window *= 4
        }
    }

    /// Reads whole lines, and gives back what is behind the last one.
    static func parse(lines bytes: ArraySlice<UInt8>) -> (lines: [MachineLogLine], rest: ArraySlice<UInt8>) {
        var lines: [MachineLogLine] = []
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            if let line = parse(rest[..<end]) { lines.append(line) }
            rest = rest[(end + 1)...]
        }
        return (lines, rest)
    }

    /// Reads a line as the holder writes it; nil when it is none (after a full disk).
    static func parse(_ line: some Collection<UInt8>) -> MachineLogLine? {
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].count <= 19, parts[0].allSatisfy({ (0x30...0x39).contains($0) }),
            let at = Int64(String(decoding: parts[0], as: UTF8.self)),
            let stream = MachineLogLine.Stream(rawValue: String(decoding: parts[1], as: UTF8.self))
        else { return nil }
        let kind = parts[2].elementsEqual([UInt8(ascii: "P")])
        guard kind || parts[2].elementsEqual([UInt8(ascii: "F")]) else { return nil }
        return MachineLogLine(
            at: at, stream: stream, text: String(decoding: parts[3], as: UTF8.self), isPartial: kind)
    }
}
