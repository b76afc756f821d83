import Foundation
import Ledger

/// What is kept of a channel that an account opened, beside the account's key: enough to make its chains again. Their
/// links come from the key, so the note is no secret; it says what somebody pays for all the same, and only its owner may
/// read it.
struct ChannelNote: Codable, Equatable {
    struct Purchase: Codable, Equatable {
        var commodity: String
        var unitPrice: UInt64
        var maxUnits: UInt64
    }

    var id: String
    var network: String
    var payer: String
    var payee: String
    /// Of the transaction that opened it.
    var nonce: UInt64
    var expiresMilliseconds: Int64
    var purchases: [Purchase]

    /// Where the notes of the account with this key file are.
    static func folder(besideKey path: String) -> String {
        (path as NSString).deletingLastPathComponent + "/channels"
    }

    /// Writes the note, durable on return and readable by its owner alone.
    func write(besideKey path: String) throws {
        let folder = ChannelNote.folder(besideKey: path)
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let file = folder + "/\(id).json"
        // Made with its permissions, and only then filled.
        guard FileManager.default.createFile(atPath: file, contents: nil, attributes: [.posixPermissions: 0o600]),
            let handle = FileHandle(forWritingAtPath: file)
        else { throw CommandError("Cannot write \(file); the account's folder must be writable") }
        try handle.write(contentsOf: encoder.encode(self))
        try handle.synchronize()
        try handle.close()
    }

    /// The note of a channel, if this account opened it on this machine.
    static func read(_ id: ChannelID, besideKey path: String) -> ChannelNote? {
        FileManager.default.contents(atPath: folder(besideKey: path) + "/\(id).json")
            .flatMap { try? JSONDecoder().decode(ChannelNote.self, from: $0) }
    }

    /// Forgets a channel that is closed.
    static func remove(_ id: ChannelID, besideKey path: String) {
        try? FileManager.default.removeItem(atPath: folder(besideKey: path) + "/\(id).json")
    }
}

/// How long, as people write it: `90s`, `30m`, `24h`, `7d`.
struct TimeSpan: Equatable, CustomStringConvertible {
    let milliseconds: Int64

    var description: String {
        milliseconds % 3_600_000 == 0 ? "\(milliseconds / 3_600_000)h" : "\(milliseconds / 1_000)s"
    }

    init(milliseconds: Int64) { self.milliseconds = milliseconds }

    init?(_ text: String) {
        let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let last = text.last, let unit = units[last], let count = Int64(text.dropLast()), count > 0 else {
            return nil
        }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        self.milliseconds = milliseconds
    }
}
