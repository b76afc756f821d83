/// A volume of a slot of an app: `app/slot/name`.
public struct VolumeID: Hashable, Sendable, LosslessStringConvertible, Comparable {
    /// The app's name: 1 to 63 lower-case letters, digits and inner hyphens.
    public let app: String
    /// 0 and up.
    public let slot: UInt32
    /// The volume's name in the app's manifest; spelt as an app's name.
    public let name: String

    /// Nil unless both names are such names: they become folders.
    public init?(app: String, slot: UInt32, name: String) {
        guard VolumeID.isLabel(app), VolumeID.isLabel(name) else { return nil }
        self.app = app
        self.slot = slot
        self.name = name
    }

    /// Reads ``description``; nil for anything else.
    public init?(_ description: String) {
        let parts = description.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let slot = UInt32(parts[1]), String(slot) == parts[1] else { return nil }
        self.init(app: String(parts[0]), slot: slot, name: String(parts[2]))
    }

    /// `app/slot/name`.
    public var description: String { "\(app)/\(slot)/\(name)" }

    /// By app, slot and name.
    public static func < (left: VolumeID, right: VolumeID) -> Bool {
        (left.app, left.slot, left.name) < (right.app, right.slot, right.name)
    }

    private static func isLabel(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let hyphen = UInt8(ascii: "-")
        return (1...63).contains(bytes.count) && bytes.first != hyphen && bytes.last != hyphen
            && bytes.allSatisfy { $0 == hyphen || $0 &- 0x61 < 26 || $0 &- 0x30 < 10 }
    }
}
