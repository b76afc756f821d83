import Synchronization
import Testing

@testable import Node

@Suite(.timeLimit(.minutes(1))) struct KVCallLimitTests {
    /// Calls that were begun, and which may end.
    private final class Calls: Sendable {
        private let state = Mutex<(running: Int, most: Int, mayEnd: Bool)>((0, 0, false))

        var running: Int { state.withLock { $0.running } }
        var most: Int { state.withLock { $0.most } }
        func release() { state.withLock { $0.mayEnd = true } }

        func run() async throws {
            state.withLock { state in
                state.running += 1
                state.most = max(state.most, state.running)
            }
            defer { state.withLock { $0.running -= 1 } }
            while !state.withLock({ $0.mayEnd }) { try await Task.sleep(for: .milliseconds(1)) }
        }
    }

    @Test("Beyond the limit calls wait for their turn, all of them get it, and no more run at a time")
    func turns() async throws {
        let limit = KVCallLimit<String>(most: 3, mostInAll: 4, mostWaiting: 100)
        let calls = Calls()
        let done = try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<40 {
                group.addTask {
                    try await limit.run(for: index % 2 == 0 ? "a" : "b", waiting: .seconds(30)) {
                        try await calls.run()
                        return true
                    } ?? false
                }
            }
            while calls.running < 4 { try await Task.sleep(for: .milliseconds(1)) }
            calls.release()
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(done == 40 && calls.most == 4)
        #expect(try await limit.run(for: "a") { true } == true)
    }

    @Test("Who waits too long, is cancelled or finds the queue full gets nothing, and takes no place")
    func noTurn() async throws {
        let limit = KVCallLimit<String>(most: 1, mostInAll: 9, mostWaiting: 1)
        let calls = Calls()
        let first = Task { try await limit.run(for: "a") { try await calls.run() } }
        while calls.running < 1 { try await Task.sleep(for: .milliseconds(1)) }
        #expect(try await limit.run(for: "a") { true } == nil)
        #expect(try await limit.run(for: "a", waiting: .milliseconds(20)) { true } == nil)
        let waiting = Task { try await limit.run(for: "a", waiting: .seconds(30)) { true } }
        try await Task.sleep(for: .milliseconds(50))
        #expect(try await limit.run(for: "a", waiting: .seconds(30)) { true } == nil, "one waits already")
        waiting.cancel()
        #expect(try await waiting.value == nil)
        #expect(try await limit.run(for: "b") { true } == true)
        calls.release()
        _ = try await first.value
        #expect(try await limit.run(for: "a", waiting: .seconds(30)) { true } == true)
    }

    @Test("A queue that one key has filled has room for others")
    func fullOfOne() async throws {
        let limit = KVCallLimit<String>(most: 1, mostInAll: 1, mostWaiting: 4)
        let calls = Calls()
        let first = Task { try await limit.run(for: "a") { try await calls.run() } }
        while calls.running < 1 { try await Task.sleep(for: .milliseconds(1)) }
        func wait(_ key: String) -> Task<Bool, any Error> {
            Task { try await limit.run(for: key, waiting: .seconds(30)) { true } ?? false }
        }
        // The fifth finds the queue full, and is refused.
        let crowd = (0..<5).map { _ in wait("a") }
        while limit.waitingCount() < 4 { try await Task.sleep(for: .milliseconds(1)) }
        let others = [wait("b"), wait("c")]
        while limit.waitingCount(of: "b") + limit.waitingCount(of: "c") < 2 {
            try await Task.sleep(for: .milliseconds(1))
        }
        calls.release()
        _ = try await first.value
        for other in others { #expect(try await other.value) }
        var served = 0
        for one in crowd where try await one.value { served += 1 }
        #expect(served == 2)
    }
}
