import AsyncHTTPClient
import Blake3
import Foundation
public import Identity
import NIOCore
import NIOHTTP1

#if canImport(Glibc)
    import Glibc
#endif

/// Downloads blobs from a gateway and verifies what arrives: the gateway need not be trusted.
public struct BlobDownload: Sendable {
    private let gateway: String
    private let http: HTTPClient

    /// - Parameter gateway: Base URL of any node's gateway.
    public init(gateway: String) {
        self.gateway = gateway
        http = .shared
    }

    /// Downloads the whole blob into a file, which appears only once its digest is right.
    ///
    /// When this returns, the file is durable.
    ///
    /// - Parameter progress: Gets the bytes so far and, when the gateway says it, the size.
    /// - Throws: ``ClientError``; nothing is left behind then.
    public func save(
        _ id: BlobID, to path: String, progress: @Sendable (Int, Int?) -> Void = { _, _ in }
    ) async throws -> Int {
        let temporary = "\(path).\(getpid()).part"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw BlobDownload.unwritable(path) }
        defer {
            close(descriptor)
            unlink(temporary)
        }
        let count = try await stream(id, to: descriptor, name: path, progress: progress)
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw BlobDownload.unwritable(path) }
        return count
    }

    /// Writes the whole blob to an open descriptor as it arrives. What was written before an error is unverified.
    ///
    /// - Throws: ``ClientError`` with `corrupt` at the end if the bytes were not the blob.
    public func stream(
        _ id: BlobID, to descriptor: Int32, name: String, progress: @Sendable (Int, Int?) -> Void = { _, _ in }
    ) async throws -> Int {
        let response = try await request(id, range: nil)
        let expected = response.headers.first(name: "content-length").flatMap { Int($0) }
        var hasher = Blake3Hasher()
        var count = 0
        var body = response.body.makeAsyncIterator()
        while let bytes = try await BlobDownload.next(&body, id, count) {
            bytes.withUnsafeReadableBytes { hasher.update($0) }
            try BlobDownload.write(bytes, to: descriptor, name: name)
            count += bytes.readableBytes
            progress(count, expected)
        }
        guard BlobID(hasher.finalize()) == id else {
            throw ClientError(.corrupt, "\(gateway) sent \(count) bytes that are not \(id); ask another node")
        }
        return count
    }

    /// Writes a byte range of the blob to an open descriptor. A range cannot be checked against the id by itself: it is
    /// as good as the gateway's own verification.
    public func streamUnverified(
        _ id: BlobID, range: ClosedRange<Int>, to descriptor: Int32, name: String
    ) async throws -> Int {
        let response = try await request(id, range: range)
        var count = 0
        var body = response.body.makeAsyncIterator()
        while let bytes = try await BlobDownload.next(&body, id, count) {
            try BlobDownload.write(bytes, to: descriptor, name: name)
            count += bytes.readableBytes
        }
        return count
    }

    private static func next(
        _ body: inout HTTPClientResponse.Body.AsyncIterator, _ id: BlobID, _ count: Int
    ) async throws -> ByteBuffer? {
        do {
            return try await body.next()
        } catch {
            throw ClientError(
                .unreachable,
                "The download of \(id) broke off after \(count) bytes (\(SystemFailure.reason(error))); repeat it")
        }
    }

    private func request(_ id: BlobID, range: ClosedRange<Int>?) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: "\(gateway)/blobs/\(id)")
        if let range { request.headers.add(name: "range", value: "bytes=\(range.lowerBound)-\(range.upperBound)") }
        let response: HTTPClientResponse
        do {
            response = try await http.execute(request, timeout: .hours(24))
        } catch {
            throw ClientError(
                .unreachable,
                "The gateway \(gateway) does not answer (\(SystemFailure.reason(error))); look at `skerry status`")
        }
        switch response.status.code {
        case 200, 206: return response
        case 404: throw ClientError(.badInput, "No reachable node has the blob \(id); check the id")
        case 416:
            throw ClientError(.badInput, "The blob \(id) does not reach that far; `skerry blob stat` tells its size")
        default:
            let text = (try? await response.body.collect(upTo: 16 << 10)).map { String(buffer: $0) } ?? ""
            throw ClientError(.unreachable, "\(gateway) answered \(response.status) for \(id): \(text)")
        }
    }

    private static func write(_ bytes: ByteBuffer, to descriptor: Int32, name: String) throws {
        var offset = 0
        try bytes.withUnsafeReadableBytes { space in
            while offset < space.count {
                let count = Glibc.write(descriptor, space.baseAddress?.advanced(by: offset), space.count - offset)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { throw unwritable(name) }
                offset += count
            }
        }
    }

    private static func unwritable(_ path: String) -> ClientError {
        ClientError(.fileUnusable, "Cannot write \(path): \(String(cString: strerror(errno)))")
    }
}
