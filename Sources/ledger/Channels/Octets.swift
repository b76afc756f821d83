import Blake3
import Ledger
import Stark

/// Writes the fixed layouts of this room: big-endian integers and bytes as they are.
struct OctetWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ digest: Digest) { digest.withUnsafeBytes { bytes.append(contentsOf: $0) } }

    mutating func write(_ link: ChainLink) {
        write(link.index)
        bytes.append(contentsOf: link.link.bytes)
    }

    mutating func write(_ data: some Sequence<UInt8>) { bytes.append(contentsOf: data) }
}

/// Reads them; nil from each where the bytes end too early.
struct OctetReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, bytes.count - position >= count else { return nil }
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number? {
        take(MemoryLayout<Number>.size).map { $0.reduce(0) { $0 << 8 | Number($1) } }
    }

    mutating func digest() -> Digest? { take(Digest.byteCount).flatMap { Digest($0) } }

    /// Nil also where the bytes are no canonical link.
    mutating func link() -> ChainLink? {
        guard let index: UInt64 = number(), let bytes = take(PoseidonLink.byteCount),
            let link = bytes.withUnsafeBytes({ PoseidonLink(memory: $0) })
        else { return nil }
        return ChainLink(index: index, link: link)
    }
}

extension Commodity {
    /// Its number in this room's messages and files, as on the ledger.
    var octet: UInt8 {
        switch self {
        case .bytes: 1
        case .compute: 2
        }
    }

    init?(octet: UInt8) {
        guard let commodity = Commodity.allCases.first(where: { $0.octet == octet }) else { return nil }
        self = commodity
    }
}
