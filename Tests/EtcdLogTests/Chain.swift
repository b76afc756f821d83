import Blake3
import Foundation
import Identity
import Ledger
import LedgerLog
import SwiftProtobuf
import Wire

/// A network's id and entries that are chained as a ledger's are. The engine looks at nothing else of them, so they
/// carry any bytes as transactions and as signature.
struct Chain: Sendable {
    let network: NetworkID
    private(set) var head: LogHead

    init(_ number: UInt8 = 1) throws {
        guard let digest = Digest([UInt8](repeating: number, count: 32)) else { throw Failure("32 bytes are a digest") }
        network = NetworkID(digest)
        head = LogHead(sequence: 0, hash: digest)
    }

    /// Begins in the middle.
    init(_ network: NetworkID, head: LogHead) {
        self.network = network
        self.head = head
    }

    /// The next entry: `byteCount` bytes of content that begin with `text`.
    mutating func next(_ text: String = "", byteCount: Int = 100) throws -> Entry {
        let entry = try after(text, byteCount: byteCount)
        head = LogHead(sequence: entry.sequence, hash: entry.hash)
        return entry
    }

    /// What ``next(_:byteCount:)`` would give; the chain stays where it is.
    func after(_ text: String, byteCount: Int = 100) throws -> Entry {
        let zeros = Data(repeating: 0, count: 32)
        let header = try LedgerPBEntryHeader.with {
            $0.networkID = Data(network.digest.bytes)
            $0.sequence = head.sequence + 1
            $0.previousHash = Data(head.hash.bytes)
            $0.timeMs = 1
            $0.batchRoot = Data(Blake3.hash(Data(text.utf8)).bytes)
            $0.stateRoot = zeros
            $0.sequencer = zeros
        }.serializedData()
        let content = Data(text.utf8) + Data(repeating: 7, count: max(0, byteCount - text.utf8.count))
        let message = LedgerPBEntry.with {
            $0.header = header
            $0.signature = Data(repeating: 1, count: 64)
            $0.transactions = content.isEmpty ? [] : [content]
        }
        return try Entry(decoding: message.serializedData())
    }

    /// What an entry of ``next(_:byteCount:)`` began with.
    static func text(_ entry: Entry) -> String {
        String(decoding: entry.transactions.first?.prefix { $0 != 7 } ?? Data(), as: UTF8.self)
    }

    func base(_ entry: Entry, certificate: Data = Data("certificate".utf8)) -> LogBase {
        LogBase(
            sequence: entry.sequence, hash: entry.hash, stateRoot: network.digest, snapshot: BlobID(entry.hash),
            snapshotByteCount: 77, certificate: certificate)
    }

    static func node(_ number: UInt8) throws -> NodeID {
        guard let digest = Digest([UInt8](repeating: number, count: 32)) else { throw Failure("32 bytes are a digest") }
        return NodeID(digest)
    }
}

extension LogRecord {
    init(_ entry: Entry) { self.init(entry: entry, outcomes: []) }
}

/// Why a test cannot go on.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The code of what `body` throws; nil if it throws nothing or something else.
func code(_ body: () async throws -> Void) async -> LedgerLogError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? LedgerLogError)?.code
    }
}
