import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// What a finished command left.
struct CommandResult {
    let status: Int32
    let output: String
    let errors: String

    func json<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(output.utf8))
    }
}

/// A network of real node processes in a folder of its own, driven through the command line.
final class TestNetwork: Sendable {
    struct Status: Decodable {
        struct Node: Decodable {
            struct Ledger: Decodable, Equatable {
                var sequence: UInt64
                var root: String
            }
            var id: String
            var gateway: String
            var peer: String
            var control: String
            var data: String
            var pid: Int32?
            var state: String
            var ledger: Ledger?
            var blobCount: Int?

            var port: String { String(gateway.split(separator: ":").last ?? "") }
        }
        struct EtcdMember: Decodable {
            var endpoint: String
            var pid: Int32?
            var state: String
        }
        var network: String
        var nodes: [Node]
        var etcd: [EtcdMember]?
    }

    struct Deployed: Decodable {
        var release: String
        var url: String
        var unchanged: Bool
        var files: Int
        var uploadedBlobs: Int
        var uploadedBytes: Int
    }

    let folder: String
    let data: String

    init(data: String? = nil) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("skerry-\(UUID().uuidString)").path
        self.data = data ?? folder + "/network"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// Runs `body` with a network of `nodes` running nodes, stops them and removes everything.
    ///
    /// - Parameter options: For `skerry up`.
    static func with(
        nodes: Int = 3, data: String? = nil, options: [String] = [], _ body: (TestNetwork) async throws -> Void
    ) async throws {
        let network = try TestNetwork(data: data)
        do {
            let result = try await network.run(["up", "--nodes", "\(nodes)", "--detach"] + options)
            try #require(result.status == 0, "skerry up: \(result.errors)")
            try await body(network)
        } catch {
            await network.tearDown()
            throw error
        }
        await network.tearDown()
    }

    func tearDown() async {
        _ = try? await run(["down"])
        // Nodes that a test damaged may not follow orders: nothing outlives it.
        if let status = try? await status() {
            let pids = status.nodes.compactMap(\.pid) + (status.etcd ?? []).compactMap(\.pid)
            for pid in pids { kill(pid, SIGKILL) }
            try? await eventually("what was killed is gone") { !pids.contains(where: isAlive) }
        }
        // Nodes that were killed, and machines that outlive theirs, have namespaces and more outside of their folders.
        if geteuid() == 0 {
            for folder in Set([data, folder]) { _ = try? await run(["node", "clean", "--data", folder]) }
        }
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Commands

    static let binary: String = {
        let bundle = Bundle.allBundles.map(\.bundlePath).first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("skerry").path
    }()

    static let setpriv = "/usr/bin/setpriv"

    func environment(account: String = "config") -> [String: String] {
        var environment = ProcessInfo.processInfo.environment
        environment["SKERRY_DATA"] = data
        environment["XDG_CONFIG_HOME"] = folder + "/" + account
        environment["XDG_CACHE_HOME"] = folder + "/cache"
        return environment
    }

    func process(_ arguments: [String], account: String = "config") -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: TestNetwork.binary)
        process.arguments = arguments
        process.environment = environment(account: account)
        return process
    }

    /// - Parameters:
    ///   - variables: Set in the command's environment beside the usual ones.
    ///   - user: Whose id the command gets, of user and group; nil: this process's. Needs root.
    func run(
        _ arguments: [String], account: String = "config", input: Data? = nil, variables: [String: String] = [:],
        user: UInt32? = nil
    ) async throws -> CommandResult {
        let process = process(arguments, account: account)
        if let user {
            process.executableURL = URL(fileURLWithPath: TestNetwork.setpriv)
            let identity = ["--reuid=\(user)", "--regid=\(user)", "--clear-groups"]
            process.arguments = identity + [TestNetwork.binary] + arguments
        }
        process.environment?.merge(variables) { $1 }
        let (output, errors) = (folder + "/out-\(UUID().uuidString)", folder + "/err-\(UUID().uuidString)")
        for path in [output, errors] { try Data().write(to: URL(fileURLWithPath: path)) }
        defer { for path in [output, errors] { try? FileManager.default.removeItem(atPath: path) } }
        var handles = try [output, errors].map { try #require(FileHandle(forWritingAtPath: $0)) }
        // A process keeps its handles open for ever, and with more than 1,350 open files starting one may crash.
        defer { for handle in handles { try? handle.close() } }
        process.standardOutput = handles[0]
        process.standardError = handles[1]
        if let input {
            let path = folder + "/in-\(UUID().uuidString)"
            try input.write(to: URL(fileURLWithPath: path))
            handles.append(try #require(FileHandle(forReadingAtPath: path)))
            process.standardInput = handles[2]
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        return CommandResult(
            status: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8))
    }

    @discardableResult
    func expectSuccess(
        _ arguments: String..., account: String = "config", input: Data? = nil,
        at location: SourceLocation = #_sourceLocation
    ) async throws -> CommandResult {
        let result = try await run(arguments, account: account, input: input)
        try #require(
            result.status == 0, "skerry \(arguments.joined(separator: " ")): \(result.errors)", sourceLocation: location
        )
        return result
    }

    /// Runs a command that must fail, and say `text` on standard error.
    func expectFailure(
        _ arguments: String..., saying text: String, account: String = "config",
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let result = try await run(arguments, account: account)
        #expect(result.status != 0, sourceLocation: location)
        #expect(result.errors.contains(text), "\(result.errors)", sourceLocation: location)
    }

    func status() async throws -> Status { try await run(["status", "--json"]).json() }

    func deploy(_ path: String, _ name: String, node: Int = 1, account: String = "config") async throws -> Deployed {
        let result = try await run(
            ["deploy", path, "--name", name, "--node", "\(node)", "--json"], account: account)
        try #require(result.status == 0, "\(result.errors)")
        return try result.json()
    }

    /// Waits until a node has begun to fetch a blob, so that what comes then comes in the middle.
    func fetchBegins(on node: Status.Node) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try FileManager.default.contentsOfDirectory(atPath: node.data + "/blobs/partial").isEmpty {
            try #require(ContinuousClock.now < deadline, "a fetch begins")
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    // MARK: Files

    func write(_ text: String, to path: String) throws {
        let url = URL(fileURLWithPath: folder + "/" + path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: true, encoding: .utf8)
    }

    func randomFile(_ name: String, byteCount: Int) throws -> String {
        let path = folder + "/" + name
        let source = try #require(FileHandle(forReadingAtPath: "/dev/urandom"))
        try (source.read(upToCount: byteCount) ?? Data()).write(to: URL(fileURLWithPath: path))
        return path
    }

    // MARK: HTTP

    struct Answer {
        let status: Int
        let headers: HTTPHeaders
        let body: ByteBuffer
        var text: String { String(buffer: body) }
    }

    /// A request to a gateway; `host` is an app's name.
    func request(
        _ node: Status.Node, host: String? = nil, _ path: String, method: HTTPMethod = .GET,
        headers: [(String, String)] = [], body: ByteBuffer? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: node.gateway + path)
        request.method = method
        if let host { request.headers.add(name: "host", value: "\(host).localhost:\(node.port)") }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(body) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        return Answer(
            status: Int(response.status.code), headers: response.headers,
            body: try await response.body.collect(upTo: 64 << 20))
    }
}

/// Polls until `condition` holds; fails after `seconds`.
func eventually(
    within seconds: Double = 20, _ what: Comment, at location: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, what, sourceLocation: location)
        try await Task.sleep(for: .milliseconds(50))
    }
}

func isAlive(_ pid: Int32) -> Bool {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
        let end = stat.lastIndex(of: ")")
    else { return false }
    return !stat[stat.index(after: end)...].hasPrefix(" Z")
}
