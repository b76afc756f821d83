import Foundation
import Machines

/// The containers that a keeper made, as it remembers them over restarts: written whole at each change.
struct MachineBook: Codable, Sendable, Equatable {
    /// A container.
    struct Entry: Codable, Sendable, Equatable {
        var id: MachineID
        var app: String
        var slot: UInt32
        /// Of the lease under which it was made.
        var fence: UInt64
        var release: String
        /// See ``SlotCore/Instance/template``.
        var template: String
        /// Whether the owner stopped it.
        var isStopped: Bool
        /// Of the values that its secrets had when it was made; nil if it was not made yet.
        var secretsStamp: String?
    }

    var entries: [Entry] = []
    /// The number of the keeper's last run, by which other nodes know what is newer; nil before the first.
    var lastRun: UInt64?

    /// Reads the file; an absent one is empty.
    ///
    /// - Throws: ``NodeError`` `.folderUnusable` for a file that cannot be read.
    init(path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        do {
            self = try JSONDecoder().decode(MachineBook.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw NodeError(
                .folderUnusable,
                "The list of machines \(path) cannot be read (\(error)); move it away, then containers that are left over "
                    + "are ended")
        }
    }

    init() {}

    subscript(app: String, slot: UInt32, release: String) -> Entry? {
        entries.first { $0.app == app && $0.slot == slot && $0.release == release }
    }

    func entries(of app: String, _ slot: UInt32) -> [Entry] { entries.filter { $0.app == app && $0.slot == slot } }

    mutating func put(_ entry: Entry) {
        entries.removeAll { $0.id == entry.id }
        entries.append(entry)
    }

    mutating func remove(_ id: MachineID) { entries.removeAll { $0.id == id } }
}
