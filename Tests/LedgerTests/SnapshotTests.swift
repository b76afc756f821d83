import Blake3
import Foundation
import Identity
import Stark
import Testing

@testable import Ledger

@Suite struct SnapshotTests {
    private func bytes(_ state: LedgerState) -> Data {
        var bytes = Data()
        let collected = Collector()
        LedgerSnapshot.write(state) { collected.data += $0 }
        bytes += collected.data
        return bytes
    }

    private final class Collector {
        var sizes: [Int] = []
        var data = Data()
    }

    private func read(_ bytes: Data, like state: LedgerState, pieces: Int = .max) throws -> LedgerState {
        var reader = LedgerSnapshotReader(genesis: state.genesis, stateRoot: state.root, entryHash: state.headHash)
        for start in stride(from: 0, to: bytes.count, by: min(pieces, max(1, bytes.count))) {
            try reader.update(bytes[start..<min(bytes.count, start + min(pieces, bytes.count))])
        }
        return try reader.finish()
    }

    /// Some rows of most tables.
    private func state(accounts: Int = 40) throws -> LedgerState {
        var world = try World()
        for (number, text) in ["a", "shop", "blog"].enumerated() {
            let name = try AppName(checking: text)
            try world.run(.claimName(name), by: world.alice)
            _ = try world.publish(number, name, by: world.alice)
            var release = World.site(number)
            release.sizeClass = SizeClass("shared-1x-256")
            release.replicas = 3
            release.secretsEnvelope = World.blob(9).digest
            try world.run(.publishRelease(name, release), by: world.alice)
        }
        for number in 0..<accounts {
            var record = AccountRecord(StateProofTests.account(number))
            record.balance = UInt64(number)
            world.state.accountTable.put(record)
        }
        addChannel(&world.state, world)
        addVerdicts(&world.state, world)
        return world.state
    }

    private func addChannel(_ state: inout LedgerState, _ world: World) {
        let id = ChannelID(Blake3.hash([1]))
        let anchor = PoseidonLink.test("anchor")
        let chain = NewChannel.Chain(commodity: .bytes, anchor: anchor, unitPrice: 3, maxUnits: 4)
        state.channelTable.put(
            ChannelRecord(
                id: id, payer: world.alice.publicKey.account, payerKey: world.alice.publicKey,
                payee: world.helper.publicKey.node, expiresMilliseconds: 5, openedSequence: 6, deposit: 12,
                closingMilliseconds: 7, chains: [ChannelRecord.Chain(chain)]))
        state.anchorTable.put(AnchorRecord(anchor: anchor, channel: id))
        state.allowedTable.put(AllowedMember(id: Blake3.hash([3])))
    }

    private func addVerdicts(_ state: inout LedgerState, _ world: World) {
        let node = world.helper.publicKey.node
        let digest = Blake3.hash([4])
        state.faultTable.put(
            FaultRecord(node: node, kind: .contradictingVotes, faultSequence: 1, evidence: digest, recordedSequence: 2))
        state.reportTable.put(
            ReportRecord(
                observer: node,
                observations: [
                    Observation(
                        subject: node, probesAnswered: 1, probes: 2, latencyMicroseconds: 3, rate: 4, goodBlocks: 5,
                        badBlocks: 6)
                ]))
        state.auditTable.put(
            AuditRecord(auditor: node, subject: node, receipt: digest, matches: true, result: digest, epoch: 3))
        guard var record = state.node(node) else { return }
        record.unstaking = [NodeRecord.Unstaking(amount: 1, releaseEpoch: 2, sequence: 3)]
        record.participation = .left(epoch: 4)
        record.capacity = NodeCapacity(memoryBytes: 5)
        record.admissionEvidence = digest
        record.standing.share = BeaconShare(epoch: 1, round: 2, commitment: digest, reveal: digest)
        record.standing.add(NodePenalty(amount: .permille(7), sequence: 8))
        record.standing.add(NodePenalty(amount: .units(7), sequence: 8))
        state.nodeTable.put(record)
    }

    @Test func aStateComesBackFromItsBytes() throws {
        let state = try state()
        let bytes = bytes(state)
        for pieces in [Int.max, 1, 7, 1_000] {
            let restored = try read(bytes, like: state, pieces: pieces)
            #expect(restored.root == state.root)
            #expect(restored.headHash == state.headHash)
            #expect(restored.accounts == state.accounts)
            #expect(restored.names == state.names)
            #expect(self.bytes(restored) == bytes)
        }
        let start = try World().state
        #expect(try read(self.bytes(start), like: start).root == start.root)
    }

    @Test func aRoundKeepsItsLength() throws {
        var world = try World()
        try world.run(.changeParameter(.value(name: "epoch_ms", 1_000)), by: world.alice)
        let restored = try read(bytes(world.state), like: world.state)
        #expect(restored.parameters.epochMilliseconds == 1_000)
        #expect(restored.epoch.lengthMilliseconds == world.genesis.parameters.epochMilliseconds)
        #expect(restored.root == world.state.root)
    }

    @Test(arguments: ["\u{FEFF}", "\u{FEFF}first", "a\u{FEFF}", "e\u{301}\u{0}", "\u{1F1E9}\u{1F1EA}"])
    func anyMessageComesBack(message: String) throws {
        var world = try World()
        let name = try AppName(checking: "shop")
        try world.run(.claimName(name), by: world.alice)
        var release = World.site(1)
        release.message = message
        let outcome = try world.run(.publishRelease(name, release), by: world.alice)
        #expect(outcome.isApplied)
        let restored = try read(bytes(world.state), like: world.state)
        #expect(restored.root == world.state.root)
        #expect(bytes(restored) == bytes(world.state))
    }

    @Test func everyKindOfRowIsThere() throws {
        let state = try state()
        #expect(StateHeader(state).tables.allSatisfy { $0.count > 0 || $0.number == DomainRecord.table })
        #expect(StateHeader(state).tables.map(\.number) == Array(1...11))
    }

    @Test func equalStatesGiveEqualBytes() throws {
        var random = SeededRandom(seed: 3)
        let state = try state()
        var other = state
        other.accountTable = MerkleTable()
        for row in state.accounts.shuffled(using: &random) { other.accountTable.put(row) }
        #expect(bytes(other) == bytes(state))
    }

    @Test func isWrittenInPieces() throws {
        let state = try state(accounts: 12_000)
        var sizes: [Int] = []
        let collected = Collector()
        func take(_ piece: Data) { collected.data += piece; collected.sizes.append(piece.count) }
        LedgerSnapshot.write(state, to: take)
        sizes = collected.sizes
        #expect(sizes.count > 3)
        #expect(sizes.allSatisfy { $0 < LedgerSnapshot.chunkByteCount + 1_024 })
        #expect(try read(collected.data, like: state, pieces: 65_536).root == state.root)
    }

    @Test func anotherStateIsRefused() throws {
        let state = try state()
        var poorer = state
        poorer.accountTable.remove(StateProofTests.account(3).digest)
        refused(bytes(poorer), like: state)
        var later = state
        later.headHash = Blake3.hash([9])
        refused(bytes(later), like: state)
        let elsewhere = try Genesis(
            networkName: "elsewhere", timeMilliseconds: 1, accounts: [], nodes: state.genesis.nodes,
            sequencers: state.genesis.sequencers)
        refused(bytes(LedgerState(genesis: elsewhere)), like: state, code: .wrongNetwork)
    }

    @Test func wrongOrderDuplicatesAndLongCountsAreRefused() throws {
        let state = try state(accounts: 3)
        let bytes = bytes(state)
        let first = LedgerSnapshot.headerByteCount + chainByteCount(state) + LedgerSnapshot.tableHeaderByteCount
        let row = LedgerSnapshot.rowHeaderByteCount + rowByteCount(state)
        let rows = (0..<3).map { bytes[first + $0 * row..<first + ($0 + 1) * row] }
        var swapped = bytes
        swapped.replaceSubrange(first..<first + 2 * row, with: rows[1] + rows[0])
        refused(swapped, like: state)
        var doubled = bytes
        doubled.replaceSubrange(first..<first + 2 * row, with: rows[0] + rows[0])
        refused(doubled, like: state)
        for at in [first - 8, first + 32, LedgerSnapshot.headerByteCount - 8] {
            var long = bytes
            long.replaceSubrange(at..<at + 8, with: Data(repeating: 0xFF, count: 8))
            refused(long, like: state)
        }
        refused(bytes + Data([0]), like: state)
        var future = bytes
        future[8] = LedgerSnapshot.version + 1
        refused(future, like: state)
    }

    @Test func anyBytesAreRefusedAndNothingTraps() throws {
        var random = SeededRandom(seed: 5)
        let state = try state(accounts: 5)
        let bytes = bytes(state)
        for count in 0..<bytes.count where count % 7 == 0 || count < 130 { refused(bytes.prefix(count), like: state) }
        for _ in 0..<600 {
            let damaged = bytes.mutated(&random)
            if damaged != bytes { refused(damaged, like: state) }
        }
        for _ in 0..<300 { refused(Data.random(upTo: 300, &random), like: state) }
    }

    private func chainByteCount(_ state: LedgerState) -> Int {
        var encoder = RowEncoder()
        state.chain.encode(into: &encoder)
        return encoder.bytes.count
    }

    private func rowByteCount(_ state: LedgerState) -> Int {
        var encoder = RowEncoder()
        AccountRecord(StateProofTests.account(0)).encode(into: &encoder)
        return encoder.bytes.count
    }

    private func refused(
        _ bytes: Data, like state: LedgerState, code: LedgerError.Code = .badSnapshot,
        location: SourceLocation = #_sourceLocation
    ) {
        #expect(sourceLocation: location) {
            _ = try read(Data(bytes), like: state, pieces: 997)
        } throws: { error in
            let found = (error as? LedgerError)?.code
            return found == code || found == .wrongNetwork
        }
    }
}
