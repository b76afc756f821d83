/// Who protects a blob from eviction and collection, such as `user` or `release:<name>/<id>`.
public struct PinOwner: Hashable, Sendable, Comparable, LosslessStringConvertible {
    /// Longest name, in UTF-8 bytes.
    public static let maxByteCount = 200

    /// The name.
    public let description: String

    /// Nil unless the name has 1 to `maxByteCount` bytes and no control characters.
    public init?(_ description: String) {
        guard (1...Self.maxByteCount).contains(description.utf8.count),
            !description.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { return nil }
        self.description = description
    }

    /// Byte-wise, as the store lists owners.
    public static func < (left: PinOwner, right: PinOwner) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}
