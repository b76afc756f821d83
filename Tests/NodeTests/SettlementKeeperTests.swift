import AckProofs
import Blake3
import ControlModel
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import Stark
import Synchronization
import Testing

@testable import Node

@Suite("Settling by a node", .timeLimit(.minutes(2)))
struct SettlementKeeperTests {
    private static let tip = PoseidonLink(bytes: [9] + Array(repeating: 0, count: 31))
    private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// A channel of 100 units at 3 to the first node, and its chain: link j of `links` acknowledges j units.
    private struct Opened {
        let id: ChannelID
        let links: [PoseidonLink]

        func acknowledged(_ units: Int) -> AcknowledgedChain {
            AcknowledgedChain(channel: id, commodity: .bytes, units: UInt64(units), link: links[units])
        }
    }

    private func open(_ scene: LedgerScene, _ keeper: LedgerKeeper, nonce: UInt64 = 1) async throws -> Opened {
        let tip = try #require(Self.tip).advanced(by: Int(nonce))
        let links = (0...100).map { tip.advanced(by: 100 - $0) }
        let channel = NewChannel(
            payee: scene.nodes[0], expiresMilliseconds: Int64(Date().timeIntervalSince1970 * 1_000) + 3_600_000,
            chains: [.init(commodity: .bytes, anchor: links[0], unitPrice: 3, maxUnits: 100)])
        let transaction = try TransactionBuilder(networkID: scene.genesis.networkID, key: scene.owner)
            .sign(.openChannel(channel), nonce: nonce)
        let result = try await keeper.submit(transaction.bytes)
        #expect(result.outcome.isApplied, "\(result.outcome)")
        return Opened(id: ChannelID(transaction.id), links: links)
    }

    private func settler(
        _ scene: LedgerScene, _ keeper: LedgerKeeper, policy: SettlementPlan.Policy = .init(), file: String? = nil,
        prover: @escaping SettlementKeeper.Prove = { _, _ in throw CancellationError() },
        acknowledged: @escaping SettlementKeeper.Acknowledged, submit: SettlementKeeper.Submit? = nil
    ) -> SettlementKeeper {
        SettlementKeeper(
            key: scene.keys[0], keeper: keeper, policy: policy, look: .milliseconds(5), file: file, prover: prover,
            metrics: SettlementMetrics(), logger: logger,
            acknowledged: acknowledged,
            submit: submit ?? { transaction in
                if let refusal = try await keeper.submit(transaction).outcome.refusal { throw refusal }
            })
    }

    @Test("What is acknowledged is settled when somebody asks, once, and counted")
    func settles() async throws {
        try await LedgerScene.inFolder { folder in
            let scene = try LedgerScene(nodes: 1)
            let keeper = try await scene.keeper(of: 0, in: folder)
            let opened = try await open(scene, keeper)
            let settler = settler(scene, keeper, acknowledged: { [opened.acknowledged(40)] })
            let task = Task { await settler.run() }
            await settler.settle(timeout: .seconds(60))
            #expect(keeper.state.channel(opened.id)?.settled == 120)
            let sequence = keeper.state.sequence
            await settler.settle(timeout: .seconds(60))
            #expect(keeper.state.sequence == sequence, "there is nothing left to settle")
            let earnings = settler.metrics.earnings
            #expect(earnings.settledUnits == 40 && earnings.settledValue == 120 && earnings.batches == 1)
            #expect(earnings.pendingUnits == 0)
            task.cancel()
            await task.value
            try await keeper.close()
        }
    }

    @Test("Whose time is over ends no wait but its own")
    func waits() async throws {
        try await LedgerScene.inFolder { folder in
            let scene = try LedgerScene(nodes: 1)
            let keeper = try await scene.keeper(of: 0, in: folder)
            let settler = settler(scene, keeper, acknowledged: { [] })
            let isOver = Mutex(false)
            let patient = Task {
                await settler.settle(timeout: .seconds(60))
                isOver.withLock { $0 = true }
            }
            for _ in 0..<3 { await settler.settle(timeout: .milliseconds(20)) }
            #expect(isOver.withLock { !$0 })
            let task = Task { await settler.run() }
            await patient.value
            task.cancel()
            await task.value
            try await keeper.close()
        }
    }

    @Test("A nonce that another duty used, and an answer that was lost, cost nothing and pay nothing twice")
    func triesAgain() async throws {
        try await LedgerScene.inFolder { folder in
            let scene = try LedgerScene(nodes: 1)
            let keeper = try await scene.keeper(of: 0, in: folder)
            let opened = try await open(scene, keeper)
            let calls = Mutex(0)
            let settler = settler(scene, keeper, acknowledged: { [opened.acknowledged(7)] }) { transaction in
                let call = calls.withLock { calls in
                    calls += 1
                    return calls
                }
                if call == 1 { throw LedgerError(.badNonce, "another duty was faster") }
                if let refusal = try await keeper.submit(transaction).outcome.refusal { throw refusal }
                // The ledger has it, but nobody said so.
                if call == 2 { throw LedgerLogError(.unavailable, "the answer is lost") }
            }
            let task = Task { await settler.run() }
            await settler.settle(timeout: .seconds(60))
            try await eventually { keeper.state.channel(opened.id)?.settled == 21 }
            await settler.settle(timeout: .seconds(60))
            #expect(keeper.state.channel(opened.id)?.settled == 21)
            #expect(calls.withLock { $0 } == 2, "what is settled is not submitted again")
            task.cancel()
            await task.value
            try await keeper.close()
        }
    }

    @Test("A proof that the ledger did not take is submitted again, also after a restart, and not made again")
    func keepsProofs() async throws {
        try await LedgerScene.inFolder { folder in
            let scene = try LedgerScene(nodes: 1)
            let keeper = try await scene.keeper(of: 0, in: folder)
            let opened = try await open(scene, keeper)
            var policy = SettlementPlan.Policy()
            policy.crossover = 0
            policy.retryPause = 5...5
            // Each proof is another one: its number.
            let made = Mutex<UInt8>(0)
            let sent = Mutex<[Data]>([])
            @Sendable func prove(_ claims: [AckClaim], _ context: [UInt8]) -> (proof: [UInt8], duration: Duration) {
                let number = made.withLock { made in
                    made += 1
                    return made
                }
                return ([number], .zero)
            }
            @Sendable func note(_ transaction: Data) throws {
                guard case .settleChannels(_, let proof) = try SignedTransaction(decoding: transaction).action else {
                    return
                }
                sent.withLock { $0.append(proof) }
            }
            let file = folder + "/proven"
            let first = settler(
                scene, keeper, policy: policy, file: file, prover: { prove($0, $1) },
                acknowledged: { [opened.acknowledged(20)] }
            ) { transaction in
                try note(transaction)
                throw LedgerLogError(.unavailable, "nobody takes it")
            }
            let task = Task { await first.run() }
            await first.settle(timeout: .milliseconds(200))
            try await eventually { sent.withLock { $0.count } >= 3 }
            task.cancel()
            await task.value
            #expect(made.withLock { $0 } == 1)
            #expect(FileManager.default.fileExists(atPath: file))
            let before = sent.withLock { $0.count }
            // More was acknowledged meanwhile: it follows the proof that was there.
            let second = settler(
                scene, keeper, policy: policy, file: file, prover: { prove($0, $1) },
                acknowledged: { [opened.acknowledged(30)] }
            ) { transaction in try note(transaction) }
            let again = Task { await second.run() }
            try await eventually { sent.withLock { $0.count } >= before + 2 }
            again.cancel()
            await again.value
            let proofs = sent.withLock { $0 }
            #expect(Set(proofs.prefix(before + 1)) == [Data([1])], "the same proof until it was taken")
            #expect(proofs[before + 1] == Data([2]))
            try await keeper.close()
        }
    }

    @Test("A proof that is on the ledger already, or is another node's, is not submitted")
    func forgetsProofs() async throws {
        try await LedgerScene.inFolder { folder in
            let scene = try LedgerScene(nodes: 2)
            let keeper = try await scene.keeper(of: 0, in: folder)
            let opened = try await open(scene, keeper)
            let file = folder + "/proven"
            let order = SettlementOrder(
                settlements: [
                    // From a link that is not the chain's any more.
                    Settlement(
                        channel: opened.id, commodity: .bytes,
                        lane: .proof(from: opened.links[1], link: opened.links[2], steps: 1))
                ], proof: Data([7]))
            let network = scene.genesis.networkID
            for (key, isOwn) in [(scene.keys[0], true), (scene.keys[1], false)] {
                let transaction = try TransactionBuilder(networkID: network, key: key, as: .node)
                    .sign(.settleChannels(order.settlements, proof: order.proof), nonce: 1)
                try order.write(transaction, to: file)
                let read = SettlementOrder(reading: file, network: network, node: scene.nodes[0])
                #expect(read == (isOwn ? order : nil))
            }
            #expect(!order.mayPay(keeper.state))
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: file))
            #expect(SettlementOrder(reading: file, network: network, node: scene.nodes[0]) == nil)
            try await keeper.close()
        }
    }

    @Test("A node that stops while it proves keeps nothing, and proves the same again")
    func stopsWhileProving() async throws {
        try await LedgerScene.inFolder { folder in
            let scene = try LedgerScene(nodes: 1)
            let keeper = try await scene.keeper(of: 0, in: folder)
            let opened = try await open(scene, keeper)
            var policy = SettlementPlan.Policy()
            policy.crossover = 0
            let file = folder + "/proven"
            let asked = Mutex<[[AckClaim]]>([])
            let sent = Mutex<[Data]>([])
            @Sendable func note(_ transaction: Data) throws {
                guard case .settleChannels(_, let proof) = try SignedTransaction(decoding: transaction).action else {
                    return
                }
                sent.withLock { $0.append(proof) }
            }
            let first = settler(
                scene, keeper, policy: policy, file: file,
                prover: { claims, _ in
                    asked.withLock { $0.append(claims) }
                    try await Task.sleep(for: .seconds(3_600))
                    return ([1], .zero)
                }, acknowledged: { [opened.acknowledged(20)] }
            ) { transaction in try note(transaction) }
            let task = Task { await first.run() }
            await first.settle(timeout: .milliseconds(50))
            try await eventually { asked.withLock { $0.count } == 1 }
            task.cancel()
            await task.value
            #expect(sent.withLock(\.isEmpty) && !FileManager.default.fileExists(atPath: file))
            let second = settler(
                scene, keeper, policy: policy, file: file,
                prover: { claims, _ in
                    asked.withLock { $0.append(claims) }
                    return ([2], .zero)
                }, acknowledged: { [opened.acknowledged(20)] }
            ) { transaction in try note(transaction) }
            let again = Task { await second.run() }
            await second.settle(timeout: .seconds(60))
            #expect(sent.withLock { $0 } == [Data([2])])
            let claims = asked.withLock { $0 }
            #expect(claims.count == 2 && claims.first == claims.last)
            again.cancel()
            await again.value
            try await keeper.close()
        }
    }

    @Test("A node that starts again settles what it had acknowledged and not settled")
    func restarts() async throws {
        try await LedgerScene.inFolder { folder in
            let scene = try LedgerScene(nodes: 1)
            let keeper = try await scene.keeper(of: 0, in: folder)
            let opened = try await open(scene, keeper)
            // Stopped while its transaction is on the way: nobody knows whether it arrived.
            let first = settler(scene, keeper, acknowledged: { [opened.acknowledged(10)] }) { _ in
                try await Task.sleep(for: .seconds(3_600))
            }
            let task = Task { await first.run() }
            await first.settle(timeout: .milliseconds(50))
            task.cancel()
            await task.value
            #expect(keeper.state.channel(opened.id)?.settled == 0)
            let second = settler(scene, keeper, acknowledged: { [opened.acknowledged(12)] })
            let again = Task { await second.run() }
            await second.settle(timeout: .seconds(60))
            #expect(keeper.state.channel(opened.id)?.settled == 36)
            again.cancel()
            await again.value
            try await keeper.close()
        }
    }
}

@Suite("Hashing settled batches again")
struct SettlementRehashTests {
    private static let tip = PoseidonLink(bytes: [5] + Array(repeating: 0, count: 31))

    @Test("A false batch is named, with evidence; a true one and what is none are not")
    func finds() throws {
        let scene = try LedgerScene(nodes: 2)
        let network = scene.genesis.networkID
        let tip = try #require(Self.tip)
        let builder = TransactionBuilder(networkID: network, key: scene.keys[1], as: .node)
        func settlement(_ number: Int, steps: Int, shift: Int = 0) -> Settlement {
            let link = tip.advanced(by: number)
            return Settlement(
                channel: ChannelID(Blake3.hash([UInt8(number)])), commodity: .bytes,
                lane: .proof(from: link.advanced(by: steps + shift), link: link, steps: UInt64(steps)))
        }
        func check(_ bytes: Data, proofs: Bool = true) -> (steps: UInt64, fault: SettlementRehash.Fault?) {
            SettlementRehash.check(
                bytes, in: 17, network: network,
                verify: { (_, _, _) throws(LedgerError) in
                    if !proofs { throw LedgerError(.badSettlement, "not valid") }
                })
        }
        let reveal = Settlement(
            channel: ChannelID(Blake3.hash([9])), commodity: .bytes, lane: .reveal(link: tip, steps: 1))
        let good = try builder.sign(
            .settleChannels([reveal, settlement(1, steps: 5), settlement(2, steps: 700)], proof: Data([1])), nonce: 1)
        #expect(check(good.bytes).steps == 705 && check(good.bytes).fault == nil)
        let wrong = try builder.sign(
            .settleChannels(
                [reveal, settlement(1, steps: 5), settlement(2, steps: 700, shift: 1)], proof: Data([1])), nonce: 1)
        let fault = try #require(check(wrong.bytes).fault)
        #expect(fault.sequence == 17 && fault.transaction == wrong.id && fault.payee == scene.nodes[1])
        #expect(fault.channel == ChannelID(Blake3.hash([2])))
        #expect(fault.evidence == .falseSettlement(transaction: wrong.bytes, index: 2))
        // Without a valid proof the ledger refused it, whatever it says.
        #expect(check(wrong.bytes, proofs: false).steps == 0 && check(wrong.bytes, proofs: false).fault == nil)
        let other = try builder.sign(.settleChannels([reveal]), nonce: 1)
        #expect(check(other.bytes).steps == 0)
        #expect(check(Data([1, 2, 3])).steps == 0)
        // The real verifier believes none of these.
        #expect(SettlementRehash.check(wrong.bytes, in: 17, network: network).steps == 0)
    }
}
