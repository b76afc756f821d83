import Blake3
import Foundation
import Identity
import Testing

@testable import Ledger

@Suite struct ReputationTests {
    @Test func logarithmsAndPowersAreExactEnough() {
        var random = SeededRandom(seed: 51)
        #expect(FixedPoint.log2(FixedPoint.one) == 0)
        #expect(FixedPoint.exp2(0) == FixedPoint.one)
        #expect(FixedPoint.exp2(-(1 << 32)) == FixedPoint.one / 2)
        #expect(FixedPoint.exp2(.min) == 0)
        #expect(FixedPoint.log2(0) == -32 << 32)
        for _ in 0..<2_000 {
            let number = UInt64.random(in: 1...FixedPoint.one, using: &random)
            let real = Foundation.log2(Double(number) / 4_294_967_296)
            #expect(abs(Double(FixedPoint.log2(number)) / 4_294_967_296 - real) < 1e-8)
            let exponent = -Int64.random(in: 0...(20 << 32), using: &random)
            let power = Foundation.exp2(Double(exponent) / 4_294_967_296)
            #expect(abs(Double(FixedPoint.exp2(exponent)) / 4_294_967_296 - power) < 1e-9)
            let square = UInt64.random(in: 0 ... .max, using: &random)
            let root = FixedPoint.squareRoot(square)
            #expect(root.multipliedFullWidth(by: root).high == 0 && root * root <= square)
            #expect(root == UInt64(UInt32.max) || (root + 1) * (root + 1) > square)
        }
        #expect(FixedPoint.squareRoot(0) == 0)
        #expect(FixedPoint.squareRoot(.max) == UInt64(UInt32.max))
    }

    @Test func scalesAreThoseOfTheirFormulas() {
        func wilson(_ p: Double, _ n: Double) -> Double {
            let z2 = 3.8416
            return (2 * n * p + z2 - 1.96 * (z2 + 4 * n * p * (1 - p)).squareRoot()) / (2 * (n + z2))
        }
        for (share, count) in [(1_000_000, 1), (1_000_000, 20), (900_000, 100), (500_000, 10_000), (10, 7)]
            as [(UInt64, UInt64)]
        {
            let real = wilson(Double(share) / 1e6, Double(count))
            #expect(abs(Double(Reputation.availability(share: share, count: count)) / 1e6 - max(0, real)) < 1e-3)
        }
        #expect(Reputation.availability(share: 0, count: 100) == 0)
        #expect(Reputation.availability(share: .max, count: .max) <= Reputation.one)
        #expect(Reputation.availability(share: 1, count: 0) == 0)
        #expect(Reputation.latency(microseconds: 50_000) == Reputation.one)
        #expect(Reputation.latency(microseconds: 100_000) == Reputation.one / 2)
        #expect(Reputation.throughput(rate: .max) == Reputation.one)
        #expect(Reputation.throughput(rate: 6_250_000) == Reputation.one / 2)
        #expect(Reputation.correctness(good: 89, bad: 0) == 900_000)
        #expect(Reputation.correctness(good: 89, bad: 1) == 600_000)
        #expect(Reputation.correctness(good: .max, bad: .max) < Reputation.one)
        let score = Reputation.score(availability: 900_000, correctness: 800_000, latency: 500_000, throughput: 250_000)
        let real = Foundation.pow(0.9, 0.4) * Foundation.pow(0.8, 0.3) * Foundation.pow(0.125, 0.15)
        #expect(abs(Double(score) / 1e6 - real) < 1e-5)
        #expect(Reputation.score(availability: 0, correctness: 0, latency: 0, throughput: 0) < 10)
        let one = Reputation.one
        #expect(Reputation.score(availability: one, correctness: one, latency: one, throughput: one) == one)
    }

    @Test func risesSlowlyFallsFastAndDriftsBack() {
        #expect(Reputation.next(200_000, score: 1_000_000) == 280_000)
        #expect(Reputation.next(900_000, score: 100_000) == 580_000)
        #expect(Reputation.next(900_000, score: nil) == 830_000)
        #expect(Reputation.next(100_000, score: nil) == 110_000)
        #expect(Reputation.next(0, score: .max) == 100_000)
        #expect(Reputation.cap(servedMilliseconds: 0) == NodeStanding.probation)
        #expect(Reputation.cap(servedMilliseconds: 14 * 86_400_000) == 500_000)
        #expect(Reputation.cap(servedMilliseconds: .max) >= 999_999)
    }

    @Test func anOperatorHasATenthOfTheWeightAtMost() {
        // One operator with 60 of 100 observers, all lying: by count it would win, by capped weight it does not.
        let owners = (0..<100).map { AccountID(Blake3.hash([UInt8($0 < 60 ? 0 : $0)])) }
        var round = ReputationRound(
            owners.map { .init(operatorAccount: $0, stake: 100, reputation: 500_000, agreement: 1_000_000) })
        let reports = owners.indices.map { index in
            ReputationRound.Report(
                observer: index,
                observation: ReputationTests.observation(latency: index < 60 ? 5_000_000 : 50_000))
        }
        let honest = Array(reports.dropFirst(60))
        var other = round
        let score = round.score(reports, quorum: 12)
        #expect(score != nil)
        // The two differ only in how many probes and blocks were counted, which hardly matters.
        let difference = Int64(score ?? 0) - Int64(other.score(honest, quorum: 12) ?? 0)
        #expect(abs(difference) < 5_000)
        for index in owners.indices {
            #expect(round.agreement(of: index) == (index < 60 ? 966_666 : 1_000_000))
        }
    }

    /// The design's claim: of 32 observers, a fifth lies fivefold.
    @Test func liarsMoveTheMedianATenthAndTheMeanByEightTenths() {
        var random = SeededRandom(seed: 52)
        var (medianError, meanError) = (0.0, 0.0)
        let rounds = 400
        for _ in 0..<rounds {
            let values = (0..<32).map { index -> (value: UInt64, weight: UInt64) in
                // Honest measurements scatter by 30%, as the sum of twelve uniform numbers does around six.
                let normal = (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &random) }
                let honest = max(0.1, 1 + 0.3 * normal) * 100_000
                let isLiar = Double(index) < 0.2 * 32
                return (UInt64(isLiar ? 5 * honest : honest), UInt64.random(in: 900...1_100, using: &random))
            }
            let median = Double(Reputation.weightedMedian(values) ?? 0)
            let mean = values.reduce(0.0) { $0 + Double($1.value) } / 32
            medianError += abs(median - 100_000) / 100_000 / Double(rounds)
            meanError += abs(mean - 100_000) / 100_000 / Double(rounds)
        }
        #expect((0.06...0.14).contains(medianError), "the median is off by \(medianError)")
        #expect((0.75...0.95).contains(meanError), "the mean is off by \(meanError)")
    }

    @Test func reportsAreForThoseWhoWereAssigned() throws {
        var world = try EpochWorld(nodes: 6, spare: 1)
        try world.join(6)
        let sorted = world.ids.prefix(6).sorted()
        let (observer, subject) = (sorted[0], sorted[1])
        func report(_ observations: [Observation], epoch: UInt64 = 0) -> LedgerAction {
            .reportMeasurements(epoch: epoch, observations)
        }
        let good = ReputationTests.observation(subject: subject)
        let late = world.ids[6]
        #expect(try world.run(report([good], epoch: 1), by: observer) == .wrongEpoch)
        #expect(try world.run(report([good]), by: late) == .notAuthorised)
        #expect(try world.run(report([good]), byOperatorOf: 0) == .notAuthorised)
        #expect(try world.run(report([ReputationTests.observation(subject: late)]), by: observer) == .notAuthorised)
        #expect(try world.run(report([ReputationTests.observation(subject: observer)]), by: observer) == .notAuthorised)
        #expect(try world.run(report([]), by: observer) == .tooLarge)
        #expect(try world.run(report([good, good]), by: observer) == .malformed)
        let many = (0...LedgerState.maxObservations).map { number in
            ReputationTests.observation(subject: NodeID(Blake3.hash([UInt8(number)])))
        }
        #expect(try world.run(report(many), by: observer) == .tooLarge)
        for bad in [
            Observation(
                subject: subject, probesAnswered: 2, probes: 1, latencyMicroseconds: 0, rate: 0, goodBlocks: 0,
                badBlocks: 0),
            Observation(
                subject: subject, probesAnswered: 0, probes: LedgerState.maxCount + 1, latencyMicroseconds: 0, rate: 0,
                goodBlocks: 0, badBlocks: 0),
        ] { #expect(try world.run(report([bad]), by: observer) == .badAmount) }
        #expect(try world.run(report([good]), by: observer) == nil)
        #expect(try world.run(report([good]), by: observer) == .alreadyDone)
        let rest = sorted.dropFirst(2).map { ReputationTests.observation(subject: $0) }
        #expect(try world.run(report(Array(rest)), by: observer) == nil)
        #expect(world.state.report(by: observer)?.observations.count == 5)
    }

    @Test func anEpochOfMeasurementsMakesReputation() throws {
        var world = try EpochWorld(nodes: 8, spare: 1) { $0.epochMilliseconds = EpochWorld.length }
        let sorted = world.ids.prefix(8).sorted()
        let (bad, unmeasured) = (sorted[3], sorted[5])
        for id in sorted {
            var node = try #require(world.state.node(id))
            node.standing.servedMilliseconds = 100 * 86_400_000
            node.standing.reputation = 600_000
            world.state.nodeTable.put(node)
        }
        // Half of an epoch is played with a snapshot of the state: what follows is the same from there.
        for observer in sorted where observer != bad {
            let observations = sorted.filter { $0 != observer && $0 != unmeasured }.map { subject in
                ReputationTests.observation(subject: subject, latency: subject == bad ? 2_000_000 : 20_000)
            }
            #expect(try world.run(.reportMeasurements(epoch: 0, observations), by: observer) == nil)
        }
        // One that says the opposite of all others.
        let lies = sorted.filter { $0 != bad && $0 != unmeasured }.map {
            ReputationTests.observation(subject: $0, latency: 900_000, rate: 1)
        }
        #expect(try world.run(.reportMeasurements(epoch: 0, lies), by: bad) == nil)
        let halfway = world
        try world.playRound(committing: world.ids.prefix(8).map { $0 })
        func standing(_ id: NodeID) throws -> NodeStanding { try #require(world.state.node(id)).standing }
        let good = try standing(sorted[0])
        #expect(good.reputation > 600_000)
        #expect(try standing(bad).reputation < 600_000)
        #expect(try standing(unmeasured).reputation == 560_000)
        #expect(good.agreement == 1_000_000)
        #expect(try standing(bad).agreement < 950_000)
        #expect(good.servedMilliseconds == 100 * 86_400_000 + EpochWorld.length)
        #expect(world.state.report(by: sorted[0]) == nil, "reports are used up")

        var bytes = Data()
        LedgerSnapshot.write(halfway.state) { bytes.append($0) }
        var reader = LedgerSnapshotReader(
            genesis: world.genesis, stateRoot: halfway.state.root, entryHash: halfway.state.headHash)
        try reader.update(bytes)
        var again = halfway
        again.state = try reader.finish()
        try again.playRound(committing: again.ids.prefix(8).map { $0 })
        #expect(again.state.root == world.state.root)
    }

    static func observation(
        subject: NodeID = NodeID(Blake3.hash([])), latency: UInt32 = 40_000, rate: UInt64 = 12_500_000
    ) -> Observation {
        Observation(
            subject: subject, probesAnswered: 100, probes: 100, latencyMicroseconds: latency, rate: rate,
            goodBlocks: 50, badBlocks: 0)
    }
}
