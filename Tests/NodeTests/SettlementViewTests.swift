import Blake3
import Foundation
import Identity
import Ledger
import Stark
import Testing

@testable import Node

@Suite("What may be settled")
struct SettlementViewTests {
    private static let tip = PoseidonLink(bytes: [9] + Array(repeating: 0, count: 31))

    /// A channel of 40 units at 3 to the first node.
    private func open(_ scene: LedgerScene, _ state: inout LedgerState, price: UInt64 = 3) throws -> ChannelID {
        let tip = try #require(Self.tip)
        let builder = TransactionBuilder(networkID: state.networkID, key: scene.owner)
        let channel = NewChannel(
            payee: scene.nodes[0], expiresMilliseconds: LedgerScene.start + 10_000,
            chains: [.init(commodity: .bytes, anchor: tip.advanced(by: 40), unitPrice: price, maxUnits: 40)])
        let nonce = state.nonce(of: builder.signer) + 1
        let transaction = try builder.sign(.openChannel(channel), nonce: nonce)
        #expect(state.execute(transaction, timeMilliseconds: LedgerScene.start).isApplied)
        return ChannelID(transaction.id)
    }

    private func chain(_ id: ChannelID, units: UInt64, voucher: UInt64? = nil) throws -> AcknowledgedChain {
        let tip = try #require(Self.tip)
        return AcknowledgedChain(
            channel: id, commodity: .bytes, units: units, link: tip.advanced(by: Int(40 - min(units, 40))),
            voucher: voucher.map { .init(units: $0, signature: Data()) })
    }

    @Test("Only what is open, of this node, acknowledged beyond what is settled, and worth something")
    func pending() throws {
        let scene = try LedgerScene(nodes: 2)
        var state = LedgerState(genesis: scene.genesis)
        let id = try open(scene, &state)
        let now = LedgerScene.start
        func view(_ chains: [AcknowledgedChain], node: Int = 0, now: Int64 = LedgerScene.start) -> SettlementView {
            SettlementView(state, scene.nodes[node], chains, now: now)
        }
        let found = view([try chain(id, units: 7)])
        #expect(found.takesProofs && found.stepsPerReveal == 8_192)
        #expect(found.pending.first?.steps == 7 && found.pending.first?.value == 21)
        #expect(found.pending.first?.isEnding == false)
        #expect(view([try chain(id, units: 7)], node: 1).pending.isEmpty)
        #expect(view([try chain(id, units: 0)]).pending.isEmpty)
        #expect(view([try chain(id, units: 41)]).pending.isEmpty, "no chain is longer than its channel says")
        #expect(view([try chain(ChannelID(Blake3.hash([1])), units: 7)]).pending.isEmpty)
        #expect(view([try chain(id, units: 0, voucher: 5)]).pending.first?.units == 5)
        let end = now + 10_000 + Int64(state.parameters.channelGraceMilliseconds)
        #expect(view([try chain(id, units: 7)], now: now + 10_000).pending.first?.isEnding == true)
        #expect(view([try chain(id, units: 7)], now: end).pending.count == 1)
        #expect(view([try chain(id, units: 7)], now: end + 1).pending.isEmpty)
    }
}
