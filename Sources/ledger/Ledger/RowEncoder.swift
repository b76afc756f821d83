import Blake3
import Foundation
import Stark

/// Writes the one encoding of a state row: fixed-width big-endian integers and length-prefixed bytes.
struct RowEncoder {
    private(set) var bytes: [UInt8]

    /// Appends to `bytes`.
    init(_ bytes: [UInt8] = []) { self.bytes = bytes }

    mutating func append(_ value: UInt8) { bytes.append(value) }

    mutating func append(_ value: Bool) { bytes.append(value ? 1 : 0) }

    mutating func append(_ value: UInt64) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ value: Int64) { append(UInt64(bitPattern: value)) }

    mutating func append(count: Int) { append(UInt64(count)) }

    mutating func append(_ digest: Digest) { digest.withUnsafeBytes { bytes.append(contentsOf: $0) } }

    mutating func append(_ link: PoseidonLink) { bytes.append(contentsOf: link.bytes) }

    mutating func append(contentsOf other: [UInt8]) { bytes.append(contentsOf: other) }

    /// The bytes without their number.
    mutating func append(contentsOf data: Data) { data.withUnsafeBytes { append(contentsOf: $0) } }

    mutating func append(contentsOf memory: UnsafeRawBufferPointer) { bytes.append(contentsOf: memory) }

    mutating func append(_ data: Data) {
        append(count: data.count)
        bytes.append(contentsOf: data)
    }

    mutating func append(_ text: String) {
        append(count: text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(_ endpoint: Endpoint?) {
        append(endpoint != nil)
        guard let endpoint else { return }
        append(endpoint.host)
        append(UInt64(endpoint.port))
    }

    /// Starts over with the memory that there is.
    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// Zeros up to `byteCount` bytes in all.
    mutating func pad(to byteCount: Int) {
        while bytes.count < byteCount { bytes.append(contentsOf: Self.zeros.prefix(byteCount - bytes.count)) }
    }

    private static let zeros = [UInt8](repeating: 0, count: 64)
}
