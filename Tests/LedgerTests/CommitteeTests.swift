import Blake3
import Foundation
import Identity
import Testing

@testable import Ledger

@Suite struct CommitteeTests {
    private let seed = Blake3.hash(Array("seed".utf8))

    private func draw(_ weights: [UInt64], epoch: UInt64 = 1, size: Int = 4, wholeUpTo: Int = 4) -> [Int] {
        CommitteeDraw.indices(weights: weights, seed: seed, epoch: epoch, size: size, wholeUpTo: wholeUpTo)
    }

    @Test func everybodyIsInASmallNetwork() {
        #expect(draw([1, 1, 1, 1]) == [0, 1, 2, 3])
        #expect(draw([1, 1, 1, 1, 1]).count == 4)
        #expect(draw([1, 1, 1, 1, 1], size: 9) == [0, 1, 2, 3, 4])
        #expect(draw([]).isEmpty)
    }

    @Test func isAFunctionOfSeedEpochAndWeights() {
        let weights = (0..<200).map { UInt64($0 + 1) }
        #expect(draw(weights, size: 20) == draw(weights, size: 20))
        #expect(draw(weights, epoch: 2, size: 20) != draw(weights, size: 20))
        #expect(Set(draw(weights, size: 20)).count == 20)
    }

    @Test func weightDecidesHowOften() {
        // Candidate 0 has half of all weight: of 1,000 draws of one, about 500 are it (σ is 16).
        let weights: [UInt64] = [10] + [UInt64](repeating: 1, count: 10)
        let hits = (0..<1_000).filter { draw(weights, epoch: UInt64($0), size: 1) == [0] }.count
        #expect((430...570).contains(hits))
        let heavy: [UInt64] = [UInt64(Int64.max)] + [UInt64](repeating: 1, count: 10)
        #expect(draw(heavy, size: 1) == [0])
    }

    @Test func numbersBelowABoundAreEquallyLikely() {
        var stream = DrawStream(LedgerHash.draw, seed: seed, context: [])
        var counts = [Int](repeating: 0, count: 5)
        for _ in 0..<5_000 { counts[Int(stream.next(below: 5))] += 1 }
        #expect(counts.allSatisfy { (880...1_120).contains($0) })
        #expect(stream.next(below: 0) == 0)
        #expect(stream.next(below: 1) == 0)
        for _ in 0..<100 { #expect(stream.next(below: .max) < .max) }
    }

    @Test func sortsAndDropsWhatIsThereTwice() throws {
        let keys = try (0..<5).map { try EpochWorld.key("member \($0)").publicKey }
        let committee = Committee(
            (keys + [keys[0]]).map { .init(publicKey: $0, weight: 3) })
        #expect(committee.members.count == 5)
        #expect(committee.nodes == keys.map(\.node).sorted())
        for node in committee.nodes { #expect(committee.index(of: node).map { committee.nodes[$0] } == node) }
        #expect(committee.index(of: try EpochWorld.key("nobody").publicKey.node) == nil)
        #expect(throws: LedgerError.self) { try Committee(decoding: Data()) }
        let weightless = Committee([.init(publicKey: keys[0], weight: 0)])
        #expect(throws: LedgerError.self) { try Committee(decoding: weightless.bytes) }
    }

    @Test func aLargeGenesisBeginsWithADraw() throws {
        let world = try EpochWorld(nodes: 9, stakes: [0, 5, 5]) {
            $0.committeeSize = 5
            $0.wholeCommitteeUpTo = 8
        }
        #expect(world.state.epoch.committee.members.count == 5)
        #expect(LightClient(genesis: world.genesis).committee == world.state.epoch.committee)
        let whole = try EpochWorld(nodes: 8) { $0.wholeCommitteeUpTo = 8 }
        #expect(whole.state.epoch.committee.members.count == 8)
    }

    @Test func observersAreOfManyOperatorsAndPlaces() throws {
        let world = try EpochWorld(
            nodes: 60, operatorCount: 30, hosts: (0..<60).map { "10.\($0 % 20).0.\($0)" }
        ) { $0.observersPerNode = 16 }
        let state = world.state
        for subject in world.ids.prefix(10) {
            let observers = state.observers(of: subject)
            #expect((14...16).contains(observers.count))
            #expect(!observers.contains(subject))
            #expect(observers == observers.sorted())
            let records = observers.compactMap { state.node($0) }
            for group in [
                Dictionary(grouping: records) { $0.operatorAccount.description },
                Dictionary(grouping: records) { String($0.standing.addressGroup) },
            ] { #expect(group.values.allSatisfy { $0.count <= EpochRoster.maxAlike }) }
            #expect(state.subjects(of: observers[0]).contains(subject))
        }
        #expect(state.observers(of: world.genesis.nodes[0].publicKey.node).count <= 16)
        let small = try EpochWorld(nodes: 5, operatorCount: 1) { $0.observersPerNode = 4 }
        #expect(small.state.observers(of: small.ids[0]).count == 4)
        #expect(EpochRoster.addressGroup(ofHost: "10.2.3.4") == 0x1_0a02)
        for host in ["127.0.0.1", "::1", "a.b.c.d", "1.2.3", "1.2.3.256", "1.2.3.4.5", "0x1.2.3.4", "+1.2.3.4"] {
            #expect(EpochRoster.addressGroup(ofHost: host) == 0, "\(host)")
        }
    }
}
