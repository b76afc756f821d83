/// The machine that a release asks for, by the name that nodes know it by, such as `shared-1x-256`. What it stands for is
/// for them to say; the ledger keeps the name.
///
/// 1 to 32 lower-case letters, digits, hyphens and dots, with a letter or a digit at either end.
public struct SizeClass: Hashable, Sendable, LosslessStringConvertible {
    /// The longest name in bytes.
    public static let maxByteCount = 32

    public let description: String

    /// Nil if `text` breaks the rules.
    public init?(_ text: String) {
        guard SizeClass.isValid(text) else { return nil }
        description = text
    }

    /// Reads a name.
    ///
    /// - Throws: `.badSizeClass` if `text` breaks the rules.
    public init(checking text: String) throws(LedgerError) {
        guard SizeClass.isValid(text) else {
            throw LedgerError(
                .badSizeClass,
                "\"\(text.prefix(SizeClass.maxByteCount))\" cannot be a size class: it has 1 to "
                    + "\(SizeClass.maxByteCount) letters a to z, digits, and inner hyphens and dots")
        }
        description = text
    }

    private static func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard (1...maxByteCount).contains(bytes.count), let first = bytes.first, let last = bytes.last else {
            return false
        }
        return isLetterOrDigit(first) && isLetterOrDigit(last)
            && bytes.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}
