import ControlModel
import Foundation
import HTTPTypes
public import Hummingbird
import Identity
public import Logging
import NIOCore

/// The node's API for its operator and for developers: status, uploads, names, transactions, the ledger and its proofs.
///
/// Reading is open to whoever reaches the port; writing needs a ``RequestSignature`` (transactions carry their own).
/// Requests whose `Host` is not one of the node's own addresses are refused, so that a web page cannot reach the API
/// through a DNS name of its own.
public struct ControlAPI: Sendable {
    /// Where and how the API listens.
    public struct Settings: Sendable {
        /// The address to bind. Anything but loopback exposes the API to the network.
        public var host = "127.0.0.1"
        /// 0 lets the system choose.
        public var port = 0
        /// Hosts besides loopback names that requests may name, such as a public name of the node.
        public var hosts: [String] = []

        public init() {}
    }

    /// The largest JSON or transaction body, in bytes.
    public static let maxBodyBytes = 2 << 20

    let backend: any ControlBackend
    private let settings: Settings
    private let logger: Logger

    public init(backend: any ControlBackend, settings: Settings, logger: Logger) {
        self.backend = backend
        self.settings = settings
        self.logger = logger
    }

    /// The server; running it ends with the service group's graceful shutdown.
    ///
    /// - Parameter onListening: Gets the port that was bound.
    public func application(onListening: @escaping @Sendable (Int) async -> Void) -> some ApplicationProtocol {
        let router = Router(context: ControlContext.self)
        router.add(middleware: ControlErrors(logger: logger))
        router.add(middleware: HostGuard(hosts: settings.hosts + [settings.host]))
        router.add(middleware: Console())
        let gate = SignatureGate(backend: backend)
        addReading(to: router)
        addWriting(to: router, gate)
        addStorage(to: router, gate)
        addImages(to: router, gate)
        addFunctions(to: router, gate)
        addRecordings(to: router, gate)
        addKeyValues(to: router, gate)
        addSecrets(to: router, gate)
        addRollouts(to: router, gate)
        addCache(to: router, gate)
        addDomains(to: router)
        addChannels(to: router, gate)
        addMachines(to: router)
        addLedger(to: router)
        addNetwork(to: router)
        addProofs(to: router)
        return Application(
            router: router,
            server: .http1(configuration: .init(additionalChannelHandlers: [LingeringClose()])),
            configuration: .init(address: .hostname(settings.host, port: settings.port), serverName: "skerry"),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? settings.port) },
            logger: logger)
    }

    private func addReading(to router: Router<ControlContext>) {
        let backend = backend
        router.get("healthz") { _, _ in "ok\n" }
        let api = router.group("api/v1")
        api.get("node") { _, _ in JSONBody(await backend.status()) }
        api.get("names") { _, _ in JSONBody(try await backend.names()) }
        api.get("names/:name") { _, context in JSONBody(try await backend.name(try context.parameters.require("name")))
        }
        api.get("names/:name/releases/:release/readiness") { request, context in
            let wait = request.uri.queryParameters["wait"].flatMap { Int($0) } ?? 0
            return JSONBody(
                try await backend.readiness(
                    name: try context.parameters.require("name"), release: try context.parameters.require("release"),
                    waitMillis: min(max(wait, 0), ControlAPI.maxWaitMillis)))
        }
        api.get("blobs/:blob") { _, context in
            let id = try ControlAPI.blobID(try context.parameters.require("blob"))
            guard let info = try await backend.blob(id) else {
                throw ControlFailure(
                    status: 404, code: "blob/not-found",
                    message: "This node does not store \(id); `skerry blob get` fetches it, if any node has it")
            }
            return JSONBody(info)
        }
        api.get("blobs/:blob/content") { _, context in
            let id = try ControlAPI.blobID(try context.parameters.require("blob"))
            guard let blob = try await backend.content(id) else {
                throw ControlFailure(
                    status: 404, code: "blob/not-found",
                    message: "This node does not store \(id); `skerry blob get` fetches it, if any node has it")
            }
            return Response(
                status: .ok, headers: [.contentType: ByteFrames.contentType],
                body: ResponseBody(contentLength: blob.byteCount) { writer in
                    for index in 0..<blob.blockCount { try await writer.write(try await blob.block(index)) }
                    try await writer.finish(nil)
                })
        }
    }

    /// The longest that a request may ask the API to wait.
    static let maxWaitMillis = 30_000

    private func addWriting(to router: Router<ControlContext>, _ gate: SignatureGate) {
        let backend = backend
        let api = router.group("api/v1")
        api.post("blobs/missing") { request, _ in
            try gate.check(request)
            let list = try await ControlAPI.decode(BlobList.self, request)
            guard list.blobs.count <= BlobList.maxCount else {
                throw ControlFailure(
                    status: 413, code: "control/too-many",
                    message: "Ask for at most \(BlobList.maxCount) blobs at once, not \(list.blobs.count)")
            }
            let missing = try await backend.missing(try list.blobs.map(ControlAPI.blobID))
            return JSONBody(BlobList(blobs: missing.map(\.description)))
        }
        api.post("blobs") { request, _ in
            try gate.check(request)
            return JSONBody(try await upload(request, expecting: nil), status: .created)
        }
        api.put("blobs/:blob") { request, context in
            try gate.check(request)
            let id = try ControlAPI.blobID(try context.parameters.require("blob"))
            if let known = try await backend.blob(id) { return JSONBody(known) }
            return JSONBody(try await upload(request, expecting: id), status: .created)
        }
        api.post("transactions") { request, _ in
            let body = try await ControlAPI.collect(request)
            return JSONBody(try await backend.submit(body))
        }
    }

    private func upload(_ request: Request, expecting id: BlobID?) async throws -> BlobInfo {
        let length = request.headers[.contentLength].flatMap { Int($0) }
        if let length, length > backend.maxBlobBytes {
            throw ControlFailure(
                status: 413, code: "blob/too-large",
                message: "The blob has \(length) bytes; this node takes at most \(backend.maxBlobBytes)")
        }
        let upload = try await backend.upload(expecting: id, byteCount: length)
        do {
            var received = 0
            var body = request.body.makeAsyncIterator()
            while let bytes = try await ControlAPI.next(&body, received, length) {
                received += bytes.readableBytes
                try await upload.write(bytes)
            }
            if let length, received != length { throw ControlAPI.truncated(received, length) }
            return try await upload.finish()
        } catch {
            upload.cancel()
            throw error
        }
    }

    private static func next(
        _ body: inout RequestBody.AsyncIterator, _ received: Int, _ length: Int?
    ) async throws -> ByteBuffer? {
        do { return try await body.next() } catch { throw truncated(received, length) }
    }

    private static func truncated(_ received: Int, _ length: Int?) -> ControlFailure {
        let whole = length.map { " of \($0)" } ?? ""
        return ControlFailure(
            status: 400, code: "blob/truncated",
            message: "The upload ended after \(received)\(whole) bytes; nothing was stored, send it again")
    }

    // MARK: Decoding

    static func blobID(_ text: String) throws -> BlobID {
        guard let id = BlobID(text) else {
            throw ControlFailure(
                status: 400, code: "control/bad-blob-id",
                message: "\"\(text.prefix(80))\" is no blob id; give a CID (b…) or 64 hexadecimal digits")
        }
        return id
    }

    static func collect(_ request: Request) async throws -> ByteBuffer {
        do {
            return try await request.body.collect(upTo: maxBodyBytes)
        } catch is NIOTooManyBytesError {
            throw ControlFailure(
                status: 413, code: "control/body-too-large", message: "The body is larger than \(maxBodyBytes) bytes")
        }
    }

    static func decode<Body: Decodable>(_ type: Body.Type, _ request: Request) async throws -> Body {
        let body = try await collect(request)
        do {
            return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
        } catch {
            throw ControlFailure(
                status: 400, code: "control/bad-json",
                message: "The body is not the JSON that this call takes: \(error)")
        }
    }
}
