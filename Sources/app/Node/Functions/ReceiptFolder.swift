import Foundation
import NIOCore
import Recordings
import Synchronization

/// Receipts on the node's disk, so that they outlive the process: two files that take turns, each emptied when the other
/// one is full.
///
/// A record is a length (u32, big-endian) and a ``ReceiptBatch``; a file begins with eight bytes that say so and its number
/// (u64), which rises. Nothing is synced: after a loss of power the newest receipts may be missing, and a record cut off at
/// the end is dropped. Receipts are verified when they are asked for.
final class ReceiptFolder: Sendable {
    /// Receipts in one file: about 8 MB.
    static let maxInFile = 16_384
    private static let magic = Array("skerryR2".utf8)
    private static let headerBytes = magic.count + 8

    private struct Place {
        let file: Int
        let offset: Int
        let byteCount: Int
    }

    private struct State {
        /// The oldest first. To find a receipt takes a look at the ids of all, of which few are asked for.
        var batches: [(ids: [String], place: Place)] = []
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
        let numbers = files.map(ReceiptFolder.number)
        try state.withLock { state in
            state.current = numbers[1] > numbers[0] ? 1 : 0
            state.number = max(numbers[0], numbers[1])
            for index in [1 - state.current, state.current] where numbers[index] > 0 {
                ReceiptFolder.scan(files[index], index, &state)
            }
            if state.number == 0 { try begin(0, &state) }
        }
    }

    /// Adds receipts.
    ///
    /// - Throws: The system's error; then they may be missing.
    func append(_ batch: ReceiptBatch) throws {
        try state.withLock { state in
            if state.counts[state.current] + batch.ids.count > perFile { try begin(1 - state.current, &state) }
            let file = state.current
            var record = ByteBuffer(integer: UInt32(batch.bytes.count))
            record.writeBytes(batch.bytes)
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: self.file(file)))
            defer { try? handle.close() }
            // What a record that was cut off left behind goes.
            try handle.truncate(atOffset: UInt64(state.ends[file]))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(record.readableBytesView))
            let place = Place(file: file, offset: state.ends[file] + 4, byteCount: batch.bytes.count)
            state.ends[file] += record.readableBytes
            state.counts[file] += batch.ids.count
            state.batches.append((batch.ids, place))
        }
    }

    /// The receipt, if it is here and whole.
    func receipt(_ id: String) -> SignedReceipt? {
        guard let place = state.withLock({ $0.batches.last { $0.ids.contains(id) }?.place }),
            let handle = try? FileHandle(forReadingFrom: URL(fileURLWithPath: file(place.file)))
        else { return nil }
        defer { try? handle.close() }
        guard (try? handle.seek(toOffset: UInt64(place.offset))) != nil,
            let bytes = try? handle.read(upToCount: place.byteCount)
        else { return nil }
        return try? ReceiptBatch(decoding: Array(bytes)).receipt(id)
    }

    private func file(_ index: Int) -> String { "\(path)/receipts.\(index)" }

    private func begin(_ index: Int, _ state: inout State) throws {
        state.number += 1
        var header = ByteBuffer(bytes: ReceiptFolder.magic)
        header.writeInteger(state.number)
        try Data(header.readableBytesView).write(to: URL(fileURLWithPath: file(index)))
        state.batches.removeAll { $0.place.file == index }
        state.current = index
        state.counts[index] = 0
        state.ends[index] = ReceiptFolder.headerBytes
    }

    /// A file's number; 0 for what is none of these files.
    private static func number(_ data: Data) -> UInt64 {
        guard data.starts(with: magic) else { return 0 }
        return ByteBuffer(bytes: data.prefix(headerBytes)).getInteger(at: magic.count) ?? 0
    }

    private static func scan(_ data: Data, _ index: Int, _ state: inout State) {
        var bytes = ByteBuffer(bytes: data)
        bytes.moveReaderIndex(forwardBy: headerBytes)
        state.ends[index] = headerBytes
        while let length = bytes.readInteger(as: UInt32.self), length <= ReceiptLimits.maxBatchBytes,
            let record = bytes.readBytes(length: Int(length)), let batch = try? ReceiptBatch(decoding: record)
        {
            let place = Place(file: index, offset: bytes.readerIndex - record.count, byteCount: record.count)
            state.batches.append((batch.ids, place))
            state.counts[index] += batch.ids.count
            state.ends[index] = bytes.readerIndex
        }
    }
}
