import Channels
import Client
import Foundation
import Identity
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
    /// The channel that it pays together with, and the units that a link of it covers; nil for one that pays by itself.
    var sharing: String?
    var weight: UInt16?

    /// Where the notes of the account with this key file are.
    static func folder(besideKey path: String) -> String {
        (path as NSString).deletingLastPathComponent + "/channels"
    }

    /// - Parameters:
    ///   - sharing: The channel that it pays together with, if there is one.
    ///   - weight: Units that a link covers.
    init(_ channel: OpenedChannel, payer: AccountID, sharing: ChannelID? = nil, weight: UInt64 = 1) {
        self.sharing = sharing?.description
        self.weight = sharing == nil ? nil : UInt16(clamping: weight)
        id = channel.id.description
        network = channel.network.description
        self.payer = payer.description
        payee = channel.plan.channel.payee.description
        nonce = channel.nonce
        expiresMilliseconds = channel.plan.channel.expiresMilliseconds
        purchases = channel.purchases.map {
            Purchase(commodity: $0.commodity.rawValue, unitPrice: $0.unitPrice, maxUnits: $0.maxUnits)
        }
    }

    /// What pays with the channel for a commodity, made again: hashes once for each unit. Nil if it does not pay for it.
    func payment(for commodity: Commodity, key: SigningKey) throws -> PayableChannel? {
        guard let id = ChannelID(id), let network = NetworkID(network), let payee = NodeID(payee),
            let purchase = purchases.first(where: { $0.commodity == commodity.rawValue })
        else { return nil }
        let plan = try ChannelPlan(
            key: key, network: network, payee: payee, nonce: nonce, expiresMilliseconds: expiresMilliseconds,
            purchases: [
                .init(commodity: commodity, unitPrice: purchase.unitPrice, maxUnits: purchase.maxUnits)
            ])
        return plan.chains[commodity].map {
            PayableChannel(channel: id, payee: payee, chain: $0, unitPrice: purchase.unitPrice)
        }
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

    /// The notes of all channels that this account opened on this machine, by their ids.
    static func all(besideKey path: String) -> [ChannelNote] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder(besideKey: path))) ?? []
        return names.sorted().compactMap { name in
            guard name.hasSuffix(".json") else { return nil }
            return ChannelID(String(name.dropLast(".json".count))).flatMap { read($0, besideKey: path) }
        }
    }

    /// Forgets a channel that is closed.
    static func remove(_ id: ChannelID, besideKey path: String) {
        try? FileManager.default.removeItem(atPath: folder(besideKey: path) + "/\(id).json")
    }
}
