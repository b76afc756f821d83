import Blake3
import ControlModel
import Foundation
import Identity
import Ledger
import Manifests
import Synchronization
import Testing

@testable import Node

/// Which orders a node carries out.
@Suite struct MachineDeskTests {
    /// A desk of a node that has no machine, with a clock that the test sets.
    private final class World: Sendable {
        let ledger: FakeLedger
        let node: FakeNode
        let time: Mutex<Int64>
        let desk: MachineDesk

        init(at seconds: Int64) throws {
            ledger = try FakeLedger(nodes: 1)
            var manifest = MachineManifest(image: BlobID(Blake3.hash([1])), layers: [BlobID(Blake3.hash([2]))])
            manifest.ports = [.init(name: "http", number: 80)]
            _ = try ledger.deploy(manifest, as: AppName(checking: "db"))
            node = try FakeNode(ledger, 0, term: 4_000) { _ in
                false
            } others: { _, _ in
            }
            time = Mutex(seconds)
            let (known, box) = (ledger, Box())
            desk = MachineDesk(
                node: node.id, state: { known.state }, machines: node.keeper, control: node.host,
                now: { box.world?.time.withLock { $0 } ?? seconds })
            box.world = self
        }

        deinit { node.removeFiles() }

        private final class Box: @unchecked Sendable {
            /// Set once before anything is asked.
            weak var world: World?
        }

        /// What becomes of an order: `machine/not-here` is that of one that is admitted.
        func answer(time: Int64, nonce: String = UUID().uuidString) async throws -> String? {
            let order = MachineOrder(
                network: ledger.state.networkID.description, app: "db", slot: 0, node: node.id.description, time: time,
                nonce: nonce, action: .start)
            do {
                _ = try await desk.answer(try order.signed(by: ledger.owner))
                return nil
            } catch let failure as ControlFailure {
                return failure.code
            }
        }
    }

    @Test func anOrderIsOfNowWhateverItSays() async throws {
        let world = try World(at: 1_000)
        world.time.withLock { $0 = 2_000 }
        let age = MachineOrder.maxAgeSeconds
        for time in [2_000 - age, 2_000, 2_000 + age] {
            #expect(try await world.answer(time: time) == "machine/not-here")
        }
        for time in [.min, 0, 2_000 - age - 1, 2_000 + age + 1, .max] {
            #expect(try await world.answer(time: time) == "machine/stale-order", "\(time)")
        }
    }

    @Test func anOrderIsCarriedOutOnce() async throws {
        let world = try World(at: 1_000)
        #expect(try await world.answer(time: 1_000, nonce: "a") == "machine/not-here")
        #expect(try await world.answer(time: 1_000, nonce: "a") == "machine/replayed")
        #expect(try await world.answer(time: 999) == "machine/stale-order", "from before the node was started")
        #expect(try await world.answer(time: 1_000, nonce: "") == "machine/bad-order")
        let longest = String(repeating: "n", count: MachineOrder.maxNonceBytes)
        #expect(try await world.answer(time: 1_000, nonce: longest) == "machine/not-here")
        #expect(try await world.answer(time: 1_000, nonce: longest + "n") == "machine/bad-order")
    }
}
