import Channels
import Files
import Foundation
import Identity
import Ledger

/// A channel that a node opened to pay another: enough to make its chain again, whose links come from the node's key.
struct OwnChannel: Codable, Hashable, Sendable {
    var id: String
    var payee: String
    /// Of the transaction that opened it.
    var nonce: UInt64
    var commodity: String
    /// In units of money.
    var unitPrice: UInt64
    var units: UInt64
    var expiresMilliseconds: Int64
    /// The highest multiplier that is paid through it, in thousandths.
    var maxPermille: UInt32

    /// Notes in a file at most; those of channels that expired go first.
    static let maxCount = 4_096
    private static let maxFileBytes = 4 << 20

    /// The notes in a file, without those that expired; none if there is no such file.
    ///
    /// - Throws: ``NodeError`` `.badConfiguration` for a file that is none of this version.
    static func read(_ path: String, now: Int64) throws -> [OwnChannel] {
        guard let bytes = FileManager.default.contents(atPath: path) else { return [] }
        guard bytes.count <= maxFileBytes, let notes = try? JSONDecoder().decode([OwnChannel].self, from: bytes) else {
            throw NodeError(
                .badConfiguration,
                "\(path) is no list of channels; move it away, and what is left in the channels comes back when they end"
            )
        }
        return notes.filter { $0.expiresMilliseconds > now }
    }

    /// Writes the notes; durable when this returns.
    static func write(_ notes: [OwnChannel], to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try DurableFile.replace(path, with: [UInt8](encoder.encode(notes)))
    }

    /// The plan that opened the channel, made again: hashes once for each unit.
    ///
    /// - Throws: ``ChannelsError`` for numbers that no channel has.
    func plan(_ key: SigningKey, _ network: NetworkID) throws -> ChannelPlan {
        guard let payee = NodeID(payee), let commodity = Commodity(rawValue: commodity) else {
            throw ChannelsError(.malformed, "The note of channel \(id) names no node or no commodity")
        }
        return try ChannelPlan(
            key: key, network: network, payee: payee, nonce: nonce, expiresMilliseconds: expiresMilliseconds,
            purchases: [.init(commodity: commodity, unitPrice: unitPrice, maxUnits: units)])
    }
}
