/// What a tar says of one of its entries.
struct TarEntry: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case file
        case folder
        case symbolicLink
        case hardLink
        /// A device node, named pipe or socket.
        case special(Character)
    }

    var kind: Kind
    /// As it is written in the archive. Bytes, since names need not be text, and two texts may be equal though their bytes
    /// are not.
    var name: [UInt8]
    /// A link's target; empty for others.
    var target: [UInt8]
    /// Permissions with set-user, set-group and sticky bits: 12 bits.
    var mode: UInt32
    var user: UInt32
    var group: UInt32
    /// Bytes of content that follow.
    var size: Int
    /// Where its content begins, in bytes from the beginning of the tar.
    var offset: Int
    var modified: Time

    /// A moment: seconds since 1970 UTC, and nanoseconds behind them (0 to 999,999,999).
    struct Time: Hashable, Sendable {
        var seconds: Int64
        var nanoseconds: Int
    }
}

/// Gets what a ``TarReader`` reads, in order.
protocol TarConsumer {
    /// An entry begins.
    mutating func begin(_ entry: TarEntry) throws(ImageError)
    /// Some of the entry's content; valid during the call only.
    mutating func content(_ bytes: UnsafeRawBufferPointer) throws(ImageError)
    /// The entry is over.
    mutating func end() throws(ImageError)
}
