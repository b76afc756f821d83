import Foundation
import Glibc

/// What a node remembers of its machines: a folder each.
///
/// `machine.json` is what it is, `run.json` where it ran last, `events` what happened; the holder adds `pid`, `exit` and
/// the log.
struct MachineStore: Sendable {
    struct Record: Codable, Sendable {
        var spec: MachineSpec
        var image: MachineImage
        var isWanted: Bool
    }

    struct Run: Codable, Sendable {
        var lease: NetworkLease
        var startedAt: Int64
        var restarts: Int
        var cgroups: MachineCgroups?
    }

    /// The node's folder for machines.
    let folder: String

    func folder(_ id: MachineID) -> String { "\(folder)/\(id)" }
    func file(_ id: MachineID, _ name: String) -> String { "\(folder)/\(id)/\(name)" }

    /// All machines that have a record, by id.
    func ids() -> [MachineID] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { MachineID($0) }.filter { access(file($0, "machine.json"), F_OK) == 0 }.sorted()
    }

    /// Durable on return.
    func write(_ record: Record) throws(MachineError) {
        let id = record.spec.id
        for path in [folder, folder(id), file(id, "bundle")] where mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw failed("make", path)
        }
        try write(record, to: file(id, "machine.json"))
    }

    func record(_ id: MachineID) -> Record? { read(file(id, "machine.json")) }

    func write(_ run: Run, for id: MachineID) throws(MachineError) { try write(run, to: file(id, "run.json")) }

    func run(_ id: MachineID) -> Run? { read(file(id, "run.json")) }

    func write(text: String, to path: String) throws(MachineError) {
        let temporary = path + ".new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw failed("write", temporary) }
        var text = text
        let count = text.withUTF8 { Glibc.write(file, $0.baseAddress, $0.count) }
        let isWritten = count == text.utf8.count && fsync(file) == 0
        let error = errno
        close(file)
        errno = error
        guard isWritten, rename(temporary, path) == 0 else { throw failed("write", path) }
    }

    func text(_ id: MachineID, _ name: String) -> String? {
        guard let file = fopen(self.file(id, name), "re") else { return nil }
        defer { fclose(file) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
            count = fread(buffer.baseAddress, 1, 64 << 10, file)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func remove(_ id: MachineID, _ name: String) { unlink(file(id, name)) }

    /// Forgets a machine.
    func forget(_ id: MachineID) throws(MachineError) {
        // First what makes it known, so that half a removal is not taken for a machine.
        unlink(file(id, "machine.json"))
        do {
            try FileManager.default.removeItem(atPath: folder(id))
        } catch CocoaError.fileNoSuchFile {
            return
        } catch {
            throw MachineError(.diskFailed, "\(folder(id)) cannot be removed: \(error.localizedDescription)")
        }
    }

    /// How the machine ended, as its holder wrote it.
    func exit(_ id: MachineID) -> MachineExit? {
        let words = (text(id, "exit") ?? "").split { $0 == " " || $0 == "\n" }
        guard words.count == 2, let number = Int32(words[1]) else { return nil }
        switch words[0] {
        case "code": return MachineExit(code: number)
        case "signal": return MachineExit(signal: number)
        default: return nil
        }
    }

    // MARK: Events

    func events(_ id: MachineID) -> EventLog {
        let path = file(id, "events")
        let data = FileManager.default.contents(atPath: path) ?? Data()
        let decoder = JSONDecoder()
        let lines = data.split(separator: UInt8(ascii: "\n"))
        let log = EventLog(lines.compactMap { try? decoder.decode(MachineEvent.self, from: $0) })
        if lines.count > 2 * EventLog.limit {
            let kept = log.events.compactMap { try? Self.line($0) }.joined(separator: "\n") + "\n"
            try? write(text: kept, to: path)
        }
        return log
    }

    /// Adds an event; not durable at once, and lost on a full disk. Now and then those that are too many go.
    func append(_ event: MachineEvent, for id: MachineID) {
        if event.sequence.isMultiple(of: EventLog.limit) { _ = events(id) }
        guard let line = try? Self.line(event) else { return }
        let file = open(self.file(id, "events"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return }
        var text = line + "\n"
        _ = text.withUTF8 { Glibc.write(file, $0.baseAddress, $0.count) }
        close(file)
    }

    private static func line(_ event: MachineEvent) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(event), as: UTF8.self)
    }

    private func write(_ value: some Encodable, to path: String) throws(MachineError) {
        let text: String
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            text = String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw MachineError(.invalidSpec, "what it is cannot be written as JSON: \(error)")
        }
        try write(text: text, to: path)
    }

    private func read<Value: Decodable>(_ path: String) -> Value? {
        FileManager.default.contents(atPath: path).flatMap { try? JSONDecoder().decode(Value.self, from: $0) }
    }

    private func failed(_ what: String, _ path: String) -> MachineError {
        MachineError(.diskFailed, "cannot \(what) \(path): \(String(cString: strerror(errno)))")
    }
}
