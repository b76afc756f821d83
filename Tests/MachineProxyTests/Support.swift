import Gateway
import MachineProxy
import NIOCore
import NIOPosix
import Streams

/// Runs `body` with a proxy and ends it.
func withProxy<Value>(
    _ change: (inout MachineProxy.Settings) -> Void = { _ in }, _ body: (MachineProxy) async throws -> Value
) async throws -> Value {
    var settings = MachineProxy.Settings()
    change(&settings)
    let proxy = MachineProxy(settings: settings)
    defer { proxy.close() }
    return try await body(proxy)
}

/// One loop for all, so that connections are shared.
let loop = MultiThreadedEventLoopGroup.singleton.next()

extension RawServer {
    var target: MachineTarget { MachineTarget(host: "127.0.0.1", port: port) }
}

func request(
    _ method: String = "GET", _ target: String = "/",
    headers: [(name: String, value: String)] = [("host", "a.localhost")],
    bodyBytes: Int? = 0, body: FunctionRequest.Body = .bytes(ByteBuffer()), upgrade: String? = nil,
    cancellation: Cancellation = Cancellation(), interim: MachineRequest.InterimListener? = nil
) -> MachineRequest {
    MachineRequest(
        method: method, target: target, headers: headers, bodyBytes: bodyBytes, body: body, upgrade: upgrade,
        cancellation: cancellation, interim: interim)
}

extension MachineProxy {
    func content(_ target: MachineTarget, _ request: MachineRequest) async throws -> OriginAnswer {
        switch try await respond(at: target, request, on: loop).get() {
        case .content(let answer): return answer
        case .tunnel(let tunnel):
            tunnel.toClient.stop()
            throw Unexpected()
        }
    }

    func tunnel(_ target: MachineTarget, _ request: MachineRequest) async throws -> GatewayTunnel {
        switch try await respond(at: target, request, on: loop).get() {
        case .tunnel(let tunnel): return tunnel
        case .content(let answer):
            answer.abandon()
            throw Unexpected()
        }
    }

    func failure(_ target: MachineTarget, _ request: MachineRequest) async -> MachineProxyFailure? {
        do {
            try await respond(at: target, request, on: loop).get().abandon()
            return nil
        } catch {
            return error as? MachineProxyFailure
        }
    }
}

struct Unexpected: Error {}

extension OriginAnswer {
    /// The whole body as text.
    func text() async throws -> String {
        switch body {
        case .none: return ""
        case .bytes(let bytes): return String(buffer: bytes)
        case .stream(let stream): return String(buffer: try await stream.collect(limit: 64 << 20))
        case .blob: throw Unexpected()
        }
    }

    var isStream: Bool { if case .stream = body { true } else { false } }

    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
}

/// Waits until `condition` holds; false after a long time.
func eventually(_ condition: @Sendable () -> Bool) async -> Bool {
    for _ in 0..<600 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(50))
    }
    return condition()
}
