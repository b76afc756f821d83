import Blake3
import Client
import ControlModel
import Foundation
import Identity
import Ledger
import Synchronization
import Testing

@Suite("Reading and submitting", .timeLimit(.minutes(1)))
struct LedgerClientTests {
    private static func settings(_ timeout: Duration) -> LedgerClient.Settings {
        var settings = LedgerClient.Settings()
        settings.submitTimeout = timeout
        settings.retryPause = .milliseconds(5)
        return settings
    }

    private static func client(
        _ url: String, others: [String] = [], network: NetworkID? = nil, timeout: Duration = .seconds(20)
    ) -> LedgerClient {
        LedgerClient(
            NodeClient(control: url), others: others.map { NodeClient(control: $0) }, network: network,
            settings: settings(timeout))
    }

    @Test func readsWhatTheNodeSays() async throws {
        let network = try TestNetwork()
        try network.handOver()
        try network.transfer(times: 2)
        try network.certify()
        try await TestNode(network: network).serve { url async throws in
            let client = Self.client(url, network: network.genesis.networkID)
            let head = try await client.head()
            #expect(head.sequence == 5)
            #expect(head.stateRoot == network.state.root.hex)
            #expect(head.certified?.votesWeight == 30)
            #expect(head.certified?.totalWeight == 30)
            #expect(try await client.genesis() == network.genesis)
            #expect(try await client.entries(from: 1).count == 5)
            #expect(try await client.entries(from: 4, limit: 1).count == 1)
            #expect(try await client.entries(from: 6).isEmpty)
            let entry = try #require(try await client.entry(4))
            let transaction = try #require(entry.transactions.first)
            #expect(transaction.verb == "transfer")
            #expect(transaction.outcome == "applied")
            #expect(transaction.arguments.contains(.init("amount", "1")))
            let id = try #require(TransactionID(transaction.id))
            #expect(try await client.transaction(id) == transaction)
            #expect(try await client.entry(6) == nil)
            #expect(try await client.base() == nil)
            let epoch = try await client.epoch()
            #expect(epoch.number == 1)
            #expect(epoch.committee.count == 3)
            #expect(try await client.parameters()["epoch_ms"] == 10_000)
            let nodes = try await client.nodes()
            #expect(nodes.count == 4)
            #expect(nodes.filter(\.participating).count == 3)
            #expect(try await client.account(network.bob.publicKey.account).balance == 2)
        }
    }

    @Test func entriesCanBeFollowed() async throws {
        let network = try TestNetwork()
        try network.transfer(times: 258)
        try await TestNode(network: network).serve { url async throws in
            var state = LedgerState(genesis: network.genesis)
            for try await entry in Self.client(url).stream(from: 1) {
                try state.apply(entry)
                if state.sequence == 258 { break }
            }
            #expect(state.root == network.state.root)
        }
    }

    @Test func anotherNetworkIsRefusedBeforeAnythingIsSigned() async throws {
        let (network, other) = (try TestNetwork(), try TestNetwork("other"))
        let alice = network.alice
        try await TestNode(network: other).serve { url async throws in
            let client = Self.client(url, network: network.genesis.networkID)
            #expect(await code { _ = try await client.head() } == "client/wrong-network")
            #expect(await code { _ = try await client.genesis() } == "client/wrong-network")
            let claim = LedgerAction.claimName(try TestNetwork.name("shop"))
            #expect(await code { _ = try await client.submit(claim, key: alice) } == "client/wrong-network")
        }
        #expect(other.state.sequence == 0)
    }

    @Test func aNodeThatDoesNotAnswerIsPassedOver() async throws {
        let network = try TestNetwork()
        let alice = network.alice
        try await TestNode(network: network).serve { url async throws in
            let client = Self.client("http://127.0.0.1:1", others: [url])
            let receipt = try await client.submit(.claimName(try TestNetwork.name("shop")), key: alice)
            #expect(receipt.sequence == 1)
        }
    }

    @Test func aNodeSignsForItself() async throws {
        let network = try TestNetwork()
        let key = network.nodes[2]
        try await TestNode(network: network).serve { url async throws in
            let client = Self.client(url)
            _ = try await client.submit(.optOut(key.publicKey.node), key: key, as: .node)
            #expect(try await client.nonce(of: .node(key.publicKey.node)) == 1)
            #expect(try await client.node(key.publicKey.node)?.participating == false)
        }
    }

    @Test func aLostAnswerDoesNotExecuteTwice() async throws {
        let network = try TestNetwork()
        let (alice, bob) = (network.alice, network.bob.publicKey.account)
        let lost = Mutex(2)
        try await TestNode(network: network).serve(
            lying: { path, body in
                let isLost =
                    path.hasSuffix("/transactions")
                    && lost.withLock { lost in
                        lost -= 1
                        return lost >= 0
                    }
                return isLost ? .cut(body.prefix(3)) : .body(body)
            },
            { url async throws in
                let receipt = try await Self.client(url).submit(.transfer(to: bob, amount: 7), key: alice)
                #expect(receipt.sequence == 1)
            })
        #expect(network.state.account(bob)?.balance == 7)
        #expect(lost.withLock { $0 } == -1)
    }

    @Test func aFailOverIsWaitedFor() async throws {
        let network = try TestNetwork()
        let alice = network.alice
        let refusals = Mutex(3)
        var node = TestNode(network: network)
        node.beforeSubmit = { _ in
            let isAway = refusals.withLock { refusals in
                refusals -= 1
                return refusals >= 0
            }
            if isAway { throw ControlFailure(status: 503, code: "ledger-log/not-sequencer", message: "moved") }
        }
        try await node.serve { url async throws in
            let receipt = try await Self.client(url).submit(.claimName(try TestNetwork.name("shop")), key: alice)
            #expect(receipt.sequence == 1)
        }
    }

    @Test func aNonceThatAnotherCommandUsedUpIsReplaced() async throws {
        let network = try TestNetwork()
        let alice = network.alice
        let isFirst = Mutex(true)
        var node = TestNode(network: network)
        node.beforeSubmit = { _ in
            let isFirst = isFirst.withLock { isFirst in
                defer { isFirst = false }
                return isFirst
            }
            if isFirst { try network.append([try network.sign(.claimName(try TestNetwork.name("other")), by: alice)]) }
        }
        try await node.serve { url async throws in
            let receipt = try await Self.client(url).submit(.claimName(try TestNetwork.name("shop")), key: alice)
            #expect(receipt.sequence == 2)
        }
        #expect(network.state.names.count == 2)
    }

    @Test func aNodeThatIsBehindGetsTheSameBytesAgain() async throws {
        let network = try TestNetwork()
        let alice = network.alice
        let seen = Mutex<[TransactionID]>([])
        var node = TestNode(network: network)
        node.beforeSubmit = { transaction in
            let count = seen.withLock { seen in
                seen.append(transaction.id)
                return seen.count
            }
            if count < 3 { throw LedgerError(.badNonce, "too early") }
        }
        try await node.serve { url async throws in
            _ = try await Self.client(url).submit(.claimName(try TestNetwork.name("shop")), key: alice)
        }
        #expect(seen.withLock { $0.count } == 3)
        #expect(Set(seen.withLock { $0 }).count == 1)
    }

    @Test func anAnswerThatNeverComesIsSaidToBeUnknown() async throws {
        let network = try TestNetwork()
        let alice = network.alice
        try await TestNode(network: network).serve(
            lying: { path, body in path.hasSuffix("/transactions") ? .cut(Data()) : .body(body) },
            { url async throws in
                let client = Self.client(url, timeout: .zero)
                let claim = LedgerAction.claimName(try TestNetwork.name("shop"))
                #expect(await code { _ = try await client.submit(claim, key: alice) } == "client/outcome-unknown")
            })
        #expect(network.state.sequence == 1)
    }

    @Test("What a submission waits for is told while it waits, and once")
    func waitIsTold() async throws {
        let network = try TestNetwork()
        let alice = network.alice
        let told = Mutex<[String]>([])
        var node = TestNode(network: network)
        node.beforeSubmit = { _ in
            guard told.withLock(\.isEmpty) else { return }
            throw ControlFailure(
                status: 503, code: "ledger-log/unavailable", message: "The sequencer lacks entries")
        }
        var settings = Self.settings(.seconds(20))
        settings.noticeDelay = .milliseconds(50)
        try await node.serve { [settings] url async throws in
            var node = NodeClient(control: url)
            node.onWait = { text in told.withLock { $0.append(text) } }
            let claim = LedgerAction.claimName(try TestNetwork.name("shop"))
            _ = try await LedgerClient(node, settings: settings).submit(claim, key: alice)
            let texts = told.withLock { $0 }
            #expect(texts.count == 1)
            #expect(texts.first?.hasPrefix("still waiting, up to 20 s in all: ") == true)
            #expect(texts.first?.hasSuffix("The sequencer lacks entries") == true)
            // What is quick is not told.
            var patient = settings
            patient.noticeDelay = .seconds(60)
            let other = LedgerAction.claimName(try TestNetwork.name("other"))
            _ = try await LedgerClient(node, settings: patient).submit(other, key: alice)
            #expect(told.withLock(\.count) == 1)
        }
    }

    /// Applies the first transaction, hides that, and gets the node ready to forget it.
    private static func losing(
        _ then: @escaping @Sendable () -> Void = {}
    ) -> @Sendable (String, Data) -> TestLie {
        let isFirst = FirstTime()
        return { path, body in
            guard path.hasSuffix("/transactions"), isFirst.take() else { return .body(body) }
            then()
            return .cut(body.prefix(3))
        }
    }

    private final class FirstTime: Sendable {
        private let isOver = Mutex(false)

        func take() -> Bool {
            isOver.withLock { isOver in
                defer { isOver = true }
                return !isOver
            }
        }
    }

    @Test func whatTheNodeMayHaveForgottenIsNotPaidAgain() async throws {
        for isFresh in [false, true] {
            let network = try TestNetwork()
            let (alice, bob) = (network.alice, network.bob.publicKey.account)
            let node = TestNode(network: network, isFresh: isFresh)
            try await node.serve(
                lying: Self.losing { _ = try? network.truncate() },
                { url async throws in
                    do {
                        _ = try await Self.client(url).submit(.transfer(to: bob, amount: 7), key: alice)
                        Issue.record("nobody can know that")
                    } catch let error as ClientError {
                        #expect(error.code == .outcomeUnknown)
                        let entry = try Entry(decoding: network.keptEntry(1))
                        let id = try SignedTransaction(decoding: try #require(entry.transactions.first)).id
                        #expect(error.message.contains("before you repeat the command: `skerry ledger show \(id)`"))
                    }
                })
            #expect(network.state.account(bob)?.balance == 7)
            #expect(network.state.sequence == 1)
        }
    }

    @Test func anotherNodeStillKnowsWhatOneForgot() async throws {
        let network = try TestNetwork()
        let (alice, bob) = (network.alice, network.bob.publicKey.account)
        var full = TestNode(network: network)
        // Its sequencer has forgotten, too.
        full.beforeSubmit = { _ in throw LedgerError(.badNonce, "used up") }
        let patient = full
        try await TestNode(network: network, isFresh: true).serve(
            lying: Self.losing(),
            { fresh async throws in
                try await patient.serve { url async throws in
                    let client = Self.client(fresh, others: [url])
                    let receipt = try await client.submit(.transfer(to: bob, amount: 7), key: alice)
                    #expect(receipt.sequence == 1)
                }
            })
        #expect(network.state.account(bob)?.balance == 7)
    }

    @Test func whatWasForgottenBeforeItWasSignedDoesNotMatter() async throws {
        let network = try TestNetwork()
        let alice = network.alice
        try network.transfer(times: 2)
        try network.truncate()
        let isFirst = FirstTime()
        var node = TestNode(network: network)
        node.beforeSubmit = { _ in
            guard isFirst.take() else { return }
            try network.append([try network.sign(.claimName(try TestNetwork.name("other")), by: alice)])
        }
        try await node.serve { url async throws in
            let receipt = try await Self.client(url).submit(.claimName(try TestNetwork.name("shop")), key: alice)
            #expect(receipt.sequence == 4)
            // Of what somebody signed at an unknown time, a truncated log cannot say that it was never applied.
            let late = try network.sign(.claimName(try TestNetwork.name("late")), by: alice, nonce: 2)
            #expect(await code { _ = try await Self.client(url).submit(late) } == "client/outcome-unknown")
            #expect(await code { _ = try await Self.client(url).submit(late, signedAt: 2) } == "ledger/bad-nonce")
        }
    }

    @Test func anAnswerThatNobodyUnderstandsLeavesTheOutcomeOpen() async throws {
        let network = try TestNetwork()
        let alice = network.alice
        try await TestNode(network: network).serve(
            lying: { path, body in path.hasSuffix("/transactions") ? .body(Data("{}".utf8)) : .body(body) },
            { url async throws in
                let claim = LedgerAction.claimName(try TestNetwork.name("shop"))
                #expect(
                    await code { _ = try await Self.client(url).submit(claim, key: alice) } == "client/outcome-unknown")
            })
        #expect(network.state.sequence == 1)
    }

    @Test func aProofIsFetchedFromTheNextNodeIfOneHasNoCertificate() async throws {
        let (behind, network) = (try TestNetwork(), try TestNetwork())
        try network.transfer()
        try network.certify()
        let key = ProofKey.account(network.bob.publicKey.account)
        try await TestNode(network: behind).serve { uncertified async throws in
            #expect(
                await code { _ = try await Self.client(uncertified).proofBundle(key) } == "client/not-certified")
            try await TestNode(network: network).serve { url async throws in
                let bytes = try await Self.client(uncertified, others: [url]).proofBundle(key)
                #expect(try ProofBundle(decoding: bytes).proof.sequence == 1)
            }
        }
    }

    @Test func aRefusalIsPassedOnAtOnce() async throws {
        let network = try TestNetwork()
        let bob = network.bob
        let alice = network.alice.publicKey.account
        try await TestNode(network: network).serve { url async throws in
            let client = Self.client(url)
            let transfer = LedgerAction.transfer(to: alice, amount: 1)
            #expect(await code { _ = try await client.submit(transfer, key: bob) } == "ledger/insufficient-balance")
        }
    }

    @Test func aListThatEndsInTheMiddleIsNoticed() async throws {
        let network = try TestNetwork()
        try network.transfer(times: 2)
        try await TestNode(network: network).serve(
            lying: { path, body in path.contains("/entries") ? .body(body.dropLast(5)) : .body(body) },
            { url async throws in
                let client = Self.client(url)
                #expect(await code { _ = try await client.entries(from: 1) } == "client/cut-short")
            })
    }
}
