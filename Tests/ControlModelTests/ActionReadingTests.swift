import Blake3
import ControlModel
import Foundation
import Identity
import Ledger
import Stark
import Testing

@Suite("Actions as people read them")
struct ActionReadingTests {
    private static let digest = Blake3.hash(Array("digest".utf8))
    private static let node = NodeID(digest)
    private static let account = AccountID(digest)

    private static func actions() throws -> [LedgerAction] {
        let name = try AppName(checking: "shop")
        let domain = try DomainName(checking: "shop.example.org")
        let release = try #require(ReleaseID("0123456789"))
        let peer = try Endpoint(host: "127.0.0.1", port: 7_000)
        let checkpoint = Checkpoint(
            networkID: NetworkID(digest), sequence: 9, entryHash: digest, stateRoot: digest, epoch: 1,
            committee: digest, nextCommittee: digest)
        let link = try #require(PoseidonLink(bytes: Array(repeating: 1, count: 32)))
        let header = FaultEvidence.SignedHeader(header: Data(), signature: Data())
        return [
            .registerNode(publicKey: SigningKey().publicKey, peer: peer, gateway: peer, possessionProof: Data()),
            .updateNode(node, peer: peer, gateway: nil), .stake(node, amount: 5), .unstake(node, amount: 5),
            .withdrawUnstaked(node), .optIn(node), .optOut(node), .transfer(to: account, amount: 7),
            .mint(to: account, amount: 7), .claimName(name), .transferName(name, to: account),
            .publishRelease(
                name, NewRelease(kind: .site, manifest: BlobID(digest), manifestByteCount: 1, message: "first")),
            .promoteRelease(name, release, percent: 20), .rollBack(name, to: nil), .bindDomain(domain, to: name),
            .openChannel(
                NewChannel(
                    payee: node, expiresMilliseconds: 5,
                    chains: [.init(commodity: .bytes, anchor: link, unitPrice: 2, maxUnits: 3)])),
            .settleChannels(
                [
                    Settlement(channel: ChannelID(digest), commodity: .bytes, lane: .reveal(link: link, steps: 4)),
                    Settlement(
                        channel: ChannelID(digest), commodity: .compute, lane: .proof(from: link, link: link, steps: 3)),
                ], proof: Data([1, 2])),
            .closeChannel(ChannelID(digest)), .reportMeasurements(epoch: 1, []),
            .beaconCommit(epoch: 1, round: 0, commitment: digest), .beaconReveal(epoch: 1, round: 0, reveal: digest),
            .advanceEpoch(epoch: 1, round: 0),
            .recordCertificate(Certificate(checkpoint: checkpoint, votes: [])),
            .submitFault(.forkedHeaders(header, header)),
            .submitFault(.falseSettlement(transaction: Data(), index: 3)),
            .submitAudit(subject: node, receipt: digest, matches: false, result: digest),
            .leaseMachines(
                termMilliseconds: 1_000, [MachineClaim(slot: MachineSlot(name: name, slot: 0), release: release)]),
            .yieldMachines([MachineSlot(name: name, slot: 0)]),
            .changeParameter(.value(name: "epoch_ms", 1_000)), .changeParameter(.member(digest, isAllowed: true)),
        ]
    }

    @Test("Every action has a verb of its own, and none is without its values")
    func verbs() throws {
        let actions = try Self.actions()
        #expect(
            Set(actions.map(\.verb)).count == actions.count - 2, "two changes of parameters and two faults share one")
        for action in actions {
            #expect(!action.arguments.isEmpty, "\(action.verb)")
            #expect(action.arguments.allSatisfy { !$0.name.isEmpty })
        }
    }

    @Test("A transaction says who, what and what became of it")
    func transaction() throws {
        let key = SigningKey()
        let builder = TransactionBuilder(networkID: NetworkID(Self.digest), key: key)
        let signed = try builder.sign(.transfer(to: Self.account, amount: 7), nonce: 3, validUntilMilliseconds: 9)
        let refused = TransactionInfo(signed, sequence: 4, outcome: .refused(LedgerError(.badNonce, "no")))
        #expect(refused.id == signed.id.description)
        #expect(refused.signerKind == "account")
        #expect(refused.signer == key.publicKey.account.description)
        #expect((refused.nonce, refused.validUntilMilliseconds) == (3, 9))
        #expect(refused.arguments == [.init("to", Self.account.description), .init("amount", "7")])
        #expect((refused.outcome, refused.refusalCode, refused.refusalMessage) == ("refused", "ledger/bad-nonce", "no"))
        let release = try #require(ReleaseID("0123456789"))
        let applied = TransactionInfo(signed, sequence: 4, outcome: .applied(release: release))
        #expect((applied.outcome, applied.release) == ("applied", "0123456789"))
        #expect(TransactionInfo(signed, sequence: 4, outcome: nil).outcome == nil)
    }

    @Test("Bytes that are no transaction are shown as such")
    func unreadable() async throws {
        let key = SigningKey()
        let genesis = try Genesis(
            networkName: "test", timeMilliseconds: 0, accounts: [],
            nodes: [
                GenesisNode(
                    publicKey: key.publicKey, operatorAccount: key.publicKey.account,
                    peer: try Endpoint(host: "127.0.0.1", port: 7_000))
            ], sequencers: [key.publicKey.node])
        let builder = TransactionBuilder(networkID: genesis.networkID, key: key)
        let transaction = try builder.sign(.claimName(try AppName(checking: "shop")), nonce: 1)
        let entry = try Entry(
            following: LedgerState(genesis: genesis), transactions: [transaction], timeMilliseconds: 5, key: key)
        var bytes = entry.bytes
        bytes[bytes.endIndex - 1] ^= 1
        let info = await EntryInfo(try Entry(decoding: bytes)) { _ in nil }
        #expect(info.sequence == 1)
        #expect(info.transactions.map(\.verb) == ["unreadable"])
        #expect(info.transactions.first?.refusalCode == "ledger/bad-signature")
    }
}
