import ControlModel
import Foundation
import Functions
import Identity
import Ledger
import LedgerLog
import Logging
import Secrets
import SwiftProtobuf
import Synchronization
import Testing
import Wire

@testable import Node

@Suite("Secrets on nodes", .timeLimit(.minutes(1)))
struct SecretKeeperTests {
    private static let value = "correct horse battery staple"

    /// Three nodes of one ledger with two replicas, which ask each other without a network.
    private final class Mesh: Sendable {
        let scene: LedgerScene
        let ledger: LedgerKeeper
        let folder: String
        let app: AppName
        private let keepers = Mutex<[NodeID: SecretKeeper]>([:])
        private let silent = Mutex<Set<NodeID>>([])

        init(_ folder: String, leaving: Int? = nil) async throws {
            let scene = try LedgerScene(nodes: 3)
            let ledger = try await scene.keeper(of: 0, in: folder)
            (self.folder, self.scene, self.ledger) = (folder, scene, ledger)
            let owner = TransactionBuilder(networkID: scene.genesis.networkID, key: scene.owner)
            var nonce: UInt64 = 0
            func order(_ action: LedgerAction) async throws {
                nonce += 1
                _ = try await ledger.submit(try owner.sign(action, nonce: nonce).bytes)
            }
            var name = try AppName(checking: "app0")
            if let leaving {
                // A name that the node will serve when it is back.
                let all = ledger.state
                let names = try (0..<200).map { try AppName(checking: "app\($0)") }
                name = try #require(names.first { ServingNodes.of($0, all).contains(scene.nodes[leaving]) })
                try await order(.optOut(scene.nodes[leaving]))
            }
            app = name
            try await order(.claimName(name))
            for (index, key) in scene.keys.enumerated() {
                let keeper = try make(index)
                keepers.withLock { $0[key.publicKey.node] = keeper }
            }
        }

        func make(_ index: Int) throws -> SecretKeeper {
            let caller = scene.nodes[index]
            let peers = SecretPeers(
                stat: { try await self.reach($0).status($1, for: caller) },
                read: { try await self.reach($0).secrets($1, for: caller) },
                store: { try await self.reach($0).store($1) })
            return try SecretKeeper(
                key: scene.keys[index], keeper: ledger, folder: path(scene.nodes[index]), peers: peers,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        }

        func path(_ node: NodeID) -> String { "\(folder)/secrets-\(node.short)" }

        func silence(_ nodes: Set<NodeID>) { silent.withLock { $0 = nodes } }

        private func reach(_ node: NodeID) throws -> SecretKeeper {
            struct Unreachable: Error {}
            guard !silent.withLock({ $0.contains(node) }) else { throw Unreachable() }
            return self[node]
        }

        subscript(node: NodeID) -> SecretKeeper { keepers.withLock { $0[node]! } }

        var serving: [NodeID] { ServingNodes.of(app, ledger.state) }
        var others: [NodeID] { scene.nodes.filter { !serving.contains($0) } }

        /// A list with one secret, and that sealed to all three nodes.
        func update(
            _ value: String, version: UInt64, key: SigningKey? = nil
        ) throws -> (SecretList, [NodeID: [Data]]) {
            let network = scene.genesis.networkID
            let secret = try Secret(name: "API_KEY", value: value)
            let list = try SecretList(
                signing: [secret.entry], of: app, network: network, version: version, key: key ?? scene.owner)
            let values = try scene.nodes.map { node in
                (node, [try secret.sealed(of: app, network: network, to: self[node].key.statement)])
            }
            return (list, Dictionary(uniqueKeysWithValues: values))
        }

        func values(at node: NodeID) async throws -> [String: String] {
            try await self[node].values(of: ["API_KEY"], for: app)
        }

        func isLacking(at node: NodeID) async -> Bool {
            do { _ = try await values(at: node) } catch let error as FunctionError {
                return error.code == .secretMissing
            } catch {}
            return false
        }
    }

    private func withMesh(leaving: Int? = nil, _ body: (Mesh) async throws -> Void) async throws {
        try await LedgerScene.inFolder { folder in
            let mesh = try await Mesh(folder, leaving: leaving)
            try await body(mesh)
            try await mesh.ledger.close()
        }
    }

    @Test("The stamp of values is the same on all nodes, and another one when a value changes")
    func stamps() async throws {
        try await withMesh { mesh in
            func stamps() async throws -> [String] {
                var stamps: [String] = []
                for node in mesh.serving {
                    stamps.append(try await mesh[node].stamped(["API_KEY"], of: mesh.app).stamp)
                }
                return stamps
            }
            #expect(try await mesh[mesh.serving[0]].stamped([], of: mesh.app).stamp.isEmpty)
            let (first, values) = try mesh.update(SecretKeeperTests.value, version: 1)
            _ = try await mesh[mesh.serving[0]].spread(first, values)
            let before = try await stamps()
            #expect(Set(before).count == 1)
            #expect(try await stamps() == before)
            let (second, others) = try mesh.update("another value", version: 2)
            _ = try await mesh[mesh.serving[0]].spread(second, others)
            let after = try await stamps()
            #expect(Set(after).count == 1 && after != before)
        }
    }

    @Test("The nodes that serve an app keep its secrets, sealed, and no other node gets them")
    func spreads() async throws {
        try await withMesh { mesh in
            let outsider = try #require(mesh.others.first)
            for node in mesh.scene.nodes { #expect(await mesh.isLacking(at: node)) }
            #expect(try await mesh[outsider].values(of: [], for: mesh.app).isEmpty)
            let (list, values) = try mesh.update(SecretKeeperTests.value, version: 1)
            let changes = Mutex(0)
            mesh[mesh.serving[1]].onChange { _ in changes.withLock { $0 += 1 } }
            // The node that is asked serves the app or not: it hands all of it on.
            let receipt = try await mesh[outsider].spread(list, values)
            #expect(receipt.nodes.map(\.problem) == [nil, nil] && receipt.nodes.count == 2)
            for node in mesh.serving {
                #expect(try await mesh.values(at: node) == ["API_KEY": SecretKeeperTests.value])
            }
            #expect(changes.withLock { $0 } == 1)
            #expect(await mesh.isLacking(at: outsider))
            #expect(try SecretFolder(path: mesh.path(outsider)).apps().isEmpty)
        }
    }

    @Test("A node that does not serve the app is refused, and so is a key that is not its own")
    func refusesOthers() async throws {
        try await withMesh { mesh in
            let (list, values) = try mesh.update(SecretKeeperTests.value, version: 1)
            _ = try await mesh[mesh.serving[0]].spread(list, values)
            let holder = mesh[mesh.serving[0]]
            let (second, outsider) = (mesh.serving[1], mesh.others[0])
            func read(by node: NodeID, with key: NodeID) async -> SecretsError.Code? {
                let request = PeerPBReadSecrets.with {
                    $0.app = mesh.app.description
                    $0.sealingKey = mesh[key].key.statement.encoded
                }
                do {
                    _ = try await holder.secrets(request, for: node)
                    return nil
                } catch { return error.code }
            }
            #expect(await read(by: second, with: second) == nil)
            #expect(await read(by: outsider, with: outsider) == .notServing)
            #expect(await read(by: second, with: outsider) == .badSignature)
            #expect(await read(by: NodeID(SigningKey().publicKey), with: second) == .notServing)
            // It is told of no app either.
            #expect(await holder.status(PeerPBStatSecrets(), for: outsider).versions.isEmpty)
            #expect(await holder.status(PeerPBStatSecrets(), for: second).versions.count == 1)
        }
    }

    @Test("A stranger's list and an older one are refused; what was changed is what functions get")
    func refusesLists() async throws {
        try await withMesh { mesh in
            let node = mesh.serving[0]
            let (first, firstValues) = try mesh.update("one", version: 1)
            let (second, secondValues) = try mesh.update("two", version: 2)
            let (foreign, foreignValues) = try mesh.update("theirs", version: 9, key: SigningKey())
            func problem(_ list: SecretList, _ values: [NodeID: [Data]]) async -> String {
                do {
                    let nodes = try await mesh[node].spread(list, values).nodes
                    return nodes.first { $0.id == node.description }?.problem ?? ""
                } catch { return "\(error)" }
            }
            #expect(await problem(first, firstValues).isEmpty)
            #expect(try await mesh.values(at: node) == ["API_KEY": "one"])
            #expect(await problem(foreign, foreignValues).hasPrefix("secrets/wrong-owner"))
            #expect(await problem(second, secondValues).isEmpty)
            #expect(await problem(first, firstValues).hasPrefix("secrets/stale"))
            #expect(try await mesh.values(at: node) == ["API_KEY": "two"])
            // Of a value for another node nothing is taken.
            let (third, thirdValues) = try mesh.update("three", version: 3)
            let other = try #require(thirdValues[mesh.serving[1]])
            mesh.silence(Set(mesh.scene.nodes))
            _ = try await mesh[node].spread(third, [node: other])
            #expect(await mesh.isLacking(at: node))
        }
    }

    @Test("Of two changes of one version the first one stays, whatever their hashes, and the other is told")
    func oneOfTwo() async throws {
        try await withMesh { mesh in
            let (left, right) = (try mesh.update("left", version: 1), try mesh.update("right", version: 1))
            for (first, second) in [(left, right), (right, left)] {
                for node in mesh.serving { await mesh[node].forget(mesh.app) }
                _ = try await mesh[mesh.others[0]].spread(first.0, first.1)
                let refused = await #expect(throws: SecretsError.self) {
                    _ = try await mesh[mesh.serving[1]].spread(second.0, second.1)
                }
                #expect(refused?.code == .stale)
                for node in mesh.serving { #expect(await mesh[node].held(mesh.app)?.list.digest == first.0.digest) }
                // The same once more is no other change.
                #expect(try await mesh[mesh.serving[1]].spread(first.0, first.1).nodes.allSatisfy { $0.problem == nil })
            }
            // Where the first node cannot be reached, the next one decides.
            mesh.silence([mesh.serving[0]])
            let next = try mesh.update("next", version: 2)
            let receipt = try await mesh[mesh.serving[1]].spread(next.0, next.1)
            #expect(receipt.nodes.count { $0.problem == nil } == 1)
            #expect(try await mesh.values(at: mesh.serving[1]) == ["API_KEY": "next"])
        }
    }

    @Test("What is on the disk is sealed, outlives the process, and is restored from others")
    func durable() async throws {
        try await withMesh { mesh in
            let (node, other) = (mesh.serving[0], mesh.serving[1])
            // The other one misses the change.
            mesh.silence([other])
            let (list, values) = try mesh.update(SecretKeeperTests.value, version: 1)
            let receipt = try await mesh[node].spread(list, values)
            #expect(receipt.nodes.count { $0.problem == nil } == 1)
            let index = try #require(mesh.scene.nodes.firstIndex(of: node))
            let again = try mesh.make(index)
            #expect(try await again.values(of: ["API_KEY"], for: mesh.app) == ["API_KEY": SecretKeeperTests.value])
            // A function that needs it makes the node ask; reconciling brings it without one.
            mesh.silence([])
            #expect(try await mesh.values(at: other) == ["API_KEY": SecretKeeperTests.value])
            try FileManager.default.removeItem(atPath: mesh.path(other))
            let empty = try mesh.make(try #require(mesh.scene.nodes.firstIndex(of: other)))
            #expect(await empty.held(mesh.app) == nil)
            _ = await empty.reconcile()
            #expect(await empty.held(mesh.app)?.missing.isEmpty == true)
            var files = 0
            let walker = try #require(FileManager.default.enumerator(atPath: mesh.folder))
            while let path = walker.nextObject() as? String {
                guard let bytes = FileManager.default.contents(atPath: mesh.folder + "/" + path) else { continue }
                files += path.hasSuffix(".sealed") ? 1 : 0
                #expect(bytes.range(of: Data(SecretKeeperTests.value.utf8)) == nil, "\(path)")
            }
            #expect(files == 2)
            let attributes = try FileManager.default.attributesOfItem(
                atPath: "\(mesh.path(node))/\(mesh.app).sealed")
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        }
    }

    @Test("Secrets follow the placement: a newcomer gets them, and who serves no more forgets them")
    func moves() async throws {
        try await withMesh(leaving: 1) { mesh in
            let newcomer = mesh.scene.nodes[1]
            let before = mesh.serving
            #expect(before.count == 2 && !before.contains(newcomer))
            let (list, values) = try mesh.update(SecretKeeperTests.value, version: 1)
            #expect(try await mesh[before[0]].spread(list, values).nodes.allSatisfy { $0.problem == nil })
            let builder = TransactionBuilder(
                networkID: mesh.scene.genesis.networkID, key: mesh.scene.keys[1], as: .node)
            _ = try await mesh.ledger.submit(try builder.sign(.optIn(newcomer), nonce: 1).bytes)
            #expect(mesh.serving.contains(newcomer))
            let left = try #require(before.first { !mesh.serving.contains($0) })
            // Nobody has them yet that it could leave them to.
            mesh.silence([newcomer])
            _ = await mesh[left].reconcile()
            #expect(await mesh[left].held(mesh.app) != nil)
            mesh.silence([])
            _ = await mesh[left].reconcile()
            #expect(await mesh[left].held(mesh.app) == nil)
            #expect(try SecretFolder(path: mesh.path(left)).apps().isEmpty)
            #expect(try await mesh.values(at: newcomer) == ["API_KEY": SecretKeeperTests.value])
        }
    }
}
