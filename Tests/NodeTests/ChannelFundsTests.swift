import Channels
import Exchange
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import PaidDelivery
import Peering
import Stark
import Synchronization
import Testing

@testable import Node

@Suite("Opening channels to other nodes", .timeLimit(.minutes(1)))
struct ChannelFundsTests {
    private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// The first of two nodes, which pays the second one.
    private final class Scene: Sendable {
        let scene: LedgerScene
        let keeper: LedgerKeeper
        let file: String
        let quotes = Mutex(0)
        /// What the second node asks.
        let price = Mutex((price: UInt64(1), permille: UInt32(1_000)))
        let clock = Mutex(Int64(Date().timeIntervalSince1970 * 1_000))

        init(_ folder: String) async throws {
            scene = try LedgerScene(nodes: 2)
            keeper = try await scene.keeper(of: 0, in: folder)
            file = folder + "/paying.json"
        }

        var key: SigningKey { scene.keys[0] }
        var balance: UInt64 { keeper.state.account(key.publicKey.account)?.balance ?? 0 }

        /// The operator gives the node's account money.
        func give(_ amount: UInt64, nonce: UInt64 = 1) async throws {
            let transaction = try TransactionBuilder(networkID: scene.genesis.networkID, key: scene.owner)
                .sign(.transfer(to: key.publicKey.account, amount: amount), nonce: nonce)
            let outcome = try await keeper.submit(transaction.bytes).outcome
            #expect(outcome.isApplied, "\(outcome)")
        }

        func funds(units: UInt64 = 300, most: UInt64 = 1, _ logger: Logger) throws -> ChannelFunds {
            var policy = ChannelFunds.Policy(maxPrices: [.bytes: most, .compute: 0])
            policy.units = units
            let (payee, network) = (scene.keys[1], scene.genesis.networkID)
            return try ChannelFunds(
                key: key, keeper: keeper, file: file, policy: policy,
                peers: .init(
                    quote: { _, request in
                        self.quotes.withLock { $0 += 1 }
                        let asked = self.price.withLock { $0 }
                        return try SessionQuote(
                            network: network, payer: request.payer, commodity: request.commodity,
                            unitPrice: asked.price, permille: asked.permille, expiresMilliseconds: .max, key: payee)
                    }, settle: { _, _ in }),
                logger: logger,
                submit: { transaction in
                    let result = try await self.keeper.submit(transaction)
                    if let refusal = result.outcome.refusal { throw refusal }
                    return result.sequence
                }, now: { self.clock.withLock { $0 } })
        }

        func wait() { clock.withLock { $0 += 31_000 } }
    }

    private func refusal(_ body: () async throws -> Void) async -> PeerError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? PeerError)?.code
        }
    }

    @Test("As long as the account has money, channels are opened; what was opened is used again after a restart")
    func opens() async throws {
        try await LedgerScene.inFolder { folder in
            let scene = try await Scene(folder)
            let node = scene.scene.nodes[1]
            var funds = try scene.funds(logger)
            #expect(await refusal { _ = try await funds.wallet(for: node, .bytes) } == .paymentRequired)
            try await scene.give(700)
            // It is left alone for a while after it could not be paid.
            let quotes = scene.quotes.withLock { $0 }
            #expect(await refusal { _ = try await funds.wallet(for: node, .bytes) } == .paymentRequired)
            #expect(scene.quotes.withLock { $0 } == quotes)
            scene.wait()
            let first = try await funds.wallet(for: node, .bytes)
            let second = try await funds.wallet(for: node, .bytes)
            #expect(first.channel != second.channel)
            #expect(scene.balance == 100)
            for wallet in [first, second] {
                let record = try #require(scene.keeper.state.channel(wallet.channel))
                #expect(record.payee == node && record.deposit == 300)
                #expect(record.chains.first?.anchor == wallet.chain.anchor)
            }
            // 100 units of money buy no channel.
            #expect(await refusal { _ = try await funds.wallet(for: node, .bytes) } == .paymentRequired)
            // After a restart both are handed out once more, each to one.
            scene.wait()
            funds = try scene.funds(logger)
            let again = [try await funds.wallet(for: node, .bytes), try await funds.wallet(for: node, .bytes)]
            #expect(Set(again.map(\.channel)) == [first.channel, second.channel])
            #expect(again.allSatisfy { [first.chain.anchor, second.chain.anchor].contains($0.chain.anchor) })
            #expect(await refusal { _ = try await funds.wallet(for: node, .bytes) } == .paymentRequired)
            try await scene.keeper.close()
        }
    }

    @Test("Nothing is paid above the operator's price, multiplier included, or for what it pays nothing for")
    func prices() async throws {
        try await LedgerScene.inFolder { folder in
            let scene = try await Scene(folder)
            let node = scene.scene.nodes[1]
            try await scene.give(900)
            let funds = try scene.funds(most: 2, logger)
            #expect(await refusal { _ = try await funds.wallet(for: node, .compute) } == .paymentRequired)
            #expect(scene.quotes.withLock { $0 } == 0)
            for (price, permille) in [(3, 1_000), (2, 1_001), (1, 2_001), (.max, 64_000)] as [(UInt64, UInt32)] {
                scene.price.withLock { $0 = (price, permille) }
                #expect(await refusal { _ = try await funds.wallet(for: node, .bytes) } == .paymentRequired)
                scene.wait()
            }
            #expect(scene.balance == 900)
            scene.price.withLock { $0 = (1, 2_000) }
            let wallet = try await funds.wallet(for: node, .bytes)
            #expect(wallet.maxPermille == 2_000)
            #expect(scene.balance == 600)
            try await scene.keeper.close()
        }
    }

    @Test("A node that uses nothing of its channels does not tie up more and more money")
    func unused() async throws {
        try await LedgerScene.inFolder { folder in
            let scene = try await Scene(folder)
            let node = scene.scene.nodes[1]
            try await scene.give(1_000)
            scene.price.withLock { $0 = (0, 1_000) }
            let funds = try scene.funds(units: 256, logger)
            var opened = 0
            while await refusal({ _ = try await funds.wallet(for: node, .bytes) }) == nil, opened < 99 { opened += 1 }
            #expect(opened == 16)
            try await scene.keeper.close()
        }
    }

    @Test("A list of channels that is none stops the node, and does not lose them")
    func damaged() async throws {
        try await LedgerScene.inFolder { folder in
            let scene = try await Scene(folder)
            try Data("[{}]".utf8).write(to: URL(fileURLWithPath: scene.file))
            #expect(throws: NodeError.self) { _ = try scene.funds(logger) }
            try await scene.keeper.close()
        }
    }
}
