import Blake3
import WorkerProtocol

/// Writes the one form that a value has: little-endian integers, and a 32-bit length before texts, bytes and lists.
struct CanonicalWriter {
    private(set) var bytes: [UInt8] = []

    /// Most values have fewer bytes.
    static let usualBytes = 512

    init(reserving byteCount: Int = usualBytes) { bytes.reserveCapacity(byteCount) }

    mutating func raw(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    mutating func integer(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func removeAll(keeping limit: Int) { bytes.removeAll(keepingCapacity: bytes.capacity <= limit) }

    /// The head of a request.
    mutating func head(method: String, url: String, _ fields: [(name: String, value: String)]) {
        text(method)
        text(url)
        headers(fields)
    }

    /// The head of an answer.
    mutating func head(status: UInt16, _ fields: [(name: String, value: String)]) {
        integer(status)
        headers(fields)
    }

    mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

    mutating func blob(_ value: [UInt8]) {
        integer(UInt32(truncatingIfNeeded: value.count))
        bytes.append(contentsOf: value)
    }

    mutating func text(_ value: String) {
        integer(UInt32(truncatingIfNeeded: value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    mutating func digest(_ value: Digest) { value.withUnsafeBytes { bytes.append(contentsOf: $0) } }

    mutating func headers(_ fields: [HeaderField]) { headers(fields.lazy.map { (name: $0.name, value: $0.value) }) }

    mutating func headers(_ fields: some Collection<(name: String, value: String)>) {
        integer(UInt32(truncatingIfNeeded: fields.count))
        for field in fields {
            text(field.name)
            text(field.value)
        }
    }
}
