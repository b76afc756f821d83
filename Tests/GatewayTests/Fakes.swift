import Blake3
import Foundation
import Gateway
import Identity
import Logging
import Manifests
import NIOCore
import NIOPosix
import Synchronization

/// Names that the tests set.
final class FakeRoutes: GatewayRoutes {
    private let apps = Mutex<[String: GatewayApp]>([:])
    private let ready = Mutex(true)

    subscript(name: String) -> GatewayApp? {
        get { apps.withLock { $0[name] } }
        set { apps.withLock { $0[name] = newValue } }
    }

    func app(named name: String, for visitor: String) -> GatewayApp? { self[name] }

    var isReady: Bool { ready.withLock { $0 } }
    func setReady(_ value: Bool) { ready.withLock { $0 = value } }
}

/// Blobs in memory, hot or opened; counts what is asked of it.
final class FakeBlobs: GatewayBlobs {
    struct Counts {
        var opened = 0
        var closed = 0
        var demands: [Range<Int>] = []
        var blocks: [Int] = []
    }

    private let hotBlobs = Mutex<[BlobID: ByteBuffer]>([:])
    private let coldBlobs = Mutex<[BlobID: ByteBuffer]>([:])
    let counts = Mutex(Counts())
    /// The block whose fetch fails.
    let failingBlock = Mutex<Int?>(nil)
    /// What a blob claims beyond its length.
    let lie = Mutex(0)
    /// The delay before a block arrives.
    let delay = Mutex(TimeAmount.zero)

    static func id(_ name: String) -> BlobID {
        var bytes = Array(name.utf8.prefix(32))
        bytes += [UInt8](repeating: 0x5a, count: 32 - bytes.count)
        return BlobID(
            Digest(bytes) ?? Digest(unsafeUninitialized: { $0.initializeMemory(as: UInt8.self, repeating: 0) }))
    }

    func addHot(_ name: String, _ bytes: [UInt8]) -> BlobID {
        hotBlobs.withLock { $0[Self.id(name)] = ByteBuffer(bytes: bytes) }
        return Self.id(name)
    }

    func addCold(_ name: String, _ bytes: [UInt8]) -> BlobID {
        coldBlobs.withLock { $0[Self.id(name)] = ByteBuffer(bytes: bytes) }
        return Self.id(name)
    }

    func hot(_ id: BlobID) -> ByteBuffer? { hotBlobs.withLock { $0[id] } }

    func open(_ id: BlobID, on eventLoop: any EventLoop) -> EventLoopFuture<any GatewayBlob> {
        guard let bytes = coldBlobs.withLock({ $0[id] }) else {
            let error = GatewayError(.blobNotFound, "Nobody has \(id)", origin: .peer)
            return eventLoop.makeFailedFuture(error)
        }
        counts.withLock { $0.opened += 1 }
        return eventLoop.makeSucceededFuture(FakeBlob(bytes: bytes, owner: self))
    }
}

struct FakeBlob: GatewayBlob {
    let bytes: ByteBuffer
    let owner: FakeBlobs

    var byteCount: Int { bytes.readableBytes + owner.lie.withLock { $0 } }

    func demand(_ range: Range<Int>) { owner.counts.withLock { $0.demands.append(range) } }

    func block(_ index: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
        owner.counts.withLock { $0.blocks.append(index) }
        if owner.failingBlock.withLock({ $0 }) == index {
            return eventLoop.makeFailedFuture(GatewayError(.blobUnreachable, "The peer is gone", origin: .peer))
        }
        let start = index * GatewayBlock.byteCount
        let slice = bytes.getSlice(at: start, length: min(GatewayBlock.byteCount, bytes.readableBytes - start))
        let delay = owner.delay.withLock { $0 }
        if delay > .zero { return eventLoop.scheduleTask(in: delay) { slice ?? ByteBuffer() }.futureResult }
        return eventLoop.makeSucceededFuture(slice ?? ByteBuffer())
    }

    func close() { owner.counts.withLock { $0.closed += 1 } }
}

/// Functions by app name; remembers the last request.
final class FakeFunctions: GatewayFunctions {
    typealias Body = @Sendable (FunctionRequest, any EventLoop) -> EventLoopFuture<FunctionResponse>
    private let bodies = Mutex<[String: Body]>([:])
    let last = Mutex<FunctionRequest?>(nil)

    func set(_ name: String, _ body: @escaping Body) { bodies.withLock { $0[name] = body } }

    func invoke(
        _ release: FunctionRelease, _ request: FunctionRequest, on eventLoop: any EventLoop,
        completion: @escaping @Sendable (Result<FunctionResponse, any Error>) -> Void
    ) {
        last.withLock { $0 = request }
        guard let body = bodies.withLock({ $0[release.name] }) else {
            return completion(.failure(GatewayError(.init("function/crashed"), "No such body", origin: .origin)))
        }
        body(request, eventLoop).hop(to: eventLoop).whenComplete(completion)
    }
}

final class FakePages: GatewayPages {
    let state = Mutex<(ready: Bool, detail: String)>((true, "all is well"))
    var nodeID: String { "feedbeef" }
    func metrics() -> String { "up 1\n" }
    func health() -> (ready: Bool, detail: String) { state.withLock { $0 } }
}

/// What was logged.
final class LogLines: Sendable {
    let all = Mutex<[(message: String, metadata: Logger.Metadata)]>([])
}

struct LineHandler: LogHandler {
    let lines: LogLines
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.info

    init(lines: LogLines) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.all.withLock { $0.append((event.message.description, event.metadata ?? [:])) }
    }
}

/// A running gateway with fakes behind it.
struct TestGateway {
    let gateway: Gateway
    let address: SocketAddress
    let routes = FakeRoutes()
    let blobs = FakeBlobs()
    let functions = FakeFunctions()
    let pages = FakePages()
    let lines = LogLines()

    static let group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton

    private init(
        _ settings: Gateway.Settings, _ origins: (any GatewayOrigins)?, _ machines: (any GatewayMachines)?
    ) async throws {
        let lines = lines
        let logger = Logger(label: "gateway-tests", factory: { _ in LineHandler(lines: lines) })
        gateway = Gateway(
            settings: settings, group: TestGateway.group, routes: routes, blobs: blobs, functions: functions,
            origins: origins, machines: machines, pages: pages, logger: logger)
        address = try await gateway.start()
    }

    /// Starts a gateway, runs `body` and shuts the gateway down.
    static func run(
        _ change: (inout Gateway.Settings) -> Void = { _ in }, origins: (any GatewayOrigins)? = nil,
        machines: (any GatewayMachines)? = nil, _ body: (TestGateway) async throws -> Void
    ) async throws {
        var settings = Gateway.Settings()
        change(&settings)
        let test = try await TestGateway(settings, origins, machines)
        do {
            try await body(test)
        } catch {
            await test.gateway.shutdown(drain: .zero)
            throw error
        }
        await test.gateway.shutdown(drain: .zero)
    }

    func site(_ name: String, _ files: [String: SiteManifest.File]) throws {
        routes[name] = .site(SiteRelease(name: name, release: "r1", manifest: try SiteManifest(files: files)))
    }

    func function(_ name: String, _ body: @escaping FakeFunctions.Body) {
        routes[name] = .function(FunctionRelease(name: name, release: "r1"))
        functions.set(name, body)
    }

    func connect(autoRead: Bool = true, staysOpen: Bool = false) async throws -> RawClient {
        try await RawClient(address, autoRead: autoRead, staysOpen: staysOpen)
    }

    /// One request on its own connection.
    func send(_ text: String, isHead: Bool = false) async throws -> RawResponse {
        let client = try await connect()
        defer { client.close() }
        client.send(text)
        return try await client.response(isHead: isHead)
    }

    func get(_ host: String, _ path: String, _ fields: String...) async throws -> RawResponse {
        try await send("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\(fields.map { $0 + "\r\n" }.joined())\r\n")
    }
}

func file(_ id: BlobID, _ count: Int, _ type: String = "text/html; charset=utf-8") -> SiteManifest.File {
    SiteManifest.File(blob: id, byteCount: count, contentType: type)
}

/// Bytes that tell their position.
func pattern(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while count - bytes.count >= patternPeriod.count { bytes += patternPeriod }
    return bytes + patternPeriod.prefix(count - bytes.count)
}

/// What the pattern repeats.
private let patternPeriod = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }

extension FunctionRequest.Body {
    /// The bytes of a body that came whole.
    var whole: ByteBuffer { if case .bytes(let bytes) = self { bytes } else { ByteBuffer() } }
}

extension FunctionResponse {
    init(status: Int, headers: [(name: String, value: String)], body: ByteBuffer) {
        self.init(status: status, headers: headers, body: .bytes(body))
    }
}
