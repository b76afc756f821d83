import Foundation
import NIOCore
import Recordings
import Synchronization

/// Receipts on the node's disk, so that they outlive the process: two files that take turns, each emptied when the other
/// one is full.
///
/// A record is its length (u32, big-endian), the id's length (u8), the id and the signed receipt; a file begins with its
/// number (u64), which rises. Nothing is synced: after a loss of power the newest receipts may be missing, and a record cut
/// off at the end is dropped. Receipts are verified when they are asked for.
final class ReceiptFolder: Sendable {
    /// Receipts in one file: about 12 MB.
    static let maxInFile = 16_384
    private static let headerBytes = 8
    private static let maxRecordBytes = 64 << 10

    private struct Place {
        let file: Int
        let offset: Int
        let byteCount: Int
    }

    private struct State {
        var places: [String: Place] = [:]
        var counts = [0, 0]
        var ends = [0, 0]
        /// The file that is written to, and its number.
        var current = 0
        var number: UInt64 = 0
    }

    private let path: String
    private let perFile: Int
    private let state = Mutex(State())

    /// Opens the folder, or makes it.
    ///
    /// - Parameter maxInFile: Receipts in one file.
    /// - Throws: The system's error.
    init(path: String, maxInFile: Int = ReceiptFolder.maxInFile) throws {
        self.path = path
        perFile = maxInFile
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let files = (0..<2).map { FileManager.default.contents(atPath: file($0)) ?? Data() }
        let numbers = files.map { ByteBuffer(bytes: $0.prefix(ReceiptFolder.headerBytes)).number }
        try state.withLock { state in
            state.current = numbers[1] > numbers[0] ? 1 : 0
            state.number = max(numbers[0], numbers[1])
            for index in [1 - state.current, state.current] { ReceiptFolder.scan(files[index], index, &state) }
            if state.number == 0 { try begin(0, &state) }
        }
    }

    /// Adds receipts.
    ///
    /// - Throws: The system's error; then some of them may be missing.
    func append(_ receipts: [SignedReceipt]) throws {
        try state.withLock { state in
            for start in stride(from: 0, to: receipts.count, by: perFile) {
                let part = receipts[start..<min(start + perFile, receipts.count)]
                if state.counts[state.current] + part.count > perFile { try begin(1 - state.current, &state) }
                var bytes = ByteBuffer()
                var places: [(String, Place)] = []
                for receipt in part {
                    let id = Array(receipt.receipt.id.utf8.prefix(Int(UInt8.max)))
                    let signed = receipt.bytes
                    bytes.writeInteger(UInt32(1 + id.count + signed.count))
                    bytes.writeInteger(UInt8(id.count))
                    bytes.writeBytes(id)
                    let offset = state.ends[state.current] + bytes.writerIndex
                    bytes.writeBytes(signed)
                    places.append(
                        (receipt.receipt.id, Place(file: state.current, offset: offset, byteCount: signed.count)))
                }
                let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file(state.current)))
                defer { try? handle.close() }
                // What a record that was cut off left behind goes.
                try handle.truncate(atOffset: UInt64(state.ends[state.current]))
                try handle.write(contentsOf: Data(bytes.readableBytesView))
                state.ends[state.current] += bytes.readableBytes
                state.counts[state.current] += part.count
                for (id, place) in places { state.places[id] = place }
            }
        }
    }

    /// The receipt, if it is here and whole.
    func receipt(_ id: String) -> SignedReceipt? {
        guard let place = state.withLock({ $0.places[id] }),
            let handle = try? FileHandle(forReadingFrom: URL(fileURLWithPath: file(place.file)))
        else { return nil }
        defer { try? handle.close() }
        guard (try? handle.seek(toOffset: UInt64(place.offset))) != nil,
            let bytes = try? handle.read(upToCount: place.byteCount),
            let signed = try? SignedReceipt(decoding: Array(bytes)), signed.receipt.id == id
        else { return nil }
        return signed
    }

    private func file(_ index: Int) -> String { "\(path)/receipts.\(index)" }

    private func begin(_ index: Int, _ state: inout State) throws {
        state.number += 1
        try Data(ByteBuffer(integer: state.number).readableBytesView).write(to: URL(fileURLWithPath: file(index)))
        state.places = state.places.filter { $0.value.file != index }
        state.current = index
        state.counts[index] = 0
        state.ends[index] = ReceiptFolder.headerBytes
    }

    private static func scan(_ data: Data, _ index: Int, _ state: inout State) {
        var bytes = ByteBuffer(bytes: data)
        guard bytes.readInteger(as: UInt64.self) != nil else { return }
        state.ends[index] = headerBytes
        while let length = bytes.readInteger(as: UInt32.self), length <= maxRecordBytes,
            let record = bytes.readSlice(length: Int(length)), let idCount = record.getInteger(at: 0, as: UInt8.self),
            let id = record.getString(at: 1, length: Int(idCount))
        {
            let byteCount = record.readableBytes - 1 - Int(idCount)
            state.places[id] = Place(file: index, offset: bytes.readerIndex - byteCount, byteCount: byteCount)
            state.counts[index] += 1
            state.ends[index] = bytes.readerIndex
        }
    }
}

extension ByteBuffer {
    /// The file's number; 0 for none.
    fileprivate var number: UInt64 { getInteger(at: readerIndex) ?? 0 }
}
