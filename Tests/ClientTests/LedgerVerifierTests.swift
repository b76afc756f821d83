import Blake3
import Client
import ControlModel
import Foundation
import Identity
import Ledger
import Synchronization
import Testing

@Suite("Verifying rows", .timeLimit(.minutes(1)))
struct LedgerVerifierTests {
    private static func verifier(
        _ url: String, _ network: NetworkID, now: Int64 = TestNetwork.genesisTime + 200_000,
        cache: String? = nil, maxAge: Duration? = .seconds(600)
    ) -> LedgerVerifier {
        var settings = LedgerVerifier.Settings()
        settings.cachePath = cache
        settings.maxAge = maxAge
        return LedgerVerifier(
            client: LedgerClient(NodeClient(control: url)), network: network, settings: settings, now: { now })
    }

    /// Two transfers behind a hand-over, certified by the new committee.
    private static func network() throws -> TestNetwork {
        let network = try TestNetwork()
        try network.append([try network.sign(.claimName(try TestNetwork.name("shop")), by: network.alice)])
        try network.handOver()
        try network.transfer(times: 2)
        try network.certify()
        return network
    }

    @Test func rowsAreProvedThroughAHandOver() async throws {
        let network = try Self.network()
        let (alice, bob, leaving) = (network.alice.publicKey.account, network.bob.publicKey.account, network.nodes[3])
        try await TestNode(network: network).serve { url async throws in
            let verifier = Self.verifier(url, network.genesis.networkID)
            let account = try await verifier.account(bob)
            #expect(account.value?.balance == 2)
            #expect(account.checkpoint.sequence == network.state.sequence)
            #expect(account.timeMilliseconds == network.state.timeMilliseconds)
            #expect(account.signatures == 3)
            let name = try await verifier.name(try TestNetwork.name("shop"))
            #expect(name.value?.owner == alice)
            #expect(try await verifier.name(try TestNetwork.name("nobodys")).value == nil)
            #expect(try await verifier.node(leaving.publicKey.node).value?.isParticipating == false)
            let domain = try #require(DomainName("shop.example.org"))
            #expect(try await verifier.domain(domain).value == nil)
        }
    }

    @Test func aSelfContainedProofIsVerifiedOffline() async throws {
        let network = try Self.network()
        let key = ProofKey.account(network.bob.publicKey.account)
        try await TestNode(network: network).serve { url async throws in
            let bytes = try await LedgerClient(NodeClient(control: url)).proofBundle(key)
            let verifier = Self.verifier(url, network.genesis.networkID)
            guard case .account(let record)? = try verifier.verify(bundle: bytes, of: key).value else {
                Issue.record("no account is proved")
                return
            }
            #expect(record.balance == 2)
            let other = ProofKey.account(network.alice.publicKey.account)
            #expect(await code { _ = try verifier.verify(bundle: bytes, of: other) } == "ledger/bad-proof")
            let stranger = Self.verifier(url, try TestNetwork("other").genesis.networkID)
            #expect(await code { _ = try stranger.verify(bundle: bytes, of: key) } == "ledger/wrong-network")
        }
    }

    @Test func withoutACertificateNothingIsProved() async throws {
        let network = try TestNetwork()
        try await TestNode(network: network).serve { url async throws in
            let verifier = Self.verifier(url, network.genesis.networkID)
            #expect(
                await code { _ = try await verifier.account(network.bob.publicKey.account) } == "client/not-certified")
        }
    }

    @Test func anotherGenesisIsRefused() async throws {
        let network = try Self.network()
        let other = try TestNetwork("other").genesis.networkID
        try await TestNode(network: network).serve { url async throws in
            let verifier = Self.verifier(url, other)
            #expect(
                await code { _ = try await verifier.account(network.bob.publicKey.account) } == "client/wrong-network")
        }
    }

    @Test func theReachedCommitteeIsRemembered() async throws {
        let network = try Self.network()
        let bob = network.bob.publicKey.account
        let folder = try TemporaryFolder()
        let asked = Mutex(0)
        try await TestNode(network: network).serve(
            lying: { path, body in
                if path.hasSuffix("/genesis") { asked.withLock { $0 += 1 } }
                return .body(body)
            },
            { url async throws in
                for _ in 0..<2 {
                    let verifier = Self.verifier(url, network.genesis.networkID, cache: folder.file("committee"))
                    #expect(try await verifier.account(bob).value?.balance == 2)
                }
            })
        #expect(asked.withLock { $0 } == 1)
        try Data("{}".utf8).write(to: URL(fileURLWithPath: folder.file("committee")))
        let broken = Self.verifier("http://127.0.0.1:1", network.genesis.networkID, cache: folder.file("committee"))
        #expect(await code { _ = try await broken.account(bob) } == "client/file-unusable")
    }

    @Test func noChangedAnswerProvesAnything() async throws {
        let network = try Self.network()
        let bob = network.bob.publicKey.account
        let position = Mutex(0)
        try await TestNode(network: network).serve(
            lying: { path, body in
                guard path.contains("/proofs/") else { return .body(body) }
                var body = body
                let at = body.startIndex + position.withLock { $0 } % body.count
                body[at] ^= 0x10
                return .body(body)
            },
            { url async throws in
                for step in 0..<60 {
                    position.withLock { $0 = step * 41 }
                    let verifier = Self.verifier(url, network.genesis.networkID)
                    #expect(await code { _ = try await verifier.account(bob) } != nil, "byte \(step * 41)")
                }
            })
    }

    @Test func aProofOfAnotherRowOrStateIsRefused() async throws {
        let network = try Self.network()
        let (alice, bob) = (network.alice.publicKey.account, network.bob.publicKey.account)
        let kept = Mutex<Data?>(nil)
        try await TestNode(network: network).serve(
            lying: { path, body in
                guard path.contains("/proofs/") else { return .body(body) }
                return .body(
                    kept.withLock { kept in
                        kept = kept ?? body
                        return kept ?? body
                    })
            },
            { url async throws in
                let verifier = Self.verifier(url, network.genesis.networkID)
                _ = try await verifier.account(alice)
                #expect(await code { _ = try await verifier.account(bob) } == "ledger/bad-proof")
            })
        let certificate = try network.certify()
        try network.transfer()
        network.setCertified(certificate, network.state)
        try await TestNode(network: network).serve { url async throws in
            let verifier = Self.verifier(url, network.genesis.networkID)
            #expect(await code { _ = try await verifier.account(bob) } == "ledger/bad-proof")
        }
    }

    @Test func tooFewSignaturesAreRefused() async throws {
        let network = try Self.network()
        let certificate = try network.makeCertificate()
        let few = Certificate(checkpoint: certificate.checkpoint, votes: Array(certificate.votes.prefix(2)))
        network.setCertified(few, network.state)
        try await TestNode(network: network).serve { url async throws in
            let verifier = Self.verifier(url, network.genesis.networkID)
            #expect(
                await code { _ = try await verifier.account(network.bob.publicKey.account) } == "ledger/bad-certificate"
            )
        }
    }

    @Test func anOlderCertificateIsRefused() async throws {
        let network = try Self.network()
        let bob = network.bob.publicKey.account
        let (older, state) = (try network.certify(), network.state)
        try network.transfer()
        try network.certify()
        try await TestNode(network: network).serve { url async throws in
            let verifier = Self.verifier(url, network.genesis.networkID)
            #expect(try await verifier.account(bob).value?.balance == 3)
            network.setCertified(older, state)
            #expect(await code { _ = try await verifier.account(bob) } == "client/went-back")
            let late = Self.verifier(url, network.genesis.networkID, now: state.timeMilliseconds + 600_001)
            #expect(await code { _ = try await late.account(bob) } == "client/stale")
            let inTime = Self.verifier(url, network.genesis.networkID, now: state.timeMilliseconds + 600_000)
            #expect(try await inTime.account(bob).value?.balance == 2)
            let early = Self.verifier(url, network.genesis.networkID, now: state.timeMilliseconds - 300_001)
            #expect(await code { _ = try await early.account(bob) } == "client/stale")
        }
    }

    @Test func twoSignedStatesOfOneEntryAreNoticed() async throws {
        let (network, twin) = (try TestNetwork(), try TestNetwork())
        let bob = network.bob.publicKey.account
        try network.transfer()
        try twin.append([try twin.sign(.transfer(to: bob, amount: 5), by: twin.alice)])
        let cache = try TemporaryFolder()
        for (index, ledger) in [network, twin].enumerated() {
            try ledger.certify()
            try await TestNode(network: ledger).serve { url async throws in
                let verifier = Self.verifier(url, network.genesis.networkID, cache: cache.file("committee"))
                #expect(await code { _ = try await verifier.account(bob) } == (index == 0 ? nil : "client/forked"))
            }
        }
    }

    @Test func aLiarIsPassedOverForAnHonestNode() async throws {
        let (network, other) = (try Self.network(), try TestNetwork("other"))
        let bob = network.bob.publicKey.account
        try await TestNode(network: other).serve { wrong in
            try await TestNode(network: network).serve { url async throws in
                let client = LedgerClient(NodeClient(control: wrong), others: [NodeClient(control: url)])
                var settings = LedgerVerifier.Settings()
                settings.maxAge = nil
                let verifier = LedgerVerifier(
                    client: client, network: network.genesis.networkID, settings: settings)
                #expect(try await verifier.account(bob).value?.balance == 2)
            }
        }
    }

    @Test func aProofForAFileIsFetchedFromAnHonestNodeTooAndVerified() async throws {
        let network = try Self.network()
        let key = ProofKey.account(network.bob.publicKey.account)
        try await TestNode(network: network).serve(
            lying: { path, body in
                var body = body
                if path.contains("/proofs/") { body[body.endIndex - 10] ^= 1 }
                return .body(body)
            },
            { liar async throws in
                let alone = Self.verifier(liar, network.genesis.networkID)
                #expect(await code { _ = try await alone.bundle(of: key) } == "ledger/bad-proof")
                try await TestNode(network: network).serve { url async throws in
                    let client = LedgerClient(NodeClient(control: liar), others: [NodeClient(control: url)])
                    let verifier = LedgerVerifier(client: client, network: network.genesis.networkID)
                    let (bytes, verified) = try await verifier.bundle(of: key)
                    guard case .account(let record)? = verified.value else {
                        Issue.record("no account is proved")
                        return
                    }
                    #expect(record.balance == 2)
                    #expect(try verifier.verify(bundle: bytes, of: key).value == verified.value)
                }
            })
    }

    @Test func aCutAnswerIsNoticed() async throws {
        let network = try Self.network()
        try await TestNode(network: network).serve(
            lying: { path, body in path.contains("/proofs/") ? .cut(body.prefix(200)) : .body(body) },
            { url async throws in
                let verifier = Self.verifier(url, network.genesis.networkID)
                #expect(
                    await code { _ = try await verifier.account(network.bob.publicKey.account) } == "client/cut-short")
            })
    }
}
