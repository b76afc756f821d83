import Functions
import Glibc
import Logging
import NIOCore
import NIOPosix
import Streams
import Synchronization

/// A pool over the real worker program, and what its functions logged.
final class PoolFixture: Sendable {
    let pool: FunctionPool
    let environment: String
    private let lines = Mutex<[FunctionLogLine]>([])

    /// The worker that was built beside the test program.
    static let workerPath: String = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = max(0, readlink("/proc/self/exe", &buffer, buffer.count))
        let program = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return program[..<(program.lastIndex(of: "/") ?? program.startIndex)] + "/skerry-worker"
    }()

    static var settings: FunctionPool.Settings {
        var settings = FunctionPool.Settings(workerPath: workerPath)
        settings.cpuLimit = .milliseconds(200)
        settings.spareWorkers = 0
        settings.freeFailures = 100
        return settings
    }

    init(
        _ settings: FunctionPool.Settings = PoolFixture.settings, host: (any FunctionHost)? = nil,
        environment: String = "{}"
    ) {
        let group = MultiThreadedEventLoopGroup.singleton
        self.environment = environment
        pool = FunctionPool(settings: settings, group: group, host: host, logger: Logger(label: "functions-tests"))
        pool.onLog = { [weak self] _, line in self?.lines.withLock { $0.append(line) } }
    }

    var logged: [FunctionLogLine] { lines.withLock { $0 } }

    /// An answer with its whole body.
    struct Answer {
        let status: Int
        let headers: [(name: String, value: String)]
        let body: ByteBuffer

        var text: String { String(buffer: body) }
        func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    }

    /// Calls the function that a module exports.
    func call(
        _ module: String, _ url: String = "https://example.com/", method: String = "GET",
        headers: [(name: String, value: String)] = [], body: [UInt8] = [], id: String = "r1", tenant: String = "a/b",
        deadline: NIODeadline? = nil
    ) async throws -> Answer {
        let reply = try await open(
            module, url, method: method, headers: headers, body: .bytes(ByteBuffer(bytes: body)), id: id,
            tenant: tenant, deadline: deadline)
        return Answer(
            status: reply.status, headers: reply.headers, body: try await reply.body.collect(limit: 256 << 20))
    }

    /// As `call`, but the bodies may be streams.
    func open(
        _ module: String, _ url: String = "https://example.com/", method: String = "GET",
        headers: [(name: String, value: String)] = [], body: FunctionBody = .empty, id: String = "r1",
        tenant: String = "a/b", deadline: NIODeadline? = nil, cancellation: Cancellation? = nil
    ) async throws -> FunctionReply {
        let script = try ModuleScript(module: module, fileName: "worker.js").script
        let version = FunctionVersion(tenant: tenant, release: "\(module.hashValue)")
        let call = FunctionCall(
            id: id, method: method, url: url, headers: headers, body: body, deadline: deadline,
            cancellation: cancellation)
        return try await pool.invoke(
            version, call,
            code: { [environment] in
                FunctionCode(script: ByteBuffer(string: script), environment: environment)
            }, on: MultiThreadedEventLoopGroup.singleton.next()
        ).get()
    }

    /// The error that a call ends with.
    func failure(
        _ module: String, _ url: String = "https://example.com/", method: String = "GET", body: [UInt8] = [],
        tenant: String = "a/b", deadline: NIODeadline? = nil
    ) async -> FunctionError? {
        do {
            _ = try await call(module, url, method: method, body: body, tenant: tenant, deadline: deadline)
            return nil
        } catch {
            return error as? FunctionError
        }
    }

    /// Evaluates an expression inside a function and returns it as JSON.
    func evaluate(_ expression: String) async throws -> String {
        try await call("export default { async fetch(request) { return Response.json(await (\(expression))) } }").text
    }
}

/// Runs a test with a pool and checks that no process is left.
func withPool(
    _ settings: FunctionPool.Settings = PoolFixture.settings, host: (any FunctionHost)? = nil,
    environment: String = "{}", _ body: (PoolFixture) async throws -> Void
) async throws {
    let fixture = PoolFixture(settings, host: host, environment: environment)
    do {
        try await body(fixture)
    } catch {
        await fixture.pool.shutdown()
        throw error
    }
    let processes = fixture.pool.workerProcesses
    await fixture.pool.shutdown()
    for process in processes where kill(process, 0) == 0 {
        throw FunctionError(.crashed, "process \(process) is still there")
    }
}
