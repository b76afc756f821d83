import Blake3
import Foundation
import Identity
import Testing

@testable import Ledger

@Suite struct EpochTests {
    @Test func phasesBeginAndEndToTheMillisecond() throws {
        let state = try EpochWorld(nodes: 1).state
        let (start, length) = (EpochWorld.start, Int64(EpochWorld.length))
        let cases: [(Int64, BeaconPhase)] = [
            (.min, .commit), (-1, .commit), (0, .commit), (length / 2 - 1, .commit), (length / 2, .reveal),
            (length - 1, .reveal), (length, .due), (.max - start, .due),
        ]
        for (offset, phase) in cases {
            #expect(state.beaconPhase(at: offset < 0 ? offset : start + offset) == phase)
        }
    }

    @Test func aRoundMakesTheSeedOfTheNextEpoch() throws {
        var world = try EpochWorld(nodes: 4)
        let genesis = world.genesis.networkID.digest
        #expect(world.state.epoch.seed == genesis)
        let committing = Array(world.ids.prefix(3)).sorted()
        let secrets = committing.map { world.secret($0) }
        try world.playRound(committing: committing)
        #expect(world.state.epoch.number == 1)
        #expect(world.state.epoch.round == 0)
        #expect(world.state.epoch.roundStartMilliseconds == world.time)
        #expect(world.state.epoch.seed == Beacon.seed(anchor: genesis, epoch: 1, reveals: secrets))
        #expect(world.state.checkpoint?.sequence == world.state.sequence, "a new epoch is a checkpoint")
        try world.certifyLast()
        let (first, certified) = (world.state.epoch.seed, world.state.certified.checkpointHash)
        // A certificate that comes during a round does not change what the round's seed depends on.
        let anchor = world.state.epoch.anchor
        #expect(anchor != certified)
        try world.playRound(committing: committing)
        #expect(world.state.epoch.anchor == certified)
        #expect(world.state.epoch.seed != first)
    }

    @Test func refusesWhatDoesNotBelongToThePhaseOrRound() throws {
        var world = try EpochWorld(nodes: 3, spare: 1)
        let (a, b, c) = (world.ids[0], world.ids[1], world.ids[2])
        let commitment = world.genesis.networkID.digest
        #expect(try world.run(world.revealAction(a), by: a) == .wrongPhase)
        #expect(try world.run(world.advanceAction, by: a) == .wrongPhase)
        #expect(try world.run(.beaconCommit(epoch: 1, round: 0, commitment: commitment), by: a) == .wrongEpoch)
        #expect(try world.run(.beaconCommit(epoch: 0, round: 1, commitment: commitment), by: a) == .wrongEpoch)
        #expect(try world.run(world.commitAction(a), byOperatorOf: 0) == .notAuthorised)
        #expect(try world.run(world.commitAction(a), by: a) == nil)
        #expect(try world.run(world.commitAction(a), by: a) == .alreadyDone)
        // Somebody else's commitment can be copied, but not opened.
        #expect(try world.run(world.commitAction(a), by: b) == nil)
        world.time += Int64(EpochWorld.length) / 2
        #expect(try world.run(world.commitAction(c), by: c) == .wrongPhase)
        #expect(try world.run(world.revealAction(c), by: c) == .badReveal)
        #expect(try world.run(.beaconReveal(epoch: 0, round: 0, reveal: commitment), by: a) == .badReveal)
        #expect(try world.run(world.revealAction(a), by: a) == nil)
        #expect(try world.run(world.revealAction(a), by: a) == .alreadyDone)
        #expect(try world.run(world.revealAction(a), by: b) == .badReveal)
        #expect(try world.run(.advanceEpoch(epoch: 0, round: 0), byOperatorOf: 0) == .notAuthorised)
    }

    @Test func whoDoesNotRevealIsBarredAndPenalised() throws {
        var world = try EpochWorld(nodes: 4) { $0.beaconPenalty = 300 }
        let ids = world.ids
        let silent = ids[3]
        try world.playRound(committing: ids, silent: [silent])
        #expect(world.state.epoch.number == 0)
        #expect(world.state.epoch.round == 1)
        #expect(world.state.node(silent)?.barredUntilEpoch == 4)
        #expect(world.state.node(silent)?.stake == 1_000, "a penalty waits for a certificate")
        #expect(world.state.checkpoint == nil, "a restart is no checkpoint")
        #expect(try world.run(world.commitAction(silent), by: silent) == .barred)
        try world.playRound(committing: Array(ids.prefix(3)))
        #expect(world.state.epoch.number == 1)
        #expect(!world.state.isEligible(silent))
        #expect(world.state.epoch.pendingCommittee?.nodes.contains(silent) == false)
        try world.certifyLast()
        #expect(world.state.node(silent)?.stake == 700)
        #expect(world.state.treasury == 300)
        #expect(world.state.node(silent)?.standing.penalties.isEmpty == true)
        #expect(world.state.chain.penalisedCount == 0)
        // It comes back when the bar is over.
        for _ in 1..<4 { try world.playRound(committing: Array(ids.prefix(3))) }
        #expect(world.state.epoch.number == 4)
        #expect(world.state.isEligible(silent))
    }

    @Test func restartsEnd() throws {
        var world = try EpochWorld(nodes: 5) { $0.barredEpochs = 0 }
        let seed = world.state.epoch.seed
        let ids = world.ids
        for (index, silent) in ids.dropLast().enumerated() {
            #expect(world.state.epoch.round == UInt32(index))
            try world.playRound(committing: Array(ids[index...]), silent: [silent])
        }
        #expect(world.state.epoch.number == 1)
        #expect(world.state.epoch.round == 0)
        #expect(world.state.epoch.seed == seed, "after three restarts the old seed serves")
        // A bar of no epochs is over now.
        try world.playRound(committing: ids)
        #expect(world.state.epoch.number == 2)
        #expect(world.state.epoch.seed != seed)
    }

    @Test func nobodyCommitsAndNobodyIsLeft() throws {
        var world = try EpochWorld(nodes: 2)
        let (seed, committee) = (world.state.epoch.seed, world.state.epoch.committee)
        try world.playRound(committing: [])
        #expect(world.state.epoch.number == 1)
        #expect(world.state.epoch.seed == seed)
        // One leaves, and the other, which orders, is barred.
        let (sequencer, leaver) = (world.ids[0], world.ids[1])
        #expect(try world.run(.optOut(leaver), by: leaver) == nil)
        try world.playRound(committing: [sequencer], silent: [sequencer])
        #expect(world.state.epoch.round == 1)
        // A node that does not count may still end an epoch: somebody must.
        try world.playRound(committing: [])
        #expect(world.state.epoch.number == 2)
        #expect(world.ids.allSatisfy { !world.state.isEligible($0) })
        #expect(world.state.epoch.pendingCommittee == nil)
        #expect(world.state.epoch.committee == committee)
    }

    @Test(arguments: [false, true]) func theLengthOfARoundIsFixedWhenItBegins(isLonger: Bool) throws {
        var world = try EpochWorld(nodes: 4, isGoverned: true) { $0.beaconPenalty = 300 }
        let length = EpochWorld.length
        let changed = isLonger ? length * 3 / 2 : length / 10
        for outcome in try world.enter(world.ids.map { try world.sign(world.commitAction($0), by: $0) }) {
            #expect(outcome.isApplied)
        }
        let encoded = try fixedPart(world.state)
        let change = LedgerAction.changeParameter(.value(name: "epoch_ms", changed))
        #expect(try world.run(change, byOperatorOf: 0) == nil)
        #expect(world.state.parameters.epochMilliseconds == changed)
        #expect(world.state.epoch.lengthMilliseconds == length)
        #expect(try fixedPart(world.state).count == encoded.count + 8, "the length is in what is hashed and kept")

        world.time += Int64(length) / 4
        #expect(world.state.beaconPhase(at: world.time) == .commit)
        #expect(try world.run(world.advanceAction, by: world.ids[1]) == .wrongPhase)
        world.time += Int64(length) / 4
        for outcome in try world.enter(world.ids.map { try world.sign(world.revealAction($0), by: $0) }) {
            #expect(outcome.isApplied)
        }
        world.time += Int64(length) / 2 - 1
        #expect(try world.run(world.advanceAction, by: world.ids[1]) == .wrongPhase)
        world.time += 1
        #expect(try world.run(world.advanceAction, by: world.ids[1]) == nil)
        #expect(world.state.epoch.number == 1)
        #expect(world.state.nodes.allSatisfy { $0.barredUntilEpoch == 0 && $0.standing.penalties.isEmpty })
        // The next one has the new length, and nothing more to tell than the parameter does.
        #expect(world.state.epoch.lengthMilliseconds == changed)
        #expect(world.state.beaconPhase(at: world.time + Int64(changed) / 2 - 1) == .commit)
        #expect(world.state.beaconPhase(at: world.time + Int64(changed)) == .due)
        #expect(try fixedPart(world.state).count == encoded.count)
    }

    @Test func aRestartTakesTheLengthThatIsDueThen() throws {
        var world = try EpochWorld(nodes: 2, isGoverned: true)
        let change = LedgerAction.changeParameter(.value(name: "epoch_ms", 3 * EpochWorld.length))
        #expect(try world.run(change, byOperatorOf: 0) == nil)
        try world.playRound(committing: world.ids, silent: [world.ids[1]])
        #expect(world.state.epoch.round == 1)
        #expect(world.state.epoch.lengthMilliseconds == 3 * EpochWorld.length)
        var replayed = LedgerState(genesis: world.genesis)
        for bytes in world.entries { try replayed.apply(Entry(decoding: bytes)) }
        #expect(replayed.root == world.state.root)
    }

    /// What is hashed beside the tables, which must be read as it was written.
    private func fixedPart(_ state: LedgerState) throws -> [UInt8] {
        var encoder = RowEncoder()
        state.chain.encode(into: &encoder)
        let read = try ChainState(bytes: encoder.bytes)
        #expect(read.epoch == state.epoch)
        // A length that need not be told has no second encoding.
        if read.epoch.lengthMilliseconds == read.parameters.epochMilliseconds {
            var long = encoder
            long.append(read.epoch.lengthMilliseconds)
            #expect(throws: LedgerError.self) { try ChainState(bytes: long.bytes) }
        }
        return encoder.bytes
    }

    @Test func aNewcomerIsDrawnAnEpochAfterItIsEligible() throws {
        var world = try EpochWorld(nodes: 3, spare: 1)
        let (newcomer, old) = (world.ids[3], Array(world.ids.prefix(3)))
        try world.join(3)
        #expect(!world.state.isEligible(newcomer))
        #expect(try world.run(world.commitAction(newcomer), by: newcomer) == .notAuthorised)
        try world.playRound(committing: old)
        #expect(world.state.isEligible(newcomer))
        #expect(world.state.epoch.pendingCommittee == nil)
        try world.playRound(committing: world.ids)
        let pending = try #require(world.state.epoch.pendingCommittee)
        #expect(pending.nodes == world.ids.sorted())
        try world.certifyLast()
        #expect(world.state.epoch.committee == pending)
        #expect(world.state.epoch.pendingCommittee == nil)
    }

    @Test func stakeThatComesLateCountsInTheNextDraw() throws {
        var world = try EpochWorld(nodes: 3)
        let node = world.ids[1]
        #expect(try world.run(.stake(node, amount: 5_000), byOperatorOf: 1) == nil)
        try world.playRound(committing: world.ids)
        #expect(world.state.epoch.pendingCommittee == nil, "weights were fixed before")
        try world.playRound(committing: world.ids)
        let pending = try #require(world.state.epoch.pendingCommittee)
        #expect(pending.members.first { $0.node == node }?.weight == 6_000)
    }

    @Test func checkpointsComeByCount() throws {
        var world = try EpochWorld(nodes: 1) {
            $0.checkpointEntries = 3
            $0.checkpointMilliseconds = 1_000
        }
        var due: [Bool] = []
        for port in 1...3 { due.append(try world.work(UInt16(port))) }
        #expect(due == [false, false, true])
        let checkpoint = try #require(world.state.checkpoint)
        #expect(checkpoint.stateRoot == world.state.root)
        #expect(checkpoint.entryHash == world.state.headHash)
        // What only records certificates brings no checkpoint, however long ago the last one was; nor does nothing.
        world.time += 5_000
        try world.certifyLast()
        #expect(world.state.checkpoint == nil)
        try world.enter([])
        #expect(world.state.checkpoint == nil)
    }

    @Test func checkpointsComeByTime() throws {
        var world = try EpochWorld(nodes: 1) { $0.checkpointMilliseconds = 1_000 }
        world.time += 999
        #expect(try !world.work(1))
        world.time += 1
        #expect(try world.work(2))
        world.time += 999
        #expect(try !world.work(3))
        world.time += 1
        #expect(try world.work(4))
    }

    /// On a quiet network nothing else comes along: an empty entry is enough, and one is.
    @Test func aChangeGetsItsCheckpointInTime() throws {
        var world = try EpochWorld(nodes: 1) { $0.checkpointMilliseconds = 1_000 }
        world.time += 1_000
        #expect(try world.work(1))
        try world.certifyLast()
        world.time += 10
        #expect(try !world.work(2))
        let last = world.time + 990
        #expect(!world.state.isCheckpointOverdue(at: last - 1))
        #expect(world.state.isCheckpointOverdue(at: last))
        world.time = last
        try world.enter([])
        #expect(world.state.checkpoint != nil)
        #expect(!world.state.isCheckpointOverdue(at: .max))
        try world.certifyLast()
        #expect(!world.state.isCheckpointOverdue(at: .max), "certificates alone need no checkpoint")
    }

    @Test func aCertificateBringsTheCheckpointOfAnOlderChange() throws {
        var world = try EpochWorld(nodes: 1) { $0.checkpointMilliseconds = 1_000 }
        world.time += 1_000
        #expect(try world.work(1))
        let first = try #require(try world.certify(world.lastCheckpoint()))
        #expect(try !world.work(2))
        world.time += 1_000
        #expect(try world.record(first) == nil)
        #expect(world.state.checkpoint != nil)
    }

    @Test func oldCheckpointsAreForgotten() throws {
        var world = try EpochWorld(nodes: 1) { $0.checkpointEntries = 1 }
        var certificates: [Certificate] = []
        for port in 1...(CheckpointBook.maxKnown + 2) {
            #expect(try world.work(UInt16(port)))
            certificates.append(try #require(try world.certify(world.lastCheckpoint())))
        }
        // The last one is known as the present one, and as many are remembered beside it.
        #expect(try world.record(certificates[0]) == .badCertificate)
        #expect(try world.record(certificates[3]) == nil)
        #expect(world.state.certified.sequence == certificates[3].checkpoint.sequence)
        #expect(try world.record(certificates[2]) == .alreadyDone)
        #expect(world.state.chain.checkpoints.known.count == CheckpointBook.maxKnown - 2)
    }
}

extension EpochWorld {
    /// Applies an entry that does something; whether it is a checkpoint.
    mutating func work(_ port: UInt16) throws -> Bool {
        #expect(try run(.updateNode(ids[0], peer: Endpoint(host: "h", port: port), gateway: nil), by: ids[0]) == nil)
        return state.checkpoint != nil
    }

    /// Registers a spare node, stakes for it and makes it take part.
    mutating func join(_ index: Int, stake: UInt64 = 1_000) throws {
        let (id, account) = (ids[index], operators[index].publicKey.account)
        let proof = try NodePossession.prove(key(id), operatorAccount: account, network: genesis.networkID)
        let register = LedgerAction.registerNode(
            publicKey: try key(id).publicKey, peer: try Endpoint(host: "127.0.0.1", port: 7_001), gateway: nil,
            possessionProof: proof)
        #expect(try run(register, byOperatorOf: index) == nil)
        #expect(try run(.stake(id, amount: stake), byOperatorOf: index) == nil)
        #expect(try run(.optIn(id), byOperatorOf: index) == nil)
    }
}
