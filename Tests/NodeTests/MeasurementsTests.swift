import Identity
import Ledger
import Testing

@testable import Node

@Suite("What a node reports of others")
struct MeasurementsTests {
    let subjects = (0..<3).map { _ in SigningKey().publicKey.node }.sorted()

    @Test("Shares of answers, the median round trip, and blocks since the epoch began")
    func observations() {
        var measurements = Measurements()
        measurements.begin(4, [subjects[0]: .init(goodBlocks: 10, badBlocks: 1, rate: 5)])
        for milliseconds in [9, 1, 5] {
            measurements.add(
                .init(subject: subjects[0], isAlive: true, roundTrip: .milliseconds(milliseconds)))
        }
        measurements.add(.init(subject: subjects[0], isAlive: false, roundTrip: .seconds(9)))
        measurements.add(.init(subject: subjects[1], isAlive: false, roundTrip: nil))
        let accounts = [subjects[0]: Measurements.Account(goodBlocks: 25, badBlocks: 3, rate: 1_000.4)]
        let seen = measurements.observations(of: subjects.reversed(), accounts)
        #expect(
            seen == [
                Observation(
                    subject: subjects[0], probesAnswered: 3, probes: 4, latencyMicroseconds: 5_000, rate: 1_000,
                    goodBlocks: 15, badBlocks: 2),
                Observation(
                    subject: subjects[1], probesAnswered: 0, probes: 1, latencyMicroseconds: 0, rate: 0, goodBlocks: 0,
                    badBlocks: 0),
            ])
        measurements.begin(5, [:])
        #expect(measurements.observations(of: subjects, accounts).isEmpty)
    }

    @Test("Subjects and round trips are bounded; odd numbers do no harm")
    func bounds() {
        var measurements = Measurements()
        measurements.begin(0, [subjects[0]: .init(goodBlocks: 10)])
        let many = (0..<Measurements.maxSubjects + 1).map { _ in SigningKey().publicKey.node }
        for subject in many { measurements.add(.init(subject: subject, isAlive: true, roundTrip: .seconds(1 << 40))) }
        let seen = measurements.observations(of: many, [:])
        #expect(seen.count == Measurements.maxSubjects)
        #expect(seen.allSatisfy { $0.latencyMicroseconds == .max })
        for index in 0...Measurements.maxRoundTrips {
            measurements.add(
                .init(subject: many[0], isAlive: true, roundTrip: index == 0 ? .seconds(-1) : .microseconds(7)))
        }
        for rate in [Double.nan, .infinity, -.infinity, -1, 0, 1e300] {
            measurements.begin(1, [many[0]: .init(goodBlocks: 10)])
            measurements.add(.init(subject: many[0], isAlive: true, roundTrip: .microseconds(7)))
            let one = measurements.observations(of: [many[0]], [many[0]: .init(goodBlocks: 3, rate: rate)])
            #expect(one.first?.goodBlocks == 0, "a restart of the counters is not negative")
        }
        for (blocks, count) in [(1_000_000, 1_000_000), (1_000_001, 1_000_000), (Int.max, 1_000_000)] as [(Int, UInt32)]
        {
            let one = measurements.observations(of: [many[0]], [many[0]: .init(goodBlocks: blocks, badBlocks: blocks)])
            #expect(one.first?.badBlocks == count)
        }
    }
}
