import Blake3
import Foundation
import Identity
import Ledger
import Testing

@testable import Node

/// Nodes that do their duties on a real ledger state, on a virtual clock, with no network between them.
private struct Rounds {
    static let epochLength: Int64 = 4_000
    static let step: Int64 = 50

    struct Member {
        let key: SigningKey
        let secret: BeaconSecret
        var plan: DutyPlan
        var book = VoteBook()
        /// What the node's clock is ahead of the sequencer's.
        var skew: Int64 = 0
        var isAlive = true
    }

    var members: [Member] = []
    var state: LedgerState
    var now: Int64 = 1_000_000
    var refusals: [LedgerError.Code] = []
    var restarts = 0
    var seeds: Set<String> = []

    init(nodes: Int) throws {
        let keys = (0..<nodes).map { _ in SigningKey() }
        var parameters = NetworkParameters()
        parameters.epochMilliseconds = UInt64(Self.epochLength)
        parameters.checkpointMilliseconds = 1_000
        let operatorAccount = SigningKey().publicKey.account
        let genesis = try Genesis(
            networkName: "rounds", timeMilliseconds: now, parameters: parameters, accounts: [],
            nodes: keys.enumerated().map { index, key in
                GenesisNode(
                    publicKey: key.publicKey, operatorAccount: operatorAccount,
                    peer: try Endpoint(host: "10.0.0.\(index + 1)", port: 7_000), stake: 100)
            }, sequencers: [keys[0].publicKey.node])
        state = LedgerState(genesis: genesis)
        members = keys.map { key in
            Member(
                key: key, secret: BeaconSecret(key, genesis.networkID), plan: DutyPlan(node: key.publicKey.node))
        }
    }

    mutating func run(epochs: Int64, eighths: Int64 = 0) throws {
        let end = now + epochs * Self.epochLength + eighths * Self.epochLength / 8
        while now < end {
            now += Self.step
            for index in members.indices where members[index].isAlive { try act(index) }
        }
    }

    private mutating func act(_ index: Int) throws {
        let (key, time) = (members[index].key, now + members[index].skew)
        let node = key.publicKey.node
        let certificate = members[index].book.certificate
        let committee = certificate.map { members[index].book.committee(of: $0.checkpoint.sequence) } ?? []
        let view = DutyView(state, node, now: time)
        let due = members[index].plan.due(
            view, now: time, certificate: certificate.map { ($0.checkpoint.sequence, committee) })
        for duty in due {
            members[index].plan.tried(duty, now: time, epochLength: Self.epochLength)
            let action: LedgerAction
            switch duty {
            case .commit(let epoch, let round):
                let share = members[index].secret.share(epoch: epoch, round: round)
                action = .beaconCommit(
                    epoch: epoch, round: round,
                    commitment: Beacon.commitment(to: share, epoch: epoch, round: round, by: node))
            case .reveal(let epoch, let round):
                let share = members[index].secret.share(epoch: epoch, round: round)
                action = .beaconReveal(epoch: epoch, round: round, reveal: share)
            case .advance(let epoch, let round): action = .advanceEpoch(epoch: epoch, round: round)
            case .record: action = .recordCertificate(try #require(certificate))
            case .report, .expire: continue
            }
            try submit(action, key)
        }
    }

    private mutating func submit(_ action: LedgerAction, _ key: SigningKey) throws {
        let builder = TransactionBuilder(networkID: state.networkID, key: key, as: .node)
        let transaction = try builder.sign(action, nonce: state.nonce(of: .node(key.publicKey.node)) + 1)
        var draft = state
        if case .refused(let error) = draft.execute(transaction, timeMilliseconds: now) {
            refusals.append(error.code)
            return
        }
        let before = state.epoch
        let entry = try Entry(
            following: state, transactions: [transaction], timeMilliseconds: now, key: members[0].key)
        try state.apply(entry)
        if state.epoch.number == before.number, state.epoch.round > before.round { restarts += 1 }
        seeds.insert(state.epoch.seed.description)
        if let checkpoint = state.checkpoint { try vote(checkpoint) }
    }

    private mutating func vote(_ checkpoint: Checkpoint) throws {
        let voters = members.filter(\.isAlive).map(\.key)
        let votes = try voters.map { try CheckpointVote(signing: checkpoint, with: $0) }
        for index in members.indices where members[index].isAlive {
            members[index].book.open(checkpoint, state.epoch.committee)
            for vote in votes { _ = members[index].book.add(vote) }
        }
    }
}

@Suite("Duties over many epochs")
struct DutyRoundsTests {
    @Test("Epochs end on time with new seeds, everything is certified, and hardly anything is done twice")
    func steady() throws {
        var rounds = try Rounds(nodes: 4)
        try rounds.run(epochs: 12)
        #expect(rounds.state.epoch.number >= 11)
        #expect(rounds.restarts == 0)
        #expect(rounds.seeds.count >= 11)
        #expect(rounds.state.certified.sequence + 20 > rounds.state.sequence)
        #expect(rounds.refusals.count <= 12, "\(rounds.refusals)")
    }

    @Test("Clocks that are off by a sixteenth of an epoch do no harm", arguments: [-250, 250] as [Int64])
    func skewed(_ skew: Int64) throws {
        var rounds = try Rounds(nodes: 4)
        for index in 1..<4 { rounds.members[index].skew = skew * Int64(index) / 3 }
        try rounds.run(epochs: 8)
        #expect(rounds.state.epoch.number >= 6)
        #expect(rounds.restarts == 0)
        #expect(rounds.state.certified.sequence + 20 > rounds.state.sequence)
    }

    @Test(
        "A node that dies at any time, even between commitment and reveal, stops nothing", arguments: [0, 1, 3, 4, 6])
    func deaths(_ eighth: Int64) throws {
        var rounds = try Rounds(nodes: 4)
        try rounds.run(epochs: 2, eighths: eighth)
        rounds.members[3].isAlive = false
        let (epoch, certified) = (rounds.state.epoch.number, rounds.state.certified.sequence)
        try rounds.run(epochs: 8)
        #expect(rounds.state.epoch.number >= epoch + 5)
        #expect(rounds.state.certified.sequence > certified + 10)
        #expect(rounds.restarts <= 2)
        rounds.members[3].isAlive = true
        try rounds.run(epochs: 8)
        #expect(rounds.state.epoch.committee.members.count == 4, "it is drawn again once it is no longer barred")
    }

    @Test("With too few for a certificate, epochs still end")
    func uncertified() throws {
        var rounds = try Rounds(nodes: 3)
        try rounds.run(epochs: 2)
        rounds.members[2].isAlive = false
        let certified = rounds.state.certified.sequence
        try rounds.run(epochs: 1)
        let epoch = rounds.state.epoch.number
        try rounds.run(epochs: 6)
        #expect(rounds.state.epoch.number >= epoch + 4)
        #expect(rounds.state.certified.sequence <= certified + 5)
    }
}
