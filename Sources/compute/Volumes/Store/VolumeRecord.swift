import Files
import Foundation

/// What a node writes down about a volume: `volume.json` in its folder.
struct VolumeRecord: Codable, Sendable {
    /// What it may hold, in bytes.
    var byteCount: Int
    var backing: VolumeBacking
    /// Of the lease under which it was used here last.
    var fence: UInt64 = 0
    /// The oldest first.
    var snapshots: [VolumeStatus.Snapshot] = []

    private static let name = "volume.json"

    /// Nil if there is none.
    static func read(_ folder: String) throws -> VolumeRecord? {
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else { return nil }
        do { return try JSONDecoder().decode(VolumeRecord.self, from: data) } catch {
            throw VolumeError(.disk, "\(folder)/\(name) cannot be read: \(error)")
        }
    }

    /// Durable on return.
    func write(_ folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        do {
            try DurableFile.replace("\(folder)/\(VolumeRecord.name)", with: Array(try encoder.encode(self)))
        } catch { throw VolumeError(.disk, "\(folder)/\(VolumeRecord.name) cannot be written: \(error)") }
    }
}
