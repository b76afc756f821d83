/// What a request for a block says of its payment.
public struct BlockPayment: Hashable, Sendable {
    /// What is paid for at a time: 128 KiB, half of a block.
    public static let unitByteCount = 131_072
    /// Acknowledgments that travel with one request at most.
    public static let maxAcknowledgments = 8

    /// An acknowledged unit.
    public struct Acknowledgment: Hashable, Sendable {
        /// Units in all.
        public let index: UInt64
        /// 32 bytes, which mean nothing here.
        public let link: [UInt8]

        public init(index: UInt64, link: [UInt8]) {
            self.index = index
            self.link = link
        }
    }

    /// The number that the peer gave to the session.
    public let session: UInt32
    /// What the block counts as: 1 or 2. The peer refuses a larger block.
    public let units: Int
    /// In ascending order, at most ``maxAcknowledgments``.
    public let acknowledgments: [Acknowledgment]

    public init(session: UInt32, units: Int, acknowledgments: [Acknowledgment]) {
        self.session = session
        self.units = units
        self.acknowledgments = acknowledgments
    }

    /// Units of so many bytes: at least 1.
    public static func units(byteCount: Int) -> Int { max(1, (byteCount + unitByteCount - 1) / unitByteCount) }
}
