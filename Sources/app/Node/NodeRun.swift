import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// The note that a running node leaves in its folder.
public struct NodeRun: Codable, Sendable, Equatable {
    /// 64 hexadecimal digits.
    public var id: String
    public var pid: Int32
    /// When the process started, in clock ticks since boot: tells it from a later one with the same pid.
    public var startTicks: UInt64
    /// Base URL.
    public var gateway: String
    /// `host:port`.
    public var peer: String
    /// Base URL.
    public var control: String

    /// Whether that very process still runs.
    public var isAlive: Bool { NodeRun.startTicks(of: pid) == startTicks }

    /// Leaves the note at `path`. On a full disk it takes the place of the one that the process before left there.
    func leave(at path: String) throws {
        do { try writeJSON(to: path) } catch {
            guard let old = FileManager.default.contents(atPath: path), let file = FileHandle(forUpdatingAtPath: path),
                var bytes = try? JSONEncoder().encode(self)
            else { throw error }
            // Never shorter: the blocks of the file are all the room that there is.
            bytes.append(Data(repeating: UInt8(ascii: " "), count: max(0, old.count - bytes.count)))
            do {
                try file.write(contentsOf: bytes)
                try file.close()
            } catch _ { throw error }
        }
    }

    /// Whether process `pid` has ended, reaped or not.
    public static func hasEnded(_ pid: Int32) -> Bool { startTicks(of: pid) == nil }

    /// When process `pid` started; nil if there is none, or it is a zombie.
    static func startTicks(of pid: Int32) -> UInt64? {
        guard let stat = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return nil }
        // The second field, the command, may hold spaces and parentheses: fields are counted after the last ")".
        let text = String(decoding: stat, as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z" else { return nil }
        return UInt64(fields[19])
    }
}
