public import AsyncHTTPClient
public import ControlModel
import Foundation
public import Identity
public import Ledger
public import NIOCore
import NIOHTTP1
import NIOPosix
import Outbound

/// Talks to one node's control API.
public struct NodeClient: Sendable {
    /// Base URL of the control API, such as `http://127.0.0.1:4000`.
    public let control: String
    /// Is told in a sentence what a transaction waits for, once for each that takes longer than
    /// ``LedgerClient/Settings/noticeDelay``. Default nobody.
    public var onWait: (@Sendable (String) -> Void)?
    private let key: SigningKey?
    private let http: HTTPClient
    /// For answers that should come at once.
    private static let quick = TimeAmount.seconds(30)
    /// For answers that wait for disks, other nodes or large uploads.
    private static let patient = TimeAmount.hours(6)
    private static let maxAnswerBytes = 64 << 20

    /// Connections of all clients of this process, in HTTP/1.1. One that is refused is not tried again: with several nodes, the next
    /// one is asked at once.
    public static let connections: HTTPClient = {
        var configuration = HTTPClient.Configuration.singletonConfiguration
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.connect = .seconds(5)
        configuration.refuseImpossibleStatuses()
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// - Parameters:
    ///   - key: The account that signs writes; nil allows reading only.
    public init(control: String, key: SigningKey? = nil, http: HTTPClient = NodeClient.connections) {
        self.control = control
        self.key = key
        self.http = http
    }

    // MARK: Reading

    public func status() async throws -> NodeStatus { try await get("/api/v1/node") }

    public func names() async throws -> NameList { try await get("/api/v1/names") }

    /// - Returns: Nil if nobody owns the name.
    public func name(_ name: AppName) async throws -> NameInfo? {
        do {
            return try await get("/api/v1/names/\(name)")
        } catch let failure as ControlFailure where failure.status == 404 {
            return nil
        }
    }

    public func account(_ id: AccountID) async throws -> AccountInfo { try await get("/api/v1/accounts/\(id)") }

    /// - Returns: Nil if the node does not store the blob.
    public func blob(_ id: BlobID) async throws -> BlobInfo? {
        do {
            return try await get("/api/v1/blobs/\(id)")
        } catch let failure as ControlFailure where failure.status == 404 {
            return nil
        }
    }

    public func readiness(name: AppName, release: ReleaseID, waitMillis: Int) async throws -> ReadinessReport {
        try await get("/api/v1/names/\(name)/releases/\(release)/readiness?wait=\(waitMillis)")
    }

    // MARK: Writing

    /// Those of `ids` that the node lacks, in their order.
    public func missing(_ ids: [BlobID]) async throws -> [BlobID] {
        var missing: [BlobID] = []
        for start in stride(from: 0, to: ids.count, by: BlobList.maxCount) {
            let page = ids[start..<min(start + BlobList.maxCount, ids.count)]
            let body = try JSONEncoder().encode(BlobList(blobs: page.map(\.description)))
            let answer: BlobList = try await send(
                .POST, "/api/v1/blobs/missing", .bytes(ByteBuffer(bytes: body)), signed: true)
            missing += answer.blobs.compactMap(BlobID.init)
        }
        return missing
    }

    /// Stores bytes whose id is known. When this returns, the blob is durable on the node.
    public func upload(_ id: BlobID, _ bytes: ByteBuffer) async throws -> BlobInfo {
        try await send(.PUT, "/api/v1/blobs/\(id)", .bytes(bytes), signed: true)
    }

    /// Stores a stream whose id and length are known. When this returns, the blob is durable on the node.
    public func upload<Bytes: AsyncSequence & Sendable>(
        _ id: BlobID, _ bytes: Bytes, byteCount: Int
    ) async throws -> BlobInfo where Bytes.Element == ByteBuffer {
        try await send(
            .PUT, "/api/v1/blobs/\(id)", .stream(bytes, length: .known(Int64(byteCount))), signed: true)
    }

    /// Stores a stream of unknown length; the node says what its id is.
    public func upload<Bytes: AsyncSequence & Sendable>(_ bytes: Bytes) async throws -> BlobInfo
    where Bytes.Element == ByteBuffer {
        try await send(.POST, "/api/v1/blobs", .stream(bytes, length: .unknown), signed: true)
    }

    /// Hands a transaction to the ledger. When this returns, it is durable there and applied on the nodes that the
    /// receipt names. The same transaction may be handed in again, here or elsewhere: it is carried out once.
    public func submit(_ transaction: SignedTransaction) async throws -> TransactionReceipt {
        var request = HTTPClientRequest(url: control + "/api/v1/transactions")
        request.method = .POST
        request.body = .bytes(ByteBuffer(bytes: transaction.bytes))
        return try await execute(request, NodeClient.quick)
    }

    // MARK: HTTP

    func get<Answer: Decodable>(_ path: String) async throws -> Answer {
        var request = HTTPClientRequest(url: control + path)
        request.headers.add(name: "accept", value: "application/json")
        return try await execute(request, NodeClient.quick)
    }

    func send<Answer: Decodable>(
        _ method: HTTPMethod, _ path: String, _ body: HTTPClientRequest.Body, signed: Bool
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: control + path)
        request.method = method
        request.body = body
        if signed {
            guard let key else { throw ClientError(.badInput, "Writing needs an account key") }
            let node: NodeStatus = try await nodeID.value(self)
            let signature = try RequestSignature(
                method: method.rawValue, target: path, node: node.id, time: Int64(Date().timeIntervalSince1970),
                key: key)
            request.headers.add(name: "authorization", value: signature.header)
        }
        return try await execute(request, NodeClient.patient)
    }

    let nodeID = RememberedStatus()

    private func execute<Answer: Decodable>(_ request: HTTPClientRequest, _ timeout: TimeAmount) async throws -> Answer
    {
        let data = try await collect(try await open(request, timeout), limit: NodeClient.maxAnswerBytes)
        do {
            return try JSONDecoder().decode(Answer.self, from: data)
        } catch {
            throw ClientError(
                .badAnswer, "\(control) answered something else than \(Answer.self); update the older side")
        }
    }

    /// The bytes that the node answers with, at most `limit`; waits for `wait` longer than for other answers.
    func bytes(_ path: String, limit: Int, wait: Duration = .zero) async throws -> Data {
        let timeout = NodeClient.quick + .milliseconds(Int64(wait / .milliseconds(1)))
        return try await collect(try await open(HTTPClientRequest(url: control + path), timeout), limit: limit)
    }

    /// The bytes that the node answers with, as they arrive.
    func stream(_ path: String) async throws -> HTTPClientResponse.Body {
        try await open(HTTPClientRequest(url: control + path), NodeClient.patient).body
    }

    /// The next bytes of such an answer; nil at its end.
    func next(_ body: inout HTTPClientResponse.Body.AsyncIterator) async throws -> ByteBuffer? {
        do { return try await body.next() } catch { throw broken(error) }
    }

    /// What went wrong while an answer's body was read.
    private func broken(_ error: any Error) -> any Error {
        if error is CancellationError || error is ClientError { return error }
        return ClientError(
            .cutShort, "The answer of \(control) broke off (\(SystemFailure.reason(error))); repeat the command")
    }

    private func collect(_ response: HTTPClientResponse, limit: Int) async throws -> Data {
        do {
            return Data(try await response.body.collect(upTo: limit).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw ClientError(.badAnswer, "\(control) answered with more than \(limit) bytes; update the older side")
        } catch {
            throw broken(error)
        }
    }

    private func open(_ request: HTTPClientRequest, _ timeout: TimeAmount) async throws -> HTTPClientResponse {
        let response: HTTPClientResponse
        do {
            response = try await http.execute(request, timeout: timeout)
        } catch let error as CancellationError {
            throw error
        } catch let error where error is NIOConnectionError || error is IOError {
            throw ClientError(
                .unreachable,
                "Nobody listens at \(control) (\(SystemFailure.reason(error))); start the node there with `skerry up` or "
                    + "`skerry node run`, or mend the address")
        } catch {
            throw ClientError(
                .unreachable,
                "The node at \(control) does not answer (\(SystemFailure.reason(error))); look at `skerry status`, start it with `skerry up`"
            )
        }
        guard (200..<300).contains(response.status.code) else {
            let data = try await collect(response, limit: NodeClient.maxAnswerBytes)
            guard var failure = try? JSONDecoder().decode(ControlFailure.self, from: data) else {
                throw ClientError(
                    .badAnswer,
                    "\(control) answered with status \(response.status.code) and not as a node's control API does; name the "
                        + "node's control URL, not its gateway's: `skerry node status` shows it on the node's machine")
            }
            failure.status = Int(response.status.code)
            throw failure
        }
        return response
    }
}
