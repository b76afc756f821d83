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
    /// What is read at once.
    private static let chunk = 256 << 10

    /// Where a reader is.
    struct Position: Sendable {
        var inode: UInt64 = 0
        var offset: Int64 = 0
        var rest: [UInt8] = []
    }

    /// The last `tail` lines, and where the current file ended.
    func last(_ tail: Int) -> (lines: [MachineLogLine], position: Position) {
        var position = Position()
        var lines: [MachineLogLine] = []
        var isNewest = true
        for name in ["log"] + (1..<max(count, 2)).map({ "log.\($0)" }) {
            guard lines.count < tail || isNewest else { break }
            guard let file = open(name) else { continue }
            var here = Position()
            var found: [MachineLogLine] = []
            while true {
                let part = read(file, &here)
                if part.isEmpty { break }
                found += part
                if found.count > 2 * Self.maxTail { found.removeFirst(found.count - Self.maxTail) }
            }
            if isNewest { position = here }
            isNewest = false
            lines = found + lines
        }
        return (lines.suffix(max(0, min(tail, Self.maxTail))), position)
    }

    /// Lines since `position`, which moves on; over a rotation too.
    func more(_ position: inout Position) -> [MachineLogLine] {
        var status = skerry_file_status()
        guard skerry_status_of_path("\(folder)/log", &status) == 0 else { return [] }
        var lines: [MachineLogLine] = []
        if position.inode != 0, status.inode != position.inode {
            // Rotated since: the rest of the file that we were in, then those in between.
            let old = (1..<max(count, 2)).first { number in
                var status = skerry_file_status()
                return skerry_status_of_path("\(folder)/log.\(number)", &status) == 0
                    && status.inode == position.inode
            }
            for number in (1...(old ?? max(1, count - 1))).reversed() {
                guard let file = open("log.\(number)") else { continue }
                if number != old { position = Position() }
                while true {
                    let part = read(file, &position)
                    if part.isEmpty { break }
                    lines += part
                }
            }
            position = Position()
        }
        guard let file = open("log") else { return lines }
        return lines + read(file, &position)
    }

    private func open(_ name: String) -> Descriptor? {
        let file = Glibc.open("\(folder)/\(name)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        return file >= 0 ? Descriptor(file) : nil
    }

    private func read(_ file: Descriptor, _ position: inout Position) -> [MachineLogLine] {
        var status = skerry_file_status()
        guard skerry_status_of_descriptor(file.number, &status) == 0 else { return [] }
        if position.inode != status.inode { position = Position(inode: status.inode) }
        var lines: [MachineLogLine] = []
        while lines.isEmpty {
            let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunk) { buffer, filled in
                filled = max(0, pread(file.number, buffer.baseAddress, Self.chunk, Int(position.offset)))
            }
            guard !bytes.isEmpty else { return lines }
            position.offset += Int64(bytes.count)
            position.rest += bytes
            var start = 0
            for index in position.rest.indices where position.rest[index] == UInt8(ascii: "\n") {
                if let line = Self.parse(position.rest[start..<index]) { lines.append(line) }
                start = index + 1
            }
            position.rest.removeFirst(start)
            // No line of ours is so long: what is there cannot be read.
            if position.rest.count > 2 * MachineLogLine.maxBytes { position.rest = [] }
        }
        return lines
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
