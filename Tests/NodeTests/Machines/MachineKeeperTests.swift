import Blake3
import ControlModel
import Foundation
import Identity
import Ledger
import Machines
import Manifests
import SwiftProtobuf
import Synchronization
import Testing
import Wire

@testable import Node

/// Keepers of several nodes with a ledger in memory and containers that only exist in memory: who runs what, and when.
@Suite(.serialized) struct MachineKeeperTests {
    fileprivate static let app = AppName("db")!
    fileprivate static let term: Int64 = 3_000

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
            Self.manifest { $0.volumes = [.init(name: "data", path: "/data", byteCount: 16 << 20)] }, as: Self.app)
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

    @Test func aSlotWhoseMachineCannotBeMadeGoesToAnotherNode() async throws {
        let fleet = try Fleet(2)
        defer { fleet.stop() }
        let (full, other) = (fleet.nodes[0], fleet.nodes[1])
        full.isFull.withLock { $0 = true }
        let release = try fleet.ledger.deploy(Self.manifest(copies: 2), as: Self.app)
        try await Self.until("both copies on the node that has room") {
            let healthy = fleet.healthy(1)
            return healthy.count == 2 && healthy.values.allSatisfy { $0.node == other.id && $0.release == release }
        }
        #expect(fleet.leases().map(\.fence).sorted() == [1, 2], "it was taken, given back and not taken again")
        #expect(fleet.leases().allSatisfy { $0.failed == nil }, "nothing is wrong with the release")
        #expect(await full.host.started.isEmpty)
        #expect(full.images.withLock { $0.isEmpty })
    }

    @Test func whatCannotBeMadeIsAnEvent() async throws {
        let fleet = try Fleet(1)
        defer { fleet.stop() }
        let (node, ledger) = (fleet.nodes[0], fleet.ledger)
        node.isFull.withLock { $0 = true }
        let release = try ledger.deploy(Self.manifest { $0.rolloutTimeoutMilliseconds = 30_000 }, as: Self.app)
        try await Self.until("a second attempt") { await node.keeper.failures("db", 0)[release]?.count ?? 0 > 1 }
        let desk = MachineDesk(
            node: node.id, state: { ledger.state }, machines: node.keeper, control: node.host)
        func events() async throws -> [MachineOrderAnswer.Event] {
            let order = MachineOrder(
                network: ledger.state.networkID.description, app: "db", slot: 0, node: node.id.description,
                time: Int64(Date().timeIntervalSince1970), nonce: UUID().uuidString, action: .events(after: 0))
            return try await desk.answer(try order.signed(by: ledger.owner)).events ?? []
        }
        let event = try #require(try await events().first)
        #expect(event.kind == "start-failed" && event.sequence == 0)
        #expect(event.reason.contains("release \(release), attempt "))
        #expect(event.reason.contains("machine/disk-failed: no room is left"))
        node.isFull.withLock { $0 = false }
        try await Self.until("a healthy copy") { fleet.healthy().count == 1 }
        #expect(try await events().isEmpty, "it is made, and nothing is wrong with it any more")
        node.table.setGates([
            MachineGate(app: "db", port: "sql", number: 20_001, reason: "20000 is taken"),
            MachineGate(app: "db", port: "web", number: 20_002), MachineGate(app: "other", port: "x", number: nil),
        ])
        #expect(try await events().map { "\($0.kind): \($0.reason)" } == ["port-taken: port sql: 20000 is taken"])
    }

    @Test func whoGaveASlotUpTakesItAgainOnlyWhenAllOfItHasEnded() async throws {
        let fleet = try Fleet(1)
        defer { fleet.stop() }
        let node = fleet.nodes[0]
        _ = try fleet.ledger.deploy(Self.manifest(), as: Self.app)
        try await Self.until("a healthy copy") { fleet.healthy().count == 1 }
        let first = try #require(await node.keeper.container("db", 0))
        // The lease is given back and the slot wanted again before that is done.
        await node.keeper.end(MachineSlot(name: Self.app, slot: 0), yields: true)
        try await Self.until("another copy") { fleet.healthy()[0]?.fence == 2 }
        #expect(await node.host.running.count == 1)
        #expect(await node.keeper.container("db", 0) != first)
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

    @Test func someVisitorsReleaseRunsInItsShareOfTheSlots() async throws {
        let fleet = try Fleet(3)
        defer { fleet.stop() }
        let first = try fleet.ledger.deploy(Self.manifest(copies: 3), as: Self.app)
        try await Self.until("the first release") { fleet.healthy().values.count { $0.release == first } == 3 }
        let good = try #require(try fleet.ledger.publish(Self.manifest("better", copies: 3), as: Self.app))
        try fleet.ledger.run(.promoteRelease(Self.app, good, percent: 30), by: fleet.ledger.owner)
        try await Self.until("a third of the slots") {
            let healthy = fleet.healthy()
            return healthy.count == 3 && healthy[1]?.release == good.description
        }
        #expect(fleet.healthy()[0]?.release == first && fleet.healthy()[2]?.release == first)
        // It is taken back.
        try fleet.ledger.run(.rollBack(Self.app, to: nil), by: fleet.ledger.owner)
        try await Self.until("the first release again") { fleet.healthy().values.count { $0.release == first } == 3 }
        // One that does not work is given up in its slots, and nowhere else.
        let bad = try #require(try fleet.ledger.publish(Self.manifest("bad", copies: 3), as: Self.app))
        try fleet.ledger.run(.promoteRelease(Self.app, bad, percent: 60), by: fleet.ledger.owner)
        try await Self.until("the word that it failed") { fleet.leases().contains { $0.failed == bad } }
        #expect(fleet.healthy()[0]?.release == first)
        // All get the good one after all: the slots go on from what they have.
        try fleet.ledger.run(.promoteRelease(Self.app, good, percent: 100), by: fleet.ledger.owner)
        try await Self.until("the good one everywhere") {
            fleet.healthy().values.count { $0.release == good.description } == 3
        }
    }

    @Test func aSlotThatIsNotWantedFinishesWhatItHas() async throws {
        let fleet = try Fleet(1)
        defer { fleet.stop() }
        let node = fleet.nodes[0]
        let release = try fleet.ledger.deploy(
            Self.manifest(copies: 2) { $0.stopTimeoutMilliseconds = 20_000 }, as: Self.app)
        try await Self.until("two copies") { fleet.healthy().count == 2 }
        node.table.entered("db", slot: 1, release: release)
        let next = try fleet.ledger.deploy(
            Self.manifest(copies: 1) { $0.stopTimeoutMilliseconds = 20_000 }, as: Self.app)
        try await Self.until("no new work for it") { fleet.healthy().keys.sorted() == [0] }
        try await Task.sleep(for: .milliseconds(700))
        #expect(await node.host.running.count == 2, "its request is under way")
        node.table.left("db", slot: 1, release: release)
        try await Self.until("its end") { await node.host.running.count == 1 }
        try await Self.until("its lease given back") {
            fleet.leases().filter { $0.isHeld(at: FakeLedger.now) }.map(\.slot.slot) == [0]
        }
        try await Self.until("the other one under its new name") { fleet.healthy()[0]?.release == next }
    }

    @Test func aRestartWaitsForWhatIsUnderWay() async throws {
        let fleet = try Fleet(1)
        defer { fleet.stop() }
        let node = fleet.nodes[0]
        let release = try fleet.ledger.deploy(
            Self.manifest { $0.stopTimeoutMilliseconds = 20_000 }, as: Self.app)
        try await Self.until("a copy") { fleet.healthy().count == 1 }
        node.table.entered("db", slot: 0, release: release)
        #expect(await node.keeper.restart("db", 0))
        #expect(await node.keeper.restart("db", 9) == false)
        try await Self.until("no new work for it") { fleet.healthy().isEmpty }
        try await Task.sleep(for: .milliseconds(700))
        #expect(await node.host.started.count == 1)
        node.table.left("db", slot: 0, release: release)
        try await Self.until("its second start") { await node.host.started.count == 2 }
        try await Self.until("its work") { fleet.healthy().count == 1 }
    }

    @Test func aReleaseWithSecretsGoesToNodesThatHoldThem() async throws {
        let fleet = try Fleet(3)
        defer { fleet.stop() }
        _ = try fleet.ledger.deploy(Self.manifest(copies: 3), as: Self.app)
        try await Self.until("three copies") { fleet.healthy().count == 3 }
        #expect(Set(fleet.leases().map(\.holder)).count == 3)
        let release = try fleet.ledger.deploy(Self.manifest(copies: 3) { $0.secrets = ["TOKEN"] }, as: Self.app)
        try await Self.until("the release with a secret") {
            fleet.healthy().values.count { $0.release == release } == 3
        }
        let holders = ServingNodes.of(Self.app, fleet.ledger.state)
        #expect(holders.count == 2 && fleet.leases().allSatisfy { holders.contains($0.holder) && $0.failed == nil })
    }

    @Test func aMachineThatIsStartedAgainHasItsSecretsNewValues() async throws {
        let fleet = try Fleet(1)
        defer { fleet.stop() }
        let node = fleet.nodes[0]
        func values() async -> [String?] { await node.host.created.map { $0.environment["TOKEN"] } }
        _ = try fleet.ledger.deploy(Self.manifest { $0.secrets = ["TOKEN"] }, as: Self.app)
        try await Self.until("a copy") { fleet.healthy().count == 1 }
        #expect(await node.keeper.restart("db", 0))
        try await Self.until("its second start") { await node.host.started.count == 2 && fleet.healthy().count == 1 }
        #expect(await values() == ["first"], "nothing changed, so it is the same container")
        node.secret.withLock { $0 = "second" }
        #expect(await node.keeper.restart("db", 0))
        try await Self.until("another container") { await values() == ["first", "second"] }
        try await Self.until("its work") { fleet.healthy().count == 1 }
        #expect(await node.keeper.setStopped("db", 0, true))
        try await Self.until("its end") { await node.host.running.isEmpty }
        node.secret.withLock { $0 = "third" }
        #expect(await node.keeper.setStopped("db", 0, false))
        try await Self.until("a third container") { await values() == ["first", "second", "third"] }
        try await Self.until("its work") { fleet.healthy().count == 1 }
        #expect(await node.host.running.count == 1)
    }

    @Test func aMachineThatCannotBeMadeAnewRunsOnWithWhatItHas() async throws {
        let fleet = try Fleet(1)
        defer { fleet.stop() }
        let node = fleet.nodes[0]
        _ = try fleet.ledger.deploy(Self.manifest { $0.secrets = ["TOKEN"] }, as: Self.app)
        try await Self.until("a copy") { fleet.healthy().count == 1 }
        node.secret.withLock { $0 = "second" }
        node.isFull.withLock { $0 = true }
        #expect(await node.keeper.restart("db", 0))
        try await Self.until("its second start") { await node.host.started.count == 2 && fleet.healthy().count == 1 }
        #expect(await node.host.created.count == 1)
    }

    @Test func aRestartTriesAgainWhatWasTakenBack() async throws {
        let fleet = try Fleet(1)
        defer { fleet.stop() }
        let node = fleet.nodes[0]
        let first = try fleet.ledger.deploy(Self.manifest(), as: Self.app)
        try await Self.until("a copy") { fleet.healthy()[0]?.release == first }
        node.isFull.withLock { $0 = true }
        let second = try fleet.ledger.deploy(Self.manifest("better"), as: Self.app)
        try await Self.until("the word that it failed") { fleet.leases().first?.failed?.description == second }
        node.isFull.withLock { $0 = false }
        #expect(fleet.healthy()[0]?.release == first)
        #expect(await node.keeper.restart("db", 0))
        try await Self.until("the one that failed") { fleet.healthy()[0]?.release == second }
        #expect(fleet.leases().first?.failed == nil)
    }

    @Test func anAppThatSleepsIsNotReplacedByOneThatDoesNotWork() async throws {
        let fleet = try Fleet(2)
        defer { fleet.stop() }
        func sleeper(_ command: String) -> MachineManifest {
            Self.manifest(command) {
                $0.minReplicas = 0
                $0.idleMilliseconds = 1_000
            }
        }
        let first = try fleet.ledger.deploy(sleeper("good"), as: Self.app)
        try await Self.until("a healthy copy") { fleet.healthy().count == 1 }
        try await Self.until("its sleep") { fleet.healthy().isEmpty }
        let second = try fleet.ledger.deploy(sleeper("bad"), as: Self.app)
        try await Self.until("the word that it failed") {
            fleet.leases().contains { $0.failed?.description == second }
        }
        let node = try #require(fleet.nodes.first { $0.id == fleet.leases().first?.holder })
        let replica = try await node.table.wake("db", release: nil, within: .seconds(10))
        #expect(replica.release == first)
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
        // Nobody waits for what will not come.
        let failure = await #expect(throws: MachineFailure.self) {
            try await fleet.nodes[0].table.wake("db", release: nil, within: .seconds(20))
        }
        #expect(failure?.code == .noMachine)
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

    @Test func whatSleepsIsWokenUnderAnotherNameToo() async throws {
        let fleet = try Fleet(1)
        defer { fleet.stop() }
        func sleeper(_ copies: Int) -> MachineManifest {
            Self.manifest {
                $0.restart = .onFailure
                $0.minReplicas = 0
                $0.maxReplicas = copies
                $0.idleMilliseconds = 1_000
            }
        }
        _ = try fleet.ledger.deploy(sleeper(1), as: Self.app)
        try await Self.until("a healthy copy") { fleet.healthy().count == 1 }
        try await Self.until("its end") { await fleet.nodes[0].host.running.isEmpty }
        // The same machine with another scale: its container is renamed.
        let release = try fleet.ledger.deploy(sleeper(2), as: Self.app)
        try await Self.until("its new name") { fleet.leases().first?.release.description == release }
        #expect(try await fleet.nodes[0].keeper.wake("db", 0, within: .seconds(10)).release == release)
    }

    @Test func nobodyGetsASlotsVisitorsBySayingThatItIsHis() async throws {
        let fleet = try Fleet(2)
        defer { fleet.stop() }
        _ = try fleet.ledger.deploy(Self.manifest(), as: Self.app)
        try await Self.until("a healthy copy") { (0..<2).allSatisfy { fleet.healthy($0).count == 1 } }
        let known = try #require(fleet.healthy()[0])
        let liar = try #require(fleet.nodes.first { $0.id != known.node })
        let watcher = try #require(fleet.nodes.first { $0.id == known.node })
        let lie = MachineReport(
            replica: MachineReplica(
                app: known.app, slot: known.slot, release: known.release, node: liar.id, fence: .max, phase: .healthy,
                ports: known.ports))
        try watcher.table.take(
            PeerPBAnnounceMachines.with {
                $0.run = .max
                $0.sequence = .max
                $0.replicas = [lie.message]
            }, from: liar.id)
        #expect(watcher.table.healthy(known.app, release: nil).map(\.node) == [known.node])
    }

    @Test func nothingRunsWhileItIsPaused() async throws {
        let fleet = try Fleet(1)
        defer { fleet.stop() }
        let (keeper, host) = (fleet.nodes[0].keeper, fleet.nodes[0].host)
        _ = try fleet.ledger.deploy(Self.manifest { $0.restart = .onFailure }, as: Self.app)
        try await Self.until("a healthy copy") { fleet.healthy().count == 1 }
        #expect(await keeper.setPaused("db", 0, true))
        try await Self.until("its end") { await host.running.isEmpty }
        await #expect(throws: MachineFailure.self) { try await keeper.wake("db", 0, within: .milliseconds(300)) }
        #expect(await host.running.isEmpty)
        #expect(await keeper.setPaused("db", 0, false))
        try await Self.until("its start") { fleet.healthy().count == 1 }
        #expect(await keeper.setPaused("db", 7, true) == false)
        #expect(await keeper.holds("db", 0))
        #expect(await keeper.holds("db", 7) == false)
    }

    @Test func imagesOfContainersThatAreGoneAreLetGoOf() async throws {
        let node = try FakeNode(try FakeLedger(nodes: 1), 0, term: Self.term, dead: { _ in false }, others: { _, _ in })
        node.images.withLock { $0 = ["gone-0-1-x"] }
        node.start()
        defer {
            node.crash()
            node.removeFiles()
        }
        try await Self.until("the end of what a crash left") { node.images.withLock { $0.isEmpty } }
    }

    @Test func theOwnerStopsAndStarts() async throws {
        let fleet = try Fleet(1)
        defer { fleet.stop() }
        _ = try fleet.ledger.deploy(Self.manifest(), as: Self.app)
        try await Self.until("a healthy copy") { fleet.healthy().count == 1 }
        #expect(await fleet.nodes[0].keeper.setStopped("db", 0, true))
        try await Self.until("its end") { await fleet.nodes[0].host.running.isEmpty }
        // Nobody waits for what will not come.
        let failure = await #expect(throws: MachineFailure.self) {
            try await fleet.nodes[0].table.wake("db", release: nil, within: .seconds(20))
        }
        #expect(failure?.code == .noMachine)
        #expect(await fleet.nodes[0].keeper.setStopped("db", 0, false))
        try await Self.until("its start") { fleet.healthy().count == 1 }
        #expect(await fleet.nodes[0].keeper.setStopped("db", 7, true) == false)
    }
}
