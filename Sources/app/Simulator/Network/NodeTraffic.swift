/// What one node sent and received, as bytes on the wire.
package struct NodeTraffic: Codable, Equatable, Sendable {
    package var messagesOut = 0
    package var bytesOut = 0
    /// What arrived; lost messages and those to nodes that are down do not count.
    package var messagesIn = 0
    package var bytesIn = 0

    /// Bytes of the frame header and of the TLS 1.3 record around a message.
    package static let recordBytes = 12 + 22
    /// Bytes of the IPv4 and TCP headers (with timestamps) of a segment, and what fits in one.
    package static let segmentBytes = (header: 52, payload: 1_448)

    /// The bytes on the wire of a message with a body of `byteCount` bytes.
    package static func wireBytes(_ byteCount: Int) -> Int {
        let bytes = byteCount + recordBytes
        let segments = (bytes + segmentBytes.payload - 1) / segmentBytes.payload
        return bytes + segments * segmentBytes.header
    }
}
