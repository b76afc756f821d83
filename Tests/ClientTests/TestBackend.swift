import AsyncHTTPClient
import ControlAPI
import ControlModel
import Foundation
import HTTPTypes
import Hummingbird
import Identity
import Logging
import NIOCore
import NIOHTTP1

/// What a liar on the way makes of an answer.
enum TestLie: Sendable {
    case body(Data)
    /// The bytes, and then the connection ends although more was promised.
    case cut(Data)
}

/// A node's control API on loopback, of which these tests use the ledger.
protocol TestBackend: ControlBackend {}

extension TestBackend {
    func mayWrite(_ account: AccountID) -> Bool { true }
    func blob(_ id: BlobID) async throws -> BlobInfo? { nil }
    var maxBlobBytes: Int { 1 << 20 }

    // MARK: What these tests do not use

    func missing(_ ids: [BlobID]) async throws -> [BlobID] { throw Serving.unused }
    func upload(expecting: BlobID?, byteCount: Int?) async throws -> any ControlUpload { throw Serving.unused }
    func blobs(after: BlobID?, limit: Int, isPinned: Bool?) async throws -> BlobPage { throw Serving.unused }
    func fetch(of id: BlobID) -> FetchInfo? { nil }
    func pin(_ ids: [BlobID], asFolders: Bool, by account: AccountID) async throws -> PinReport { throw Serving.unused }
    func unpin(_ ids: [BlobID], by account: AccountID) async throws -> PinReport { throw Serving.unused }
    func collect(_ request: CollectionRequest) async throws -> CollectionInfo { throw Serving.unused }
    func images() async throws -> ImageList { throw Serving.unused }
    func addImage(_ request: ImageRequest) async throws -> ImageInfo { throw Serving.unused }
    func pruneImages(_ request: ImagePruneRequest) async throws -> ImagePruneReport { throw Serving.unused }
    func verify(_ ids: [BlobID], after: BlobID?, repair: Bool) async throws -> VerificationInfo { throw Serving.unused }
    func functionLogs(
        of name: String, by account: AccountID, after sequence: UInt64, limit: Int, wait: Duration
    ) async throws -> FunctionLogPage { throw Serving.unused }
    func record(_ request: InvocationRequest, of name: String, by account: AccountID) async throws -> RecordingAnswer {
        throw Serving.unused
    }
    func replay(_ file: [UInt8]) async throws -> ReplayAnswer { throw Serving.unused }
    func receipt(_ id: String) async throws -> ReceiptAnswer { throw Serving.unused }
    var keyValues: any ControlKeyValues { Serving.NoKeyValues() }
    func purgeCache(_ order: [UInt8]) async throws -> PurgeReceipt { throw Serving.unused }
    func cacheStatistics(of name: String, by account: AccountID) async throws -> CacheStatistics {
        throw Serving.unused
    }
    func cacheInspection(of name: String, url: String, by account: AccountID) async throws -> CacheInspection {
        throw Serving.unused
    }
    func secrets(of name: String, by account: AccountID) async throws -> SecretsReport { throw Serving.unused }
    func changeSecrets(
        of name: String, by account: AccountID, _ update: SecretsUpdate
    ) async throws -> SecretsReceipt { throw Serving.unused }
    func keepRollback(_ order: ByteBuffer, of name: String, by account: AccountID) async throws -> RollbackReceipt {
        throw Serving.unused
    }
    func automaticRollback(of name: String) async throws -> RollbackReport { throw Serving.unused }
    func domain(_ name: String) async throws -> DomainReport { throw Serving.unused }
    func prices() -> PriceList { PriceList(node: node.description, prices: [:]) }
    func settle(by account: AccountID) async throws -> EarningsInfo { throw Serving.unused }
    func machineList() async -> MachineList { MachineList(apps: [], hosts: []) }
    func orderMachine(_ order: ByteBuffer) async throws -> MachineOrderAnswer { throw Serving.unused }
    func names() async throws -> NameList { throw Serving.unused }
    func name(_ name: String) async throws -> NameInfo { throw Serving.unused }
    func readiness(name: String, release: String, waitMillis: Int) async throws -> ReadinessReport {
        throw Serving.unused
    }

    // MARK: Serving

    /// Serves the API on loopback while `body` runs with its URL.
    func serve(_ body: @escaping @Sendable (String) async throws -> Void) async throws {
        let api = ControlAPI(backend: self, settings: .init(), logger: Serving.logger)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        try await Serving.run(api.application { port.yield($0) }, ports, body)
    }

    /// As ``serve(_:)``, behind somebody who changes answers.
    ///
    /// - Parameter lie: Gets the path with its query and the honest body of each good answer.
    func serve(
        lying lie: @escaping @Sendable (String, Data) -> TestLie,
        _ body: @escaping @Sendable (String) async throws -> Void
    ) async throws {
        try await serve { honest in
            let router = Router()
            let forward: @Sendable (Request, BasicRequestContext) async throws -> Response = { request, _ in
                try await Serving.forward(request, to: honest, lie)
            }
            router.get("**", use: forward)
            router.post("**", use: forward)
            let (ports, port) = AsyncStream.makeStream(of: Int.self)
            let application = Application(
                router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: Serving.logger)
            try await Serving.run(application, ports, body)
        }
    }
}

private enum Serving {
    static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    static let unused = ControlFailure(status: 501, code: "test/unused", message: "Not in this test")

    struct NoKeyValues: ControlKeyValues {
        func value(at place: KVPlace, by account: AccountID) async throws -> KVValueInfo? { throw Serving.unused }
        func put(_ value: KVValueInfo, ttl: Int?, at place: KVPlace, by account: AccountID) async throws {
            throw Serving.unused
        }
        func delete(_ place: KVPlace, by account: AccountID) async throws { throw Serving.unused }
        func keys(
            of name: String, in namespace: String, prefix: String, limit: Int, cursor: String?, by account: AccountID
        ) async throws -> KVKeyList { throw Serving.unused }
    }

    static func forward(
        _ request: Request, to honest: String, _ lie: @Sendable (String, Data) -> TestLie
    ) async throws -> Response {
        var forwarded = HTTPClientRequest(url: honest + request.uri.description)
        forwarded.method = .init(rawValue: request.method.rawValue)
        let sent = try await request.body.collect(upTo: 1 << 20)
        if request.method == .post { forwarded.body = .bytes(sent) }
        let answer = try await HTTPClient.shared.execute(forwarded, timeout: .seconds(10))
        let bytes = Data(try await answer.body.collect(upTo: 64 << 20).readableBytesView)
        guard answer.status == .ok else {
            return Response(
                status: .init(code: Int(answer.status.code)), body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        }
        switch lie(request.uri.description, bytes) {
        case .body(let bytes): return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        case .cut(let bytes):
            return Response(
                status: .ok,
                body: ResponseBody(contentLength: bytes.count + 1) { writer in
                    try await writer.write(ByteBuffer(bytes: bytes))
                    throw CancellationError()
                })
        }
    }

    static func run(
        _ application: some ApplicationProtocol, _ ports: AsyncStream<Int>,
        _ body: @escaping @Sendable (String) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await application.run() }
            for await port in ports {
                try await body("http://127.0.0.1:\(port)")
                break
            }
            group.cancelAll()
        }
    }
}
