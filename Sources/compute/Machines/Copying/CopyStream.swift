/// One file, folder or link with all that is below it, as bytes in the order of a walk; what ``MachineCopy`` moves.
///
/// Numbers are big-endian. A name is one part of a path, so no stream can say a path that leads elsewhere. The format is in
/// `skerry-holder`'s `copy.h`, which reads and writes it inside machines. It is not tar: four kinds of entry and no optional
/// fields make readers that fit a page.
public enum CopyStream {
    /// Folders within folders.
    public static let maxDepth = 64
    /// Bytes of a name.
    public static let maxNameBytes = 255
    /// Bytes of a link's target.
    public static let maxTargetBytes = 4_095
    /// Bytes of a part of a file's content.
    public static let maxPartBytes = 64 << 10

    /// What belongs to a name besides its content.
    public struct Attributes: Sendable, Hashable {
        /// Permissions, 9 bits.
        public var mode: UInt32
        /// When its bytes last changed, in nanoseconds since 1970.
        public var modified: Int64

        /// Attributes; of `mode` the last 9 bits.
        public init(mode: UInt32, modified: Int64) {
            self.mode = mode & 0o777
            self.modified = modified
        }
    }

    /// A piece of a stream.
    public enum Item: Sendable, Hashable {
        /// A folder, followed by what is in it.
        case folder([UInt8], Attributes)
        /// The end of the folder.
        case up
        /// A file, followed by parts.
        case file([UInt8], Attributes)
        /// Content of the file; an empty one ends it.
        case part([UInt8])
        /// A symbolic link: its name and its target.
        case link([UInt8], [UInt8])
        /// All has been said.
        case end
    }

    /// An item as bytes. Names and parts must be within their limits.
    public static func encode(_ item: Item) -> [UInt8] {
        switch item {
        case .folder(let name, let attributes): [Kind.folder.rawValue] + head(attributes) + text(name)
        case .up: [Kind.up.rawValue]
        case .file(let name, let attributes): [Kind.file.rawValue] + head(attributes) + text(name)
        case .part(let bytes): number(UInt32(clamping: bytes.count)) + bytes
        case .link(let name, let target): [Kind.link.rawValue] + text(name) + text(target)
        case .end: [Kind.end.rawValue]
        }
    }

    enum Kind: UInt8 {
        case folder = 0x44, up = 0x55, file = 0x46, link = 0x4C, end = 0x5A
    }

    private static func number(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    private static func head(_ attributes: Attributes) -> [UInt8] {
        number(attributes.mode) + number(attributes.modified)
    }

    private static func text(_ text: [UInt8]) -> [UInt8] { number(UInt16(clamping: text.count)) + text }
}
