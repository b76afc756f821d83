/// A machine's name on its node: 1 to 63 of `a`–`z`, `0`–`9` and `-`, not beginning or ending with a `-`.
///
/// It becomes a host name, a folder, a cgroup and the runtime's container id, so nothing else is let in.
public struct MachineID: Hashable, Sendable, LosslessStringConvertible, Comparable, Codable {
    /// The longest name: a DNS label (RFC 1035, section 2.3.4).
    public static let maxLength = 63

    /// The name.
    public let description: String

    /// Nil unless `description` is such a name.
    public init?(_ description: String) {
        let bytes = Array(description.utf8)
        guard (1...Self.maxLength).contains(bytes.count), bytes.first != UInt8(ascii: "-"),
            bytes.last != UInt8(ascii: "-")
        else { return nil }
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                continue
            default: return nil
            }
        }
        self.description = description
    }

    /// By name.
    public static func < (left: Self, right: Self) -> Bool { left.description < right.description }

    /// Reads a name and refuses what is none.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = MachineID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is no machine id")
        }
        self = id
    }

    /// Writes the name.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
