import Exchange
import Identity
import Ledger
import PaidDelivery
import Peering
import Testing
import Wire

@testable import Node

@Suite("Who is spoken to")
struct AdmissionTests {
    private static let ledger: [FrameType] = [
        .readEntries, .submitTransaction, .awaitSequence, .exchangeVotes, .readLedgerBase,
    ]

    /// Three nodes; the third one leaves.
    private final class World {
        let scene: LedgerScene
        var state: LedgerState
        var time = LedgerScene.start

        init() throws {
            scene = try LedgerScene(nodes: 3)
            state = LedgerState(genesis: scene.genesis)
        }

        func apply(_ action: LedgerAction, by key: SigningKey, after milliseconds: Int64 = 1) throws {
            time += milliseconds
            let isOwner = key.publicKey == scene.owner.publicKey
            let signer: Signer = isOwner ? .account(key.publicKey.account) : .node(key.publicKey.node)
            let transaction = try TransactionBuilder(
                networkID: state.networkID, key: key, as: isOwner ? .account : .node
            ).sign(action, nonce: state.nonce(of: signer) + 1)
            let entry = try Entry(
                following: state, transactions: [transaction], timeMilliseconds: time, key: scene.keys[0])
            let outcome = try state.apply(entry)
            #expect(outcome.allSatisfy { $0.isApplied }, "\(outcome)")
        }

        func mayConnect(_ index: Int) -> Bool { LedgerDirectory.mayConnect(scene.nodes[index], state) }

        func mayAsk(_ index: Int, _ types: [FrameType]) -> Bool {
            types.allSatisfy { NodePeerService.isAdmitted(scene.nodes[index], $0, state) }
        }
    }

    @Test("Who leaves takes part in the ledger until its values and the committee are handed over, and in nothing else")
    func leaving() throws {
        let world = try World()
        let scene = world.scene
        let leaver = scene.nodes[2]
        #expect(world.mayAsk(2, [.statBlob] + Self.ledger))
        try world.apply(.optOut(leaver), by: scene.owner)
        #expect(world.mayConnect(2))
        #expect(world.mayAsk(2, [.kvOffer] + Self.ledger))
        for type in [.statBlob, .releaseReadiness, .kvGet, .kvPull] as [FrameType] { #expect(!world.mayAsk(2, [type])) }
        // The next epoch draws the others; the three hand over to them, which takes the leaver's vote.
        let length = Int64(world.state.parameters.epochMilliseconds)
        let epoch = world.state.epoch
        try world.apply(.advanceEpoch(epoch: epoch.number, round: epoch.round), by: scene.keys[0], after: length)
        #expect(world.state.epoch.pendingCommittee?.members.count == 2)
        #expect(world.mayConnect(2))
        let checkpoint = try #require(world.state.checkpoint)
        var collector = CertificateCollector(checkpoint: checkpoint, committee: world.state.epoch.committee)
        for key in scene.keys.prefix(2) {
            let vote = try CheckpointVote(signing: checkpoint, with: key)
            #expect(collector.add(vote) == nil)
        }
        let certificate = collector.add(try CheckpointVote(signing: checkpoint, with: scene.keys[2]))
        try world.apply(.recordCertificate(try #require(certificate)), by: scene.keys[0])
        #expect(world.state.epoch.committee.members.count == 2)
        #expect(world.mayAsk(2, [.kvOffer, .readEntries]))
        let lock = world.state.parameters.unstakeLockEpochs
        for _ in 0..<lock {
            let epoch = world.state.epoch
            try world.apply(.advanceEpoch(epoch: epoch.number, round: epoch.round), by: scene.keys[0], after: length)
        }
        #expect(!world.mayConnect(2))
        #expect(!world.mayAsk(2, [.readEntries]) && !world.mayAsk(2, [.kvOffer]))
        #expect(world.mayConnect(1) && world.mayAsk(1, [.statBlob] + Self.ledger))
    }

    @Test("Who may order is reached wherever it is; strangers never are")
    func sequencers() throws {
        let scene = try LedgerScene(nodes: 3, sequencers: 2)
        let state = LedgerState(genesis: scene.genesis)
        #expect(scene.nodes.allSatisfy { LedgerDirectory.mayConnect($0, state) })
        let stranger = SigningKey().publicKey.node
        #expect(!LedgerDirectory.mayConnect(stranger, state))
        #expect(!NodePeerService.isAdmitted(stranger, .readEntries, state))
    }

    @Test("Who is no node may pay, and ask for blocks as far as they are given away; who left may not")
    func payers() throws {
        let world = try World()
        let (payer, leaver) = (SigningKey().publicKey.node, world.scene.nodes[2])
        func refusal(of type: FrameType, by node: NodeID) -> PeerError.Code? {
            NodePeerService.refusal(of: type, by: node, world.state)?.code
        }
        #expect(refusal(of: .readBlock, by: leaver) == nil)
        try world.apply(.optOut(leaver), by: world.scene.owner)
        #expect(refusal(of: .readBlock, by: leaver) == .notOnLedger)
        for type in PaidServing.payerFrames { #expect(refusal(of: type, by: payer) == nil) }
        #expect(refusal(of: .readEntries, by: payer) == .notOnLedger)
        #expect(refusal(of: .releaseReadiness, by: payer) == .notOnLedger)
    }
}
