import Blake3
import Foundation
import Identity
import Ledger
import Machines
import Manifests
import Synchronization
import Testing

@testable import Node

/// Keepers of several nodes with a ledger in memory and containers that only exist in memory: who runs what, and when.
@Suite(.serialized) struct MachineKeeperTests {
    fileprivate static let app = AppName("db")!
    fileprivate static let term: Int64 = 4_000

    private final class Fleet: Sendable {
        let ledger: FakeLedger
        let nodes: [FakeNode]
        let dead = Mutex<Set<NodeID>>([])

        init(_ count: Int) throws {
            let ledger = try FakeLedger(nodes: count)
            self.ledger = ledger
            let holder = Holder()
            nodes = try (0..<count).map { index in
                try FakeNode(ledger, index, term: MachineKeeperTests.term) { node in
                    holder.fleet?.dead.withLock { $0.contains(node) } ?? false
                } others: { message, sender in
                    for node in holder.fleet?.nodes ?? [] where node.id != sender {
                        try? node.table.take(message, from: sender)
                    }
                }
            }
            holder.fleet = self
            for node in nodes { node.start() }
        }

        private final class Holder: @unchecked Sendable {
            /// Set once before the nodes start.
            weak var fleet: Fleet?
        }

        func stop() {
            for node in nodes {
                node.crash()
                node.removeFiles()
            }
        }

        func leases() -> [MachineLease] { ledger.state.machineLeases(of: MachineKeeperTests.app) }

        /// The healthy replicas that a node knows, by slot.
        func healthy(_ node: Int = 0) -> [UInt32: MachineReplica] {
            Dictionary(
                nodes[node].table.healthy(MachineKeeperTests.app.description, release: nil).map { ($0.slot, $0) },
                uniquingKeysWith: { $1 }
            )
        }
    }

    private static func manifest(
        _ command: String = "good", copies: Int = 1, _ change: (inout MachineManifest) -> Void = { _ in }
    ) -> MachineManifest {
        var manifest = MachineManifest(image: BlobID(Blake3.hash([1])), layers: [BlobID(Blake3.hash([2]))])
        manifest.command = [command]
        manifest.minReplicas = copies
        manifest.maxReplicas = copies
        manifest.ports = [.init(name: "http", number: 80)]
        manifest.rolloutTimeoutMilliseconds = 2_000
        manifest.stopTimeoutMilliseconds = 500
        change(&manifest)
        return manifest
    }

    /// Waits for something that is to come, for up to 30 s.
    private static func until(_ what: String, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try await !condition() {
            guard ContinuousClock.now < deadline else {
                Issue.record("\(what) did not come")
                return
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test func copiesAreSpreadAndKnownEverywhere() async throws {
        let fleet = try Fleet(3)
        defer { fleet.stop() }
        let release = try fleet.ledger.deploy(Self.manifest(copies: 3), as: Self.app)
        try await Self.until("three healthy copies") { (0..<3).allSatisfy { fleet.healthy($0).count == 3 } }
        #expect(Set(fleet.leases().map(\.holder)).count == 3)
        #expect(fleet.leases().allSatisfy { $0.fence == 1 && $0.release.description == release })
        for node in fleet.nodes { #expect(await node.host.running.count == 1) }
        // Renewed, not taken again.
        try await Task.sleep(for: .milliseconds(Self.term + Self.term / 2))
        #expect(fleet.leases().allSatisfy { $0.fence == 1 && $0.isHeld(at: FakeLedger.now) })
        #expect(
            fleet.nodes.allSatisfy { node in node.limits.withLock { $0.values.allSatisfy { $0 > MachineClock.now() } } }
        )
    }

    @Test func aDeadNodesMachineStartsElsewhere() async throws {
        let fleet = try Fleet(3)
        defer { fleet.stop() }
        _ = try fleet.ledger.deploy(Self.manifest(), as: Self.app)
        try await Self.until("a healthy copy") { fleet.healthy().count == 1 }
        let holder = try #require(fleet.leases().first?.holder)
        let victim = try #require(fleet.nodes.first { $0.id == holder })
        victim.crash()
        fleet.ledger.cutOff.withLock { _ = $0.insert(holder) }
        fleet.dead.withLock { _ = $0.insert(holder) }
        let start = ContinuousClock.now
        let watcher = fleet.nodes.firstIndex { $0.id != holder } ?? 0
        try await Self.until("a new holder") { fleet.healthy(watcher)[0].map { $0.node != holder } ?? false }
        #expect(fleet.leases().first?.fence == 2)
        #expect(ContinuousClock.now - start >= .milliseconds(300))
        // The guard of the old one was told to end it before anybody else could take the slot.
        let end = victim.limits.withLock { $0.values.max() ?? 0 }
        #expect(end < MachineClock.now())
    }

    @Test func whoIsCutOffEndsBeforeSomebodyElseBegins() async throws {
        let fleet = try Fleet(2)
        defer { fleet.stop() }
        _ = try fleet.ledger.deploy(
            Self.manifest { $0.volumes = [.init(name: "data", path: "/data", byteCount: 1 << 20)] }, as: Self.app)
        try await Self.until("a healthy copy") { fleet.healthy().count == 1 }
        let holder = try #require(fleet.leases().first?.holder)
        let old = try #require(fleet.nodes.first { $0.id == holder })
        let new = try #require(fleet.nodes.first { $0.id != holder })
        fleet.ledger.cutOff.withLock { _ = $0.insert(holder) }
        fleet.dead.withLock { _ = $0.insert(holder) }
        var both = 0
        try await Self.until("the other node's copy") {
            let (first, second) = (await old.host.running.count, await new.host.running.count)
            if first > 0, second > 0 { both += 1 }
            return second == 1
        }
        #expect(both == 0)
        #expect(await old.host.running.isEmpty)
        // It comes back and finds the slot taken.
        fleet.ledger.cutOff.withLock { $0 = [] }
        fleet.dead.withLock { $0 = [] }
        try await Task.sleep(for: .milliseconds(Self.term))
        #expect(await old.host.running.isEmpty)
        #expect(fleet.leases().first?.holder == new.id)
    }

    @Test func aRollingUpdateAndOneThatIsTakenBack() async throws {
        let fleet = try Fleet(3)
        defer { fleet.stop() }
        let first = try fleet.ledger.deploy(Self.manifest(copies: 3), as: Self.app)
        try await Self.until("the first release") { fleet.healthy().values.count { $0.release == first } == 3 }
        let second = try fleet.ledger.deploy(Self.manifest("better", copies: 3), as: Self.app)
        var least = 3
        try await Self.until("the second release") {
            least = min(least, fleet.healthy().count)
            return fleet.healthy().values.count { $0.release == second } == 3
        }
        #expect(least == 3, "there was always a copy in every slot")
        let third = try fleet.ledger.deploy(Self.manifest("bad", copies: 3), as: Self.app)
        try await Self.until("the word that it failed") {
            fleet.leases().contains { $0.failed?.description == third }
        }
        try await Self.until("the second release again") {
            fleet.healthy().values.count { $0.release == second } == 3
        }
        // What failed is still being ended, perhaps.
        try await Self.until("one copy on each node") {
            for node in fleet.nodes where await node.host.running.count != 1 { return false }
            return true
        }
    }

    @Test func blueGreenSwitchesAllAtOnce() async throws {
        let fleet = try Fleet(2)
        defer { fleet.stop() }
        let first = try fleet.ledger.deploy(Self.manifest(copies: 2), as: Self.app)
        try await Self.until("blue") { fleet.healthy().values.count { $0.release == first } == 2 }
        let second = try fleet.ledger.deploy(
            Self.manifest("green", copies: 2) { $0.rollout = .blueGreen }, as: Self.app)
        try await Self.until("green") { fleet.healthy().values.count { $0.release == second } == 2 }
        for node in fleet.nodes { try await Self.until("the end of blue") { await node.host.running.count == 1 } }
    }

    @Test func anotherScaleTouchesNothingThatRuns() async throws {
        let fleet = try Fleet(2)
        defer { fleet.stop() }
        _ = try fleet.ledger.deploy(Self.manifest(copies: 1), as: Self.app)
        try await Self.until("one copy") { fleet.healthy().count == 1 }
        let release = try fleet.ledger.deploy(Self.manifest(copies: 2), as: Self.app)
        try await Self.until("two copies") { fleet.healthy().values.count { $0.release == release } == 2 }
        var started = 0
        for node in fleet.nodes { started += await node.host.started.count }
        #expect(started == 2)
        _ = try fleet.ledger.deploy(Self.manifest(copies: 0), as: Self.app)
        for node in fleet.nodes { try await Self.until("no copy") { await node.host.running.isEmpty } }
        try await Self.until("leases given back") { fleet.leases().allSatisfy { !$0.isHeld(at: FakeLedger.now) } }
    }

    @Test func whatHasNothingToDoSleepsUntilItIsWanted() async throws {
        let fleet = try Fleet(2)
        defer { fleet.stop() }
        _ = try fleet.ledger.deploy(
            Self.manifest {
                $0.minReplicas = 0
                $0.idleMilliseconds = 1_000
            }, as: Self.app)
        try await Self.until("a healthy copy") { fleet.healthy().count == 1 }
        try await Self.until("its sleep") { fleet.healthy().isEmpty }
        let holder = try #require(fleet.leases().first?.holder)
        let node = try #require(fleet.nodes.first { $0.id == holder })
        // It is told before it is stopped.
        try await Self.until("its end") { await node.host.running.isEmpty }
        let replica = try await node.table.wake("db", release: nil, within: .seconds(10))
        #expect(replica.phase == .healthy && replica.node == holder)
        // What works does not sleep.
        node.table.entered("db", slot: 0, release: replica.release)
        try await Task.sleep(for: .milliseconds(1_500))
        #expect(await node.host.running.count == 1)
        node.table.left("db", slot: 0, release: replica.release)
        try await Self.until("its sleep again") { await node.host.running.isEmpty }
    }

    @Test func theOwnerStopsAndStarts() async throws {
        let fleet = try Fleet(1)
        defer { fleet.stop() }
        _ = try fleet.ledger.deploy(Self.manifest(), as: Self.app)
        try await Self.until("a healthy copy") { fleet.healthy().count == 1 }
        #expect(await fleet.nodes[0].keeper.setStopped("db", 0, true))
        try await Self.until("its end") { await fleet.nodes[0].host.running.isEmpty }
        await #expect(throws: MachineFailure.self) {
            try await fleet.nodes[0].table.wake("db", release: nil, within: .milliseconds(300))
        }
        #expect(await fleet.nodes[0].keeper.setStopped("db", 0, false))
        try await Self.until("its start") { fleet.healthy().count == 1 }
        #expect(await fleet.nodes[0].keeper.setStopped("db", 7, true) == false)
    }
}
