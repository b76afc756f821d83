import Gateway
import Logging
import MachineProxy
import NIOCore
import NIOPosix
import Streams
import Testing

@Suite("Ports that lead to machines")
struct TCPEntranceTests {
    private static func with<Value>(
        _ change: (inout TCPEntrance.Settings) -> Void = { _ in }, _ body: (TCPEntrance) async throws -> Value
    ) async throws -> Value {
        var settings = TCPEntrance.Settings()
        change(&settings)
        let entrance = TCPEntrance(
            settings: settings, group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "ports") { _ in SwiftLogNoOpLogHandler() })
        let result: Result<Value, any Error>
        do { result = .success(try await body(entrance)) } catch { result = .failure(error) }
        await entrance.close()
        return try result.get()
    }

    @Test("A visitor's bytes go to the machine and back, to the end of each half")
    func passes() async throws {
        try await RawServer.with({ [.text("got \($0.body)"), .close] }) { server in
            try await withProxy { proxy in
                try await Self.with { entrance in
                    let target = server.target
                    let port = try await entrance.open(0) { _, loop in proxy.connect(to: target, on: loop) }
                    #expect(entrance.ports == [port])
                    // The proxy is a client of raw connections as well.
                    let visitor = try await proxy.connect(to: MachineTarget(host: "127.0.0.1", port: port), on: loop)
                        .get()
                    let sent = ByteStream()
                    visitor.start(sent)
                    sent.append(ByteBuffer(string: "X y z\r\ncontent-length: 2\r\n\r\nok"))
                    #expect(String(buffer: try await visitor.toClient.collect(limit: 100)) == "got ok")
                    sent.finish()
                    #expect(await eventually { entrance.connectionCount == 0 })
                }
            }
        }
    }

    @Test("A visitor without a machine is let go")
    func refused() async throws {
        try await withProxy { proxy in
            try await Self.with { entrance in
                let port = try await entrance.open(0) { _, loop in
                    loop.makeFailedFuture(GatewayError(.machineUnavailable, "none", origin: .node))
                }
                let visitor = try await proxy.connect(to: MachineTarget(host: "127.0.0.1", port: port), on: loop).get()
                #expect(try await visitor.toClient.collect(limit: 100).readableBytes == 0)
            }
        }
    }

    @Test("One port's visitors leave room for another's")
    func fairness() async throws {
        try await RawServer.with({ _ in [] }) { server in
            try await withProxy { proxy in
                let target = server.target
                try await Self.with({ $0.maxConnectionsOfPort = 1 }) { entrance in
                    let busy = try await entrance.open(0) { _, loop in proxy.connect(to: target, on: loop) }
                    let other = try await entrance.open(0) { _, loop in proxy.connect(to: target, on: loop) }
                    let first = try await proxy.connect(to: MachineTarget(host: "127.0.0.1", port: busy), on: loop)
                        .get()
                    #expect(await eventually { entrance.connectionCount == 1 })
                    let second = try await proxy.connect(to: MachineTarget(host: "127.0.0.1", port: busy), on: loop)
                        .get()
                    #expect((try? await second.toClient.collect(limit: 100))?.readableBytes ?? 0 == 0)
                    let third = try await proxy.connect(to: MachineTarget(host: "127.0.0.1", port: other), on: loop)
                        .get()
                    #expect(await eventually { entrance.connectionCount == 2 })
                    first.toClient.stop()
                    third.toClient.stop()
                    #expect(await eventually { entrance.connectionCount == 0 })
                    // The place is free again.
                    let fourth = try await proxy.connect(to: MachineTarget(host: "127.0.0.1", port: busy), on: loop)
                        .get()
                    #expect(await eventually { entrance.connectionCount == 1 })
                    fourth.toClient.stop()
                }
            }
        }
    }

    @Test("Ports, connections and the time that one may be quiet are limited")
    func limits() async throws {
        try await RawServer.with({ _ in [] }) { server in
            try await withProxy { proxy in
                let target = server.target
                try await Self.with({
                    $0.maxPorts = 1
                    $0.maxConnections = 1
                    $0.idleTimeout = .milliseconds(300)
                }) { entrance in
                    let port = try await entrance.open(0) { _, loop in proxy.connect(to: target, on: loop) }
                    await #expect(throws: TCPEntrance.Failure.tooManyPorts(limit: 1)) {
                        _ = try await entrance.open(0) { _, loop in proxy.connect(to: target, on: loop) }
                    }
                    let place = MachineTarget(host: "127.0.0.1", port: port)
                    let first = try await proxy.connect(to: place, on: loop).get()
                    #expect(await eventually { entrance.connectionCount == 1 })
                    let second = try await proxy.connect(to: place, on: loop).get()
                    // Closed without a word, perhaps with a reset.
                    #expect((try? await second.toClient.collect(limit: 100))?.readableBytes ?? 0 == 0)
                    #expect(try await first.toClient.collect(limit: 100).readableBytes == 0)
                    #expect(await eventually { entrance.connectionCount == 0 })
                    await entrance.close(port)
                    #expect(entrance.ports.isEmpty)
                }
            }
        }
    }
}
