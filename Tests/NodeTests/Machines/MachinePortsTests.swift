import Blake3
import Calls
import Foundation
import Gateway
import Identity
import Logging
import MachineProxy
import NIOCore
import NIOPosix
import Peering
import Placement
import Streams
import SwiftProtobuf
import Testing
import Wire

@testable import Node

/// Ports that manifests ask for, on a node whose machines are servers on loopback.
@Suite("Ports of a node that lead to machines", .serialized, .timeLimit(.minutes(1))) struct MachinePortsTests {
    /// Another one each time: its ports follow from its name, and others of this machine may test as well.
    private static let app = "db-\(UInt32.random(in: 0 ... .max))"
    private static let node = NodeID(Blake3.hash([1]))
    private static let logger = Logger(label: "ports") { _ in SwiftLogNoOpLogHandler() }

    /// A node with one machine, the ports for it, and what asks through them.
    private final class Scene: Sendable {
        let table: MachineTable
        let ports: MachinePorts
        let folder: String
        private let proxy = MachineProxy()
        let loop = MultiThreadedEventLoopGroup.singleton.next()

        init(_ options: MachineOptions, folder: String) {
            self.folder = folder
            table = MachineTable(
                environment: .init(
                    node: MachinePortsTests.node, isUsable: { _ in true }, roundTrip: { _ in nil },
                    wake: { _, _ in throw MachineFailure(.noMachine, "none sleeps") }))
            let peers = CallPeers(
                connect: { _ in throw PeerError(.unreachable, "alone") },
                send: { _, _, _, _ in throw PeerError(.closed, "alone") })
            let calls = MachineCalls(
                node: MachinePortsTests.node, directory: table, proxy: proxy,
                sender: CallSender(peers: peers, wallLimit: MachineCalls.wallLimit), logger: MachinePortsTests.logger)
            ports = MachinePorts(
                options, host: "127.0.0.1", calls, table, path: folder + "/ports.json",
                group: MultiThreadedEventLoopGroup.singleton, logger: MachinePortsTests.logger)
        }

        private static let leases: [String: [UInt32: MachineTable.Lease]] = [
            MachinePortsTests.app: [0: .init(holder: MachinePortsTests.node, fence: 1)]
        ]

        /// The app `db` runs here, and its port `sql` is at `port` of this host.
        func run(at port: Int) {
            let replica = MachineReplica(
                app: MachinePortsTests.app, slot: 0, release: "r1", node: MachinePortsTests.node, fence: 1,
                phase: .healthy,
                ports: [.init(name: "sql", number: UInt16(port), transport: .tcp)])
            table.replaceOwn([.init(report: MachineReport(replica: replica), host: "127.0.0.1")])
        }

        func wish(_ port: String = "sql", number: Int? = nil) {
            let wish = PortPlan.Wish(.init(app: MachinePortsTests.app, port: port), number: number, owner: "alice")
            table.setApps([:], all: [MachinePortsTests.app], openings: [wish], leases: Self.leases)
        }

        /// What comes back through a port of the node.
        func ask(_ port: Int) async throws -> String {
            let visitor = try await proxy.connect(to: MachineTarget(host: "127.0.0.1", port: port), on: loop).get()
            let sent = ByteStream()
            visitor.start(sent)
            sent.append(ByteBuffer(string: "X y z\r\ncontent-length: 2\r\n\r\nok"))
            defer { sent.finish() }
            return String(buffer: try await visitor.toClient.collect(limit: 100))
        }

        func close() async {
            await ports.entrance.close()
            proxy.close()
        }
    }

    /// Runs `body` with an empty folder.
    private static func with(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "machine-ports-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private static func options(_ range: String?) -> MachineOptions {
        var options = MachineOptions()
        options.tcpRange = range
        return options
    }

    @Test("A port that a manifest asks for leads to the machine, and is the same after a restart")
    func opens() async throws {
        try await RawServer.with({ [.text("got \($0.body)"), .close] }) { (server: RawServer) async throws -> Void in
            try await Self.with { (folder: String) async throws -> Void in
                let scene = Scene(Self.options(nil), folder: folder)
                scene.run(at: server.port)
                scene.wish()
                await scene.ports.round()
                let number = try #require(scene.table.gates.first?.number)
                #expect((20_000...20_999).contains(number))
                #expect(try await scene.ask(number) == "got ok")
                // Nobody wants it: it is closed at once, and still nobody else's.
                scene.table.setApps([:], all: [], leases: [:])
                await scene.ports.round()
                #expect(scene.table.gates.isEmpty && scene.ports.entrance.ports.isEmpty)
                await scene.close()
                let next = Scene(Self.options(nil), folder: folder)
                next.wish()
                await next.ports.round()
                #expect(next.table.gates.first?.number == number)
                await next.close()
            }
        }
    }

    @Test("A port that somebody else has is told, and another one taken")
    func conflicts() async throws {
        try await RawServer.with({ [.text("got \($0.body)"), .close] }) { (server: RawServer) async throws -> Void in
            try await Self.with { (folder: String) async throws -> Void in
                // The server's own port is one that is taken.
                let scene = Scene(Self.options("\(server.port),20000-20999"), folder: folder)
                scene.run(at: server.port)
                scene.wish(number: server.port)
                await scene.ports.round()
                #expect(scene.table.gates.map(\.number) == [nil])
                await scene.ports.round()
                let gate = try #require(scene.table.gates.first)
                #expect(gate.reason == "\(server.port) cannot be opened on this node now")
                #expect(try await scene.ask(try #require(gate.number)) == "got ok")
                await scene.close()
            }
        }
    }

    @Test("A node whose operator wants none opens none, but what the operator wrote down")
    func closed() async throws {
        try await RawServer.with({ [.text("got \($0.body)"), .close] }) { (server: RawServer) async throws -> Void in
            try await Self.with { (folder: String) async throws -> Void in
                for range in ["none", "what?"] {
                    var options = Self.options(range)
                    options.tcpPorts = ["\(MachinePortsTests.app)/sql": 0]
                    let scene = Scene(options, folder: folder)
                    scene.run(at: server.port)
                    await scene.ports.openFixed()
                    scene.wish("other")
                    await scene.ports.round()
                    #expect(scene.table.gates.map(\.port) == ["sql", "other"])
                    #expect(scene.table.gates.last?.reason == "this node opens no ports for machines")
                    #expect(try await scene.ask(try #require(scene.table.gates.first?.number)) == "got ok")
                    // The operator's own is not opened a second time.
                    scene.wish()
                    await scene.ports.round()
                    #expect(scene.table.gates.count == 1 && scene.ports.entrance.ports.count == 1)
                    await scene.close()
                }
            }
        }
    }

    @Test("Other nodes' ports are known, and nonsense is refused")
    func announced() async throws {
        try await Self.with { (folder: String) async throws -> Void in
            let scene = Scene(Self.options("none"), folder: folder)
            let other = NodeID(Blake3.hash([2]))
            let gates = [MachineGate(app: MachinePortsTests.app, port: "sql", number: 20_001, reason: "because")]
            try scene.table.take(
                .with {
                    $0.run = 1
                    $0.sequence = 1
                    $0.gates = gates.map(\.message)
                }, from: other)
            #expect(scene.table.gates(of: MachinePortsTests.app).map(\.node) == [other])
            #expect(scene.table.gates(of: MachinePortsTests.app).map(\.gate) == gates)
            #expect(scene.table.gates(of: "web").isEmpty)
            for change: (inout PeerPBMachineGate) -> Void in [
                { $0.number = 65_536 }, { $0.reason = String(repeating: "x", count: 513) },
            ] {
                var gate = gates[0].message
                change(&gate)
                #expect(throws: PeerError.self) {
                    try scene.table.take(
                        .with {
                            $0.run = 2
                            $0.gates = [gate]
                        }, from: other)
                }
            }
            await scene.close()
        }
    }
}
