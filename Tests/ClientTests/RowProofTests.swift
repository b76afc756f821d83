import Blake3
import Client
import ControlModel
import Foundation
import Identity
import Ledger
import Testing

/// A name, a release and a balance from a proof and a certificate alone.
@Suite("Proofs of a name, a release and a balance", .timeLimit(.minutes(1)))
struct RowProofTests {
    /// A ledger with all three, certified behind a hand-over.
    private struct Shop {
        let network: TestNetwork
        let name: AppName
        let first: ReleaseID
        let live: ReleaseID

        /// - Parameter amount: What Bob gets; ledgers that differ in it have the same releases.
        init(amount: UInt64 = 3, manifest: String = "second") throws {
            network = try TestNetwork()
            name = try TestNetwork.name("shop")
            try network.append([try network.sign(.claimName(name), by: network.alice)])
            first = try Shop.publish(network, name, "first")
            live = try Shop.publish(network, name, manifest)
            let promote = LedgerAction.promoteRelease(name, live, percent: 100)
            try network.append([try network.sign(promote, by: network.alice)])
            try network.handOver()
            let transfer = LedgerAction.transfer(to: network.bob.publicKey.account, amount: amount)
            try network.append([try network.sign(transfer, by: network.alice)], after: 60_000)
            try network.certify()
        }

        static func manifest(_ text: String) -> BlobID { BlobID(Blake3.hash(Data(text.utf8))) }

        private static func publish(_ network: TestNetwork, _ name: AppName, _ text: String) throws -> ReleaseID {
            let release = NewRelease(kind: .site, manifest: manifest(text), manifestByteCount: 6, message: text)
            let outcome = try network.append([try network.sign(.publishRelease(name, release), by: network.alice)])
            guard case .applied(let id?)? = outcome.first else { throw LedgerError(.badProof, "\(outcome)") }
            return id
        }

        var keys: [ProofKey] {
            [.name(name), .release(live, of: name), .account(network.bob.publicKey.account)]
        }

        func proof(of key: ProofKey) throws -> StateProof {
            switch key {
            case .name(let name): network.state.proof(ofName: name)
            case .release(let id, let name): network.state.proof(ofRelease: id, of: name)
            case .account(let id): network.state.proof(ofAccount: id)
            default: throw LedgerError(.badProof, "not in this test")
            }
        }

        /// Self-contained, as a file has it.
        func bundle(_ proof: StateProof) async throws -> Data {
            let (certificate, _) = try #require(network.certified)
            return ProofBundle(
                genesis: network.genesis, handovers: try await network.handovers(after: 0, limit: 10),
                certificate: certificate, proof: proof
            ).bytes
        }

        /// Asks nobody: its node does not exist.
        var verifier: LedgerVerifier {
            LedgerVerifier(client: LedgerClient(NodeClient(control: "")), network: network.genesis.networkID)
        }
    }

    private static func expect(_ row: ProvenRow?, of shop: Shop) {
        switch row {
        case .name(let record)?:
            #expect(record.owner == shop.network.alice.publicKey.account)
            #expect(record.live == shop.live)
            #expect(record.releases == [shop.first, shop.live])
        case .release(let record)?:
            #expect(record.id == shop.live)
            #expect(record.manifest == Shop.manifest("second"))
            #expect(record.message == "second")
        case .account(let record)?: #expect(record.balance == 3)
        default: Issue.record("nothing is proved")
        }
    }

    @Test func eachIsProvedWithoutAskingAnybody() async throws {
        let shop = try Shop()
        for key in shop.keys {
            let bytes = try await shop.bundle(try shop.proof(of: key))
            let verified = try shop.verifier.verify(bundle: bytes, of: key)
            Self.expect(verified.value, of: shop)
            #expect(verified.checkpoint.sequence == shop.network.state.sequence)
            #expect(verified.signatures == 3)
        }
    }

    @Test func eachIsProvedByANodeThatIsNotTrusted() async throws {
        let shop = try Shop()
        let (network, name) = (shop.network, shop.name)
        try await TestNode(network: network).serve { url async throws in
            var settings = LedgerVerifier.Settings()
            settings.maxAge = nil
            let verifier = LedgerVerifier(
                client: LedgerClient(NodeClient(control: url)), network: network.genesis.networkID, settings: settings)
            for key in shop.keys { Self.expect(try await verifier.row(key).value, of: shop) }
            #expect(try await verifier.name(name).value?.live == shop.live)
            #expect(try await verifier.release(shop.live, of: name).value?.manifest == Shop.manifest("second"))
            #expect(try await verifier.account(network.bob.publicKey.account).value?.balance == 3)
            // Of this name there is no such release, and that is proved as well.
            #expect(try await verifier.release(shop.live, of: try TestNetwork.name("other")).value == nil)
        }
    }

    @Test func noChangedByteProvesAnything() async throws {
        let shop = try Shop()
        for (index, key) in shop.keys.enumerated() {
            let proof = try shop.proof(of: key)
            let bytes = try await shop.bundle(proof)
            // Of the proof, which is at the end, every seventh byte; of what comes before, every 61st.
            let tail = bytes.count - proof.bytes.count
            let positions =
                Array(stride(from: index, to: tail, by: 61))
                + Array(stride(from: tail + index, to: bytes.count, by: 7))
            for position in positions {
                var bent = bytes
                bent[bent.startIndex + position] ^= 0x20
                let found = await code { _ = try shop.verifier.verify(bundle: bent, of: key) }
                #expect(found?.hasPrefix("ledger/") == true, "\(key), byte \(position) of \(bytes.count)")
            }
            for count in stride(from: 0, to: bytes.count, by: 397) {
                let found = await code { _ = try shop.verifier.verify(bundle: Data(bytes.prefix(count)), of: key) }
                #expect(found != nil, "\(key), cut to \(count) bytes")
            }
        }
    }

    @Test func aRowOfAnotherStateIsNotTheCertifiedOne() async throws {
        let shop = try Shop()
        // The same network, had Bob got more and another page been published: properly signed, but not what was certified.
        let twin = try Shop(amount: 4, manifest: "another")
        #expect(twin.network.genesis.networkID == shop.network.genesis.networkID)
        for key in [ProofKey.name(shop.name), .release(twin.live, of: twin.name), shop.keys[2]] {
            let bytes = try await shop.bundle(try twin.proof(of: key))
            #expect(await code { _ = try shop.verifier.verify(bundle: bytes, of: key) } == "ledger/bad-proof", "\(key)")
        }
    }

    @Test func aProofIsOfItsOwnRowOnly() async throws {
        let shop = try Shop()
        let keys =
            shop.keys + [
                .release(shop.first, of: shop.name), .account(shop.network.alice.publicKey.account),
                .name(try TestNetwork.name("other")),
            ]
        for key in shop.keys {
            let bytes = try await shop.bundle(try shop.proof(of: key))
            for other in keys where other != key {
                #expect(
                    await code { _ = try shop.verifier.verify(bundle: bytes, of: other) } == "ledger/bad-proof",
                    "\(key) for \(other)")
            }
        }
    }
}
