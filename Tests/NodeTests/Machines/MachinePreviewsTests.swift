import Blake3
import Foundation
import Identity
import Ledger
import Logging
import Machines
import Manifests
import Synchronization
import Testing

@testable import Node

/// Previews on a node with a ledger in memory and containers that only exist in memory.
@Suite(.serialized, .timeLimit(.minutes(1))) struct MachinePreviewsTests {
    private static let app = AppName("db")!

    private final class Scene: Sendable {
        let ledger: FakeLedger
        let node: FakeNode
        let previews: MachinePreviews
        /// Slots whose volumes were removed.
        let dropped = Mutex<[MachineSlot]>([])
        private let task = Mutex<Task<Void, Never>?>(nil)

        init(_ change: (inout PreviewCore.Limits) -> Void = { _ in }) throws {
            ledger = try FakeLedger(nodes: 1)
            node = try FakeNode(ledger, 0, term: 4_000) { _ in
                false
            } others: { _, _ in
            }
            var limits = PreviewCore.Limits()
            change(&limits)
            let box = Box()
            var world = node.world
            world.dropVolumes = { slot, _ in box.scene?.dropped.withLock { $0.append(slot) } }
            previews = MachinePreviews(
                world: world, keeper: node.keeper, table: node.table, unable: nil, limits: limits,
                logger: Logger(label: "fake") { _ in SwiftLogNoOpLogHandler() })
            box.scene = self
            node.start()
            task.withLock { $0 = Task { [previews] in await previews.run() } }
        }

        private final class Box: @unchecked Sendable {
            /// Set once before anything runs.
            weak var scene: Scene?
        }

        func stop() {
            task.withLock { $0?.cancel() }
            node.crash()
            node.removeFiles()
        }

        func healthy(_ release: String?) -> [MachineReplica] { node.table.healthy("db", release: release) }
    }

    private static func manifest(_ command: String) -> MachineManifest {
        var manifest = MachineManifest(image: BlobID(Blake3.hash([1])), layers: [BlobID(Blake3.hash([2]))])
        manifest.command = [command]
        manifest.ports = [.init(name: "http", number: 80)]
        manifest.volumes = [.init(name: "data", path: "/data", byteCount: 16 << 20)]
        return manifest
    }

    /// Starts a preview as soon as the node may.
    private static func start(_ scene: Scene, _ release: String, within: Duration = .seconds(5)) async throws
        -> MachineReplica
    {
        while true {
            do { return try await scene.previews.start("db", release, within: within) } catch let failure
                as MachineFailure
                where failure.message.contains("still starting")
            {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

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

    @Test func aReleaseThatIsNotLiveAnswersWhoAsksForIt() async throws {
        let scene = try Scene { $0.idle = 1_000 }
        defer { scene.stop() }
        let live = try scene.ledger.deploy(Self.manifest("good"), as: Self.app)
        let other = try #require(try scene.ledger.publish(Self.manifest("other"), as: Self.app)).description
        try await Self.until("the live one") { scene.healthy(nil).map(\.release) == [live] }
        let replica = try await Self.start(scene, other)
        #expect(replica.isPreview && replica.release == other && replica.phase == .healthy)
        #expect(scene.healthy(other) == [replica], "it is known at once to who asks")
        #expect(scene.healthy(nil).map(\.release) == [live], "nobody else gets it")
        #expect(await scene.node.host.running.count == 2)
        let slot = MachineReplica.previewSlot(of: other)
        #expect(await scene.previews.container("db", slot)?.description.contains(other) == true)
        #expect(
            scene.node.table.address("db", slot: slot, port: nil, .http)
                == MachineAddress(host: "10.1.1.1", port: 80, release: other))
        // The same one for everybody, as long as somebody looks at it.
        #expect(try await scene.previews.start("db", other, within: .seconds(5)) == replica)
        #expect(await scene.node.host.started.count == 2)
        scene.node.table.entered("db", slot: slot, release: other)
        try await Task.sleep(for: .milliseconds(2_000))
        #expect(scene.healthy(other) == [replica], "it works")
        scene.node.table.left("db", slot: slot, release: other)
        try await Self.until("its end") { await scene.node.host.running.count == 1 }
        try await Self.until("the end of its volumes") {
            scene.dropped.withLock { $0 } == [MachineSlot(name: Self.app, slot: slot)]
        }
        #expect(scene.healthy(other).isEmpty)
        #expect(scene.ledger.state.machineLeases(of: Self.app).count == 1, "it never had a lease")
    }

    @Test func whatCannotBeStartedIsSaid() async throws {
        let scene = try Scene()
        defer { scene.stop() }
        _ = try scene.ledger.deploy(Self.manifest("good"), as: Self.app)
        let broken = try #require(try scene.ledger.publish(Self.manifest("broken"), as: Self.app)).description
        let bad = try #require(try scene.ledger.publish(Self.manifest("bad"), as: Self.app)).description
        var failure = await #expect(throws: MachineFailure.self) { try await Self.start(scene, broken) }
        #expect(failure?.code == .noMachine && failure?.message.contains("broken is not in the image") == true)
        failure = await #expect(throws: MachineFailure.self) {
            try await Self.start(scene, bad, within: .milliseconds(300))
        }
        #expect(failure?.code == .notReady)
        failure = await #expect(throws: MachineFailure.self) { try await Self.start(scene, "0123456789") }
        #expect(failure?.code == .noMachine)
        // Its container is gone without a word.
        try await Self.until("the end of the broken one") { await scene.node.host.running.count == 2 }
        if let id = await scene.previews.container("db", MachineReplica.previewSlot(of: bad)) {
            try await scene.node.host.destroy(id)
        }
        try await Self.until("its end") {
            await scene.previews.container("db", MachineReplica.previewSlot(of: bad)) == nil
        }
    }
}
