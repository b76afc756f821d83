/// What an operator says that its node offers. Nobody verifies it; 0 stands for what is not said.
public struct NodeCapacity: Hashable, Sendable {
    /// Each number at most: the largest whole number that every reader of JSON keeps exact (RFC 8259, section 6).
    public static let maxValue: UInt64 = (1 << 53) - 1

    /// For blobs and volumes, in bytes.
    public var storageBytes: UInt64
    /// For functions and machines, in bytes.
    public var memoryBytes: UInt64
    /// For functions and machines, in thousandths of a core.
    public var cpuMillis: UInt64
    /// To and from the network, in bytes a second.
    public var bandwidthBytesPerSecond: UInt64

    public init(
        storageBytes: UInt64 = 0, memoryBytes: UInt64 = 0, cpuMillis: UInt64 = 0, bandwidthBytesPerSecond: UInt64 = 0
    ) {
        self.storageBytes = storageBytes
        self.memoryBytes = memoryBytes
        self.cpuMillis = cpuMillis
        self.bandwidthBytesPerSecond = bandwidthBytesPerSecond
    }

    /// Whether nothing is said.
    public var isEmpty: Bool { self == NodeCapacity() }

    /// - Throws: `.tooLarge` for a number above ``maxValue``.
    func check() throws(LedgerError) {
        let largest = max(storageBytes, memoryBytes, cpuMillis, bandwidthBytesPerSecond)
        guard largest <= NodeCapacity.maxValue else {
            throw LedgerError(
                .tooLarge, "The node's capacity has a number of \(largest); at most \(NodeCapacity.maxValue) is allowed"
            )
        }
    }
}

extension NodeCapacity {
    func encode(into encoder: inout RowEncoder) {
        encoder.append(storageBytes)
        encoder.append(memoryBytes)
        encoder.append(cpuMillis)
        encoder.append(bandwidthBytesPerSecond)
    }

    init(decoder: inout RowDecoder) throws(LedgerError) {
        self.init(
            storageBytes: try decoder.uint64(), memoryBytes: try decoder.uint64(), cpuMillis: try decoder.uint64(),
            bandwidthBytesPerSecond: try decoder.uint64())
    }
}
