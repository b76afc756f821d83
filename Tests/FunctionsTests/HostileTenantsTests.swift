import FunctionServices
import Functions
import Logging
import NIOCore
import Synchronization
import Testing

/// Tenants that misbehave, each beside one that does not.
@Suite(.serialized) struct HostileTenantsTests {
    /// How often an attack is made at most. One decides, unless the neighbour became slower in it: then the most of them do,
    /// since a machine with other work on its two cores may slow either part of a round down.
    private static let maxRounds = 9
    private static let environment = #"{"bindings":[{"name":"ASSETS","type":"assets"}]}"#

    @Test(arguments: HostileTenant.all) func theNeighbourNoticesNothing(_ hostile: HostileTenant) async throws {
        var rounds: [Round] = []
        repeat {
            let round = try await play(hostile)
            rounds.append(round)
            #expect(hostile.expected.contains(round.result))
            print("hostile | \(hostile.name) | \(round)")
        } while rounds.count < Self.maxRounds && !Self.isUndisturbed(rounds)
        #expect(Self.isUndisturbed(rounds), "\(rounds)")
    }

    private static func isUndisturbed(_ rounds: [Round]) -> Bool {
        rounds.count { $0.isUndisturbed } * 2 >= rounds.count
    }

    /// The neighbour before, during and after an attack, in a pool of their own.
    private func play(_ hostile: HostileTenant) async throws -> Round {
        var settings = PoolFixture.settings
        settings.memoryLimitBytes = 64 << 20
        hostile.change(&settings)
        let surroundings = HostileSurroundings()
        let host = try HostServices(
            assets: surroundings, resolver: surroundings, logger: Logger(label: "functions-tests"))
        var round = Round()
        try await withPool(settings, host: host, environment: Self.environment) {
            (fixture: PoolFixture) async throws -> Void in
            let neighbour = Neighbour(fixture: fixture)
            try await neighbour.call()
            round.alone += try await neighbour.times { $0 >= Round.calls / 2 }
            let isOver = Flag()
            let clock = ContinuousClock()
            let start = clock.now
            async let outcome = attack(hostile, fixture, isOver)
            round.meanwhile = try await neighbour.times { $0 >= Round.calls && isOver.isSet }
            round.result = try await outcome
            round.took = clock.now - start
            round.alone += try await neighbour.times { $0 >= Round.calls / 2 }
        }
        await host.close()
        return round
    }

    private func attack(
        _ hostile: HostileTenant, _ fixture: PoolFixture, _ isOver: Flag
    ) async throws -> String {
        defer { isOver.set() }
        return try await hostile.attack(fixture)
    }
}

/// What an attack did, and how long the neighbour's calls took.
private struct Round: CustomStringConvertible {
    /// The neighbour's calls during the attack, at least, and without it.
    static let calls = 100
    /// How much slower its slowest hundredth may become.
    static let bound = 2.0
    /// So much slower it may become in any case: a few turns of the scheduler, which two cores share out among the attack,
    /// the node, the neighbour and whatever else the machine does.
    static let slack = Duration.milliseconds(20)

    var result = ""
    var took = Duration.zero
    var alone: [Duration] = []
    var meanwhile: [Duration] = []

    var isUndisturbed: Bool {
        let alone = Round.percentile(alone)
        return Round.percentile(meanwhile) <= max(alone * Round.bound, alone + Round.slack)
    }

    var description: String {
        "\(result) | \(Round.text(took)) | \(Round.text(Round.percentile(alone))) | "
            + Round.text(Round.percentile(meanwhile))
    }

    /// The time that 99 of 100 calls stay below.
    private static func percentile(_ times: [Duration]) -> Duration {
        times.isEmpty ? .zero : times.sorted()[min(times.count - 1, times.count * 99 / 100)]
    }

    private static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let tenths = seconds * 10_000 + attoseconds / 100_000_000_000_000
        return "\(tenths / 10).\(tenths % 10) ms"
    }
}

private final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}

/// A function that behaves, called without a pause.
private struct Neighbour {
    let fixture: PoolFixture

    func call() async throws {
        let answer = try await fixture.call(
            "export default { async fetch() { return new Response('ok') } }", tenant: "good/neighbour")
        #expect(answer.text == "ok")
    }

    /// How long calls take, until `isEnough` of their count.
    func times(until isEnough: (Int) -> Bool) async throws -> [Duration] {
        let clock = ContinuousClock()
        var times: [Duration] = []
        repeat {
            let start = clock.now
            try await call()
            times.append(clock.now - start)
        } while !isEnough(times.count)
        return times
    }
}
