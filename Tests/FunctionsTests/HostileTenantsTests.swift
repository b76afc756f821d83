import FunctionServices
import Functions
import Logging
import NIOCore
import Synchronization
import Testing

/// Tenants that misbehave, each beside one that does not.
@Suite(.serialized) struct HostileTenantsTests {
    /// The neighbour's calls before the attack, at least.
    private static let calls = 100
    /// How much slower the neighbour's slowest hundredth may become. Two cores share the attack, the node and the
    /// neighbour, on a machine that may be busy with other things; the figures that are printed say more.
    private static let bound = 20.0
    private static let floor = Duration.milliseconds(500)
    private static let environment = #"{"bindings":[{"name":"ASSETS","type":"assets"}]}"#

    @Test(arguments: HostileTenant.all) func theNeighbourNoticesNothing(_ hostile: HostileTenant) async throws {
        var settings = PoolFixture.settings
        settings.memoryLimitBytes = 64 << 20
        hostile.change(&settings)
        let surroundings = HostileSurroundings()
        let host = try HostServices(
            assets: surroundings, resolver: surroundings, logger: Logger(label: "functions-tests"))
        try await withPool(settings, host: host, environment: Self.environment) {
            (fixture: PoolFixture) async throws -> Void in
            let neighbour = Neighbour(fixture: fixture)
            try await neighbour.call()
            let alone = try await neighbour.measure { $0 >= Self.calls }
            let isOver = Flag()
            let clock = ContinuousClock()
            let start = clock.now
            async let outcome = attack(hostile, fixture, isOver)
            let meanwhile = try await neighbour.measure { $0 >= Self.calls && isOver.isSet }
            let result = try await outcome
            let took = clock.now - start
            print(
                "hostile | \(hostile.name) | \(result) | \(Neighbour.text(took)) | \(Neighbour.text(alone)) | "
                    + "\(Neighbour.text(meanwhile))")
            #expect(hostile.expected.contains(result))
            #expect(meanwhile <= max(Self.floor, alone * Self.bound))
        }
        await host.close()
    }

    private func attack(
        _ hostile: HostileTenant, _ fixture: PoolFixture, _ isOver: Flag
    ) async throws -> String {
        defer { isOver.set() }
        return try await hostile.attack(fixture)
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

    /// Calls until `isEnough` of the count; returns the time that 99 of 100 calls stay below.
    func measure(until isEnough: (Int) -> Bool) async throws -> Duration {
        let clock = ContinuousClock()
        var times: [Duration] = []
        repeat {
            let start = clock.now
            try await call()
            times.append(clock.now - start)
        } while !isEnough(times.count)
        times.sort()
        return times[min(times.count - 1, times.count * 99 / 100)]
    }

    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let tenths = seconds * 10_000 + attoseconds / 100_000_000_000_000
        return "\(tenths / 10).\(tenths % 10) ms"
    }
}
