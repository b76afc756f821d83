import Blake3
public import Foundation
import Identity
import SwiftProtobuf
import Wire

extension StateProof {
    /// The one encoding.
    public var bytes: Data {
        var message = LedgerPBStateProof()
        message.networkID = header.networkID.digest.data
        message.sequence = header.sequence
        message.timeMs = header.timeMilliseconds
        message.fixedHash = header.fixedHash.data
        message.tables = header.tables.map { table in
            .with {
                $0.number = UInt32(table.number)
                $0.count = table.count
                $0.root = table.root.data
            }
        }
        message.table = UInt32(table)
        message.path = path.data
        message.depth = UInt32(siblings.count)
        message.siblingBits = StateProof.bits(siblings.map { $0 != nil })
        message.siblings = siblings.compactMap { $0?.data }
        if let leaf {
            message.leaf.path = leaf.path.data
            message.leaf.row = Data(leaf.row)
        }
        return message.canonicalBytes
    }

    /// Reads ``bytes``; what it proves is not verified yet. Any bytes are allowed.
    ///
    /// - Throws: `.malformed` or `.tooLarge`.
    public init(decoding bytes: Data) throws(LedgerError) {
        let message = try LedgerPBStateProof.decodeCanonical(
            bytes, limit: StateProof.maxByteCount, what: "state proof")
        var tables: [StateHeader.Table] = []
        for table in message.tables {
            let number = try StateProof.number(table.number)
            guard tables.last.map({ $0.number < number }) ?? true else {
                throw LedgerError(.malformed, "The proof lists its tables out of order")
            }
            tables.append(
                StateHeader.Table(
                    number: number, count: table.count, root: try Digest.decode(table.root, what: "table's root")))
        }
        header = StateHeader(
            networkID: NetworkID(try Digest.decode(message.networkID, what: "network id")),
            sequence: message.sequence, timeMilliseconds: message.timeMs,
            fixedHash: try Digest.decode(message.fixedHash, what: "hash of the fixed part"), tables: tables)
        table = try StateProof.number(message.table)
        path = try Digest.decode(message.path, what: "path")
        siblings = try StateProof.siblings(message)
        if message.hasLeaf {
            leaf = Leaf(path: try Digest.decode(message.leaf.path, what: "leaf's path"), row: Array(message.leaf.row))
        } else {
            leaf = nil
        }
    }

    private static func number(_ number: UInt32) throws(LedgerError) -> UInt8 {
        guard let number = UInt8(exactly: number) else {
            throw LedgerError(.malformed, "The proof has a table \(number); tables are below 256")
        }
        return number
    }

    private static func siblings(_ message: LedgerPBStateProof) throws(LedgerError) -> [Digest?] {
        let depth = Int(message.depth)
        guard depth <= Digest.byteCount * 8, message.siblingBits.count == (depth + 7) / 8 else {
            throw LedgerError(.malformed, "The proof's depth of \(depth) does not fit its sibling bits")
        }
        let bits = Array(message.siblingBits)
        var siblings: [Digest?] = []
        var rest = message.siblings[...]
        for level in 0..<depth {
            guard bits[level >> 3] & (0x80 >> UInt8(level & 7)) != 0 else {
                siblings.append(nil)
                continue
            }
            let sibling = try Digest.decode(rest.popFirst() ?? Data(), what: "sibling at level \(level)")
            guard sibling != MerkleHashPlan.empty else {
                throw LedgerError(.malformed, "The proof writes an empty sibling out; leave it to the sibling bits")
            }
            siblings.append(sibling)
        }
        guard rest.isEmpty, StateProof.bits(siblings.map { $0 != nil }) == message.siblingBits else {
            throw LedgerError(.malformed, "The proof has more siblings than its sibling bits say")
        }
        return siblings
    }

    private static func bits(_ flags: [Bool]) -> Data {
        var bytes = Data(count: (flags.count + 7) / 8)
        for (index, flag) in flags.enumerated() where flag { bytes[index >> 3] |= 0x80 >> UInt8(index & 7) }
        return bytes
    }
}
