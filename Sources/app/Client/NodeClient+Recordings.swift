import AsyncHTTPClient
public import ControlModel
import Foundation
public import Ledger
import NIOCore
import NIOHTTP1
public import Recordings

/// Recordings, replays and receipts.
extension NodeClient {
    /// Lets the node run and record an invocation of a function. What the function asks for is done for real.
    ///
    /// - Returns: The recording, whose signature was checked, and the id of its receipt on the node.
    /// - Throws: `ControlFailure` with status 403 if the client's account does not own the name; ``ClientError``
    ///   `.badAnswer` if the recording is not what the node says it to be.
    public func record(
        _ invocation: InvocationRequest, of name: AppName
    ) async throws -> (file: SignedRecording, receipt: String) {
        let body = try JSONEncoder().encode(invocation)
        let answer: RecordingAnswer = try await send(
            .POST, "/api/v1/names/\(name)/recordings", .bytes(ByteBuffer(bytes: body)), signed: true)
        do {
            return (try SignedRecording(decoding: Array(answer.file)), answer.receipt)
        } catch {
            throw ClientError(.badAnswer, "\(control) answered with a recording that is none: \(error)")
        }
    }

    /// Lets the node run a recording again in a worker of its own.
    public func replay(_ file: SignedRecording) async throws -> ReplayAnswer {
        try await send(.POST, "/api/v1/replays", .bytes(ByteBuffer(bytes: file.bytes)), signed: true)
    }

    /// The receipt of an invocation on this node, whose path and signature were checked.
    ///
    /// - Parameter id: What the answer's `skerry-receipt` header says.
    /// - Throws: `ControlFailure` with status 404 if the node does not have it.
    public func receipt(_ id: String) async throws -> SignedReceipt {
        guard !id.isEmpty, id.utf8.count <= 64, id.utf8.allSatisfy({ $0.isInReceiptID }) else {
            throw ClientError(.badInput, "\"\(id.prefix(80))\" is no receipt's id; it has letters, digits and hyphens")
        }
        let answer: ReceiptAnswer = try await get("/api/v1/receipts/\(id)")
        do {
            return try SignedReceipt(decoding: Array(answer.receipt))
        } catch {
            throw ClientError(.badAnswer, "\(control) answered with a receipt that is none: \(error)")
        }
    }
}

extension UInt8 {
    fileprivate var isInReceiptID: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
