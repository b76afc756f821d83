import Blake3
import Foundation
import Identity
import Stark

@testable import Channels
@testable import Ledger

let hour: Int64 = 3_600_000
let testNetwork = NetworkID(Blake3.hash(Array("network".utf8)))

/// A folder that goes with its last reference.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "skerry-channels-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

func seed(_ number: UInt64, commodity: Commodity = .bytes) -> ChainSeed {
    ChainSeed(
        secret: Blake3.hash([1]), network: testNetwork, payee: NodeID(Blake3.hash([2])), nonce: number,
        commodity: commodity)
}

/// A payer with one channel to a payee.
struct TestPayer {
    let key: SigningKey
    let payee: PublicKey
    let commodity: Commodity
    var chain: PayerChain
    let record: ChannelRecord
    var holder: NodeID { key.publicKey.node }

    init(
        payee: PublicKey, units: UInt64 = 200, price: UInt64 = 10, number: UInt64 = 1, expires: Int64 = hour,
        key: SigningKey? = nil, commodity: Commodity = .bytes
    ) throws {
        self.payee = payee
        self.commodity = commodity
        let key = key ?? SigningKey()
        self.key = key
        let plan = try ChannelPlan(
            key: key, network: testNetwork, payee: payee.node, nonce: number, expiresMilliseconds: expires,
            purchases: [.init(commodity: commodity, unitPrice: price, maxUnits: units)])
        chain = try PayerChain(
            seed: ChainSeed(key: key, network: testNetwork, payee: payee.node, nonce: number, commodity: commodity),
            unitCount: units)
        let id = ChannelID(Blake3.hash(chain.anchor.bytes + key.publicKey.bytes))
        record = ChannelRecord(
            id: id, payer: key.publicKey.account, payerKey: key.publicKey, payee: payee.node,
            expiresMilliseconds: expires, openedSequence: number, deposit: units * price,
            chains: plan.channel.chains.map(ChannelRecord.Chain.init))
    }

    func opening(
        at milliseconds: Int64 = 0, holder: NodeID? = nil, signer: SigningKey? = nil, quote: SessionQuote? = nil,
        sharing: UInt32 = 0, weight: UInt16 = 1
    ) throws -> SessionOpening {
        let grant = SessionGrant(
            network: testNetwork, channel: record.id, holder: holder ?? self.holder, milliseconds: milliseconds)
        return SessionOpening(
            channel: record.id, commodity: commodity, grantMilliseconds: milliseconds,
            grant: try grant.sign(with: signer ?? key), sharing: sharing, weight: weight, quote: quote)
    }

    /// The record after a settlement.
    func settled(units: UInt64, link: ChainLink) -> ChannelRecord {
        var record = record
        record.chains[0].settledUnits = units
        record.chains[0].link = link.link
        record.chains[0].linkUnits = link.index
        return record
    }

    func closing(at milliseconds: Int64) -> ChannelRecord {
        var record = record
        record.closingMilliseconds = milliseconds
        return record
    }
}

/// The code of the failure that `body` ends with; nil if it does not fail.
func code(_ body: () throws -> Void) -> ChannelsError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? ChannelsError)?.code
    }
}

/// What `body` gives. An expectation cannot contain what changes its operands; this hides it.
func value<Value>(_ body: () throws -> Value) rethrows -> Value { try body() }
