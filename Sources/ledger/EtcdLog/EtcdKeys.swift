package import Foundation
package import Ledger

/// The keys of one network's log: all under `/<network id>/`, so that one cluster serves several networks.
package struct EtcdKeys: Sendable {
    private static let sequenceDigits = 16

    /// Under which everything is.
    package let prefix: String
    /// Where the log ends.
    package let head: Data
    /// Where the log begins, once it was truncated.
    package let base: Data
    /// Who leads; goes with its lease.
    package let leader: Data
    /// What the entries' keys begin with.
    private let entries: Data
    /// Behind every entry's key.
    package let entriesEnd: Data

    package init(_ network: NetworkID) {
        prefix = "/\(network)/"
        head = Data("\(prefix)head".utf8)
        base = Data("\(prefix)snap".utf8)
        leader = Data("\(prefix)leader".utf8)
        entries = Data("\(prefix)e/".utf8)
        // "0" follows "/".
        entriesEnd = Data("\(prefix)e0".utf8)
    }

    /// Sixteen hexadecimal digits, so that the keys' order is the entries'.
    package func entry(_ sequence: UInt64) -> Data {
        let digits = String(sequence, radix: 16)
        return entries + Data(String(repeating: "0", count: EtcdKeys.sequenceDigits - digits.count).utf8)
            + Data(digits.utf8)
    }

    /// The sequence that ``entry(_:)`` made this key of; nil for any other key.
    package func sequence(_ key: Data) -> UInt64? {
        guard key.starts(with: entries), key.count == entries.count + EtcdKeys.sequenceDigits,
            let sequence = UInt64(String(decoding: key.dropFirst(entries.count), as: UTF8.self), radix: 16),
            entry(sequence) == key
        else { return nil }
        return sequence
    }
}
