import Blake3
import Foundation
import Ledger
import Stark

/// One record of the log: 44 bytes. A slot is a chain's number in one log file.
struct AckRecord: Hashable, Sendable {
    enum Kind: UInt8, Sendable {
        /// The slot is a channel's chain: its commodity in the number's low byte, the entry that opened it above.
        case open = 1
        /// The highest link.
        case link = 2
        /// A voucher's units and the halves of its signature.
        case voucherFront = 3
        case voucherBack = 4
        /// The channel is closed; the slot is free.
        case forget = 5
        /// What calls owe, in thousandths of a link.
        case debt = 6
    }

    static let byteCount = 44
    /// Slots of a log: the word's upper four bits are the kind.
    static let maxSlots = 1 << 28
    /// The opening entry's number takes what the commodity leaves.
    static let maxSequence: UInt64 = 1 << 56 - 1

    private static let nothing = Digest { $0.initializeMemory(as: UInt8.self, repeating: 0) }

    var kind: Kind
    var slot: Int
    var number: UInt64
    var payload: Digest

    /// Kind and slot 4, number 8, payload 32; big-endian.
    func append(to bytes: inout [UInt8]) {
        let word = UInt32(kind.rawValue) << 28 | UInt32(truncatingIfNeeded: slot)
        withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
        payload.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    /// Nil for an unknown kind. `bytes` has ``byteCount`` bytes at least.
    init?(_ bytes: UnsafeRawBufferPointer) {
        let word = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
        guard let kind = Kind(rawValue: UInt8(word >> 28)),
            let payload = Digest(UnsafeRawBufferPointer(rebasing: bytes[12..<AckRecord.byteCount]))
        else { return nil }
        self.kind = kind
        slot = Int(word & 0x0fff_ffff)
        number = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt64.self))
        self.payload = payload
    }

    init(_ kind: Kind, slot: Int, number: UInt64 = 0, payload: Digest = AckRecord.nothing) {
        self.kind = kind
        self.slot = slot
        self.number = number
        self.payload = payload
    }

    init(link: ChainLink, slot: Int) {
        self.init(
            .link, slot: slot, number: link.index, payload: Digest(unsafeUninitialized: { link.link.write(to: $0) }))
    }

    /// All that is to be kept of a channel.
    static func records(of channel: PayeeChannel, slot: Int) -> [AckRecord] {
        let number = min(channel.openedSequence, maxSequence) << 8 | UInt64(channel.key.commodity.octet)
        var records = [AckRecord(.open, slot: slot, number: number, payload: channel.key.channel.digest)]
        if let last = channel.last { records.append(AckRecord(link: last, slot: slot)) }
        if let voucher = channel.voucher { records += AckRecord.records(of: voucher, slot: slot) }
        if channel.debt > 0 { records.append(AckRecord(.debt, slot: slot, number: channel.debt)) }
        return records
    }

    static func records(of voucher: PayeeChannel.SignedVoucher, slot: Int) -> [AckRecord] {
        guard let front = Digest(voucher.signature.prefix(32)), let back = Digest(voucher.signature.suffix(32)) else {
            return []
        }
        return [
            AckRecord(.voucherFront, slot: slot, number: voucher.units, payload: front),
            AckRecord(.voucherBack, slot: slot, number: voucher.units, payload: back),
        ]
    }
}

/// What a log's records add up to. A core.
struct AckLogState: Sendable {
    private struct Entry {
        var key: PayeeChannel.Key
        var openedSequence: UInt64
        var last: ChainLink?
        var front: AckRecord?
        var voucher: PayeeChannel.SignedVoucher?
        var debt: UInt64 = 0
    }

    private var entries: [Int: Entry] = [:]

    /// In the order of their slots.
    var channels: [PayeeChannel] {
        entries.sorted { $0.key < $1.key }.map { _, entry in
            PayeeChannel(
                key: entry.key, openedSequence: entry.openedSequence, last: entry.last, voucher: entry.voucher,
                debt: entry.debt)
        }
    }

    /// - Throws: `.log` for records that this program never writes in this order.
    mutating func apply(_ record: AckRecord) throws(ChannelsError) {
        if record.kind == .open {
            guard let commodity = Commodity(octet: UInt8(truncatingIfNeeded: record.number)) else {
                throw AckLogState.damaged("an unknown commodity")
            }
            let key = PayeeChannel.Key(channel: ChannelID(record.payload), commodity: commodity)
            entries[record.slot] = Entry(key: key, openedSequence: record.number >> 8)
            return
        }
        guard var entry = entries[record.slot] else { throw AckLogState.damaged("a record of a slot that is not open") }
        switch record.kind {
        case .open: break
        case .forget:
            entries[record.slot] = nil
            return
        case .link:
            guard let link = record.payload.withUnsafeBytes({ PoseidonLink(memory: $0) }) else {
                throw AckLogState.damaged("no link")
            }
            entry.last = ChainLink(index: record.number, link: link)
        case .voucherFront: entry.front = record
        case .voucherBack:
            guard let front = entry.front, front.number == record.number else {
                throw AckLogState.damaged("half of a voucher")
            }
            entry.front = nil
            entry.voucher = .init(
                units: record.number, signature: Data(front.payload.bytes + record.payload.bytes))
        case .debt: entry.debt = record.number
        }
        entries[record.slot] = entry
    }

    private static func damaged(_ what: String) -> ChannelsError {
        ChannelsError(
            .log,
            "The log of acknowledgments has \(what) under a right checksum; another program wrote it. Move the file "
                + "away: what is not settled of it is lost")
    }
}
