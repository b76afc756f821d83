import Blake3
import Ledger

/// The bytes of the log: a header, then batches, each with a checksum, then zeros.
///
/// A batch is written by one call and synchronised before the next one is written, so only the last one can be torn. What
/// does not have its checksum ends the log: a batch counts as a whole or not at all.
enum AckLogFormat {
    /// Magic 8, network 32, checksum 16, zeros 8.
    static let headerByteCount = 64
    /// Magic 4, records 4, number of the batch 8, checksum 16.
    static let batchHeaderByteCount = 32
    /// Records of a batch at most: 11.5 MB.
    static let maxBatchRecords = 1 << 18

    private static let magic = Array("skacks01".utf8)
    private static let batchMagic: UInt32 = 0x736b_6162
    private static let checksumByteCount = 16

    static func header(_ network: NetworkID) -> [UInt8] {
        var bytes = magic + network.digest.bytes
        bytes += Blake3.hash(bytes).bytes.prefix(checksumByteCount)
        return bytes + [UInt8](repeating: 0, count: headerByteCount - bytes.count)
    }

    /// - Parameter records: The bytes of whole ``AckRecord``s.
    static func batch(_ number: UInt64, records: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(batchHeaderByteCount + records.count)
        withUnsafeBytes(of: batchMagic.bigEndian) { bytes.append(contentsOf: $0) }
        let count = UInt32(truncatingIfNeeded: records.count / AckRecord.byteCount)
        withUnsafeBytes(of: count.bigEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
        let checksum = records.withUnsafeBytes { self.checksum(number, $0) }
        bytes.append(contentsOf: checksum)
        bytes.append(contentsOf: records)
        return bytes
    }

    private static func checksum(_ number: UInt64, _ records: UnsafeRawBufferPointer) -> ArraySlice<UInt8> {
        var hasher = Blake3Hasher()
        withUnsafeBytes(of: number.bigEndian) { hasher.update($0) }
        hasher.update(records)
        return hasher.finalize().bytes.prefix(checksumByteCount)
    }

    /// What a file holds.
    struct Contents {
        var state = AckLogState()
        /// Whole batches.
        var batchCount: UInt64 = 0
        /// Records in them.
        var recordCount = 0
        /// Bytes of the header and the whole batches.
        var byteCount = 0
    }

    /// Reads any bytes.
    ///
    /// - Throws: `.log` unless they begin with this network's header, and for records under a right checksum that make no
    ///   sense.
    static func read(_ bytes: UnsafeRawBufferPointer, network: NetworkID) throws(ChannelsError) -> Contents {
        guard bytes.count >= headerByteCount, bytes.prefix(headerByteCount).elementsEqual(header(network)) else {
            throw ChannelsError(
                .log, "The file is no log of acknowledgments of this network; move it away if it is another's")
        }
        var contents = Contents()
        contents.byteCount = headerByteCount
        while let records = batch(bytes, at: contents.byteCount, number: contents.batchCount) {
            for place in stride(from: 0, to: records.count, by: AckRecord.byteCount) {
                guard let record = AckRecord(UnsafeRawBufferPointer(rebasing: records[place...])) else {
                    throw ChannelsError(
                        .log, "The log of acknowledgments has a record of a later version; update skerry")
                }
                try contents.state.apply(record)
                contents.recordCount += 1
            }
            contents.batchCount += 1
            contents.byteCount += batchHeaderByteCount + records.count
        }
        return contents
    }

    /// The records of the batch at `offset`; nil if there is no whole one of this number.
    private static func batch(
        _ bytes: UnsafeRawBufferPointer, at offset: Int, number: UInt64
    ) -> UnsafeRawBufferPointer? {
        guard bytes.count - offset >= batchHeaderByteCount,
            UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) == batchMagic,
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)) == number
        else { return nil }
        let count = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)))
        let start = offset + batchHeaderByteCount
        guard (1...maxBatchRecords).contains(count), bytes.count - start >= count * AckRecord.byteCount else {
            return nil
        }
        let records = UnsafeRawBufferPointer(rebasing: bytes[start..<start + count * AckRecord.byteCount])
        let isWhole = bytes[offset + 16..<offset + batchHeaderByteCount].elementsEqual(checksum(number, records))
        return isWhole ? records : nil
    }
}
