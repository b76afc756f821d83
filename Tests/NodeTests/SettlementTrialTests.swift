import Blake3
import Foundation
import Identity
import Ledger
import Peering
import Stark
import Testing

@testable import Node

@Suite("Trying what takes the ledger long")
struct SettlementTrialTests {
    private static let tip = PoseidonLink(bytes: [6] + Array(repeating: 0, count: 31))

    private func reveal(_ steps: UInt64, _ channel: ChannelID = ChannelID(Blake3.hash([1]))) throws -> Settlement {
        let tip = try #require(Self.tip)
        return Settlement(channel: channel, commodity: .bytes, lane: .reveal(link: tip, steps: steps))
    }

    @Test("Many revealed steps and evidence of false settlements are tried, other transactions are not")
    func long() throws {
        let most = SettlementTrial.leastSteps
        let cases: [(LedgerAction, Bool)] = [
            (.settleChannels([try reveal(most)]), false), (.settleChannels([try reveal(most + 1)]), true),
            (.settleChannels([try reveal(most), try reveal(1)]), true),
            (.settleChannels([try reveal(.max), try reveal(.max)]), true),
            (.submitFault(.falseSettlement(transaction: Data(), index: 0)), true),
            (.closeChannel(ChannelID(Blake3.hash([1]))), false),
        ]
        for (action, isLong) in cases { #expect(SettlementTrial.isLong(action) == isLong, "\(action)") }
    }

    @Test("What the copy refuses is refused, and the ledger itself stays as it was")
    func refuses() async throws {
        let scene = try LedgerScene(nodes: 2)
        let state = LedgerState(genesis: scene.genesis)
        let trial = SettlementTrial()
        func code(_ action: LedgerAction, nonce: UInt64 = 1) async throws -> String? {
            let transaction = try TransactionBuilder(networkID: state.networkID, key: scene.keys[0], as: .node)
                .sign(action, nonce: nonce)
            do {
                try await trial.check(transaction) { state }
                return nil
            } catch {
                return (error as? LedgerError)?.code.description ?? (error as? PeerError)?.code.description
            }
        }
        let tip = try #require(Self.tip)
        let long = LedgerAction.settleChannels([try reveal(8_192), try reveal(8_192)])
        #expect(try await code(long) == "ledger/unknown-channel")
        #expect(try await code(.settleChannels([try reveal(5)])) == nil, "that is the ledger's to refuse")
        let proven = Settlement(
            channel: ChannelID(Blake3.hash([1])), commodity: .bytes, lane: .proof(from: tip, link: tip, steps: 1))
        let signed = try TransactionBuilder(networkID: state.networkID, key: scene.keys[1], as: .node)
            .sign(.settleChannels([proven], proof: Data([1])), nonce: 1)
        let evidence = LedgerAction.submitFault(.falseSettlement(transaction: signed.bytes, index: 0))
        #expect(try await code(evidence) == "ledger/bad-evidence")
        // Ahead of its turn it has to wait; behind it the ledger knows what became of it.
        #expect(try await code(long, nonce: 2) == "peer/busy")
        #expect(try await code(long, nonce: 0) == nil)
    }
}
