import Blake3
import Foundation
import Identity
import Ledger

/// What a node reveals to the beacon: derived from its key, so that a restart between commitment and reveal loses
/// nothing and nothing has to be kept.
struct BeaconSecret: Sendable {
    private let key: Digest

    init(_ nodeKey: SigningKey, _ network: NetworkID) {
        let material = Array(nodeKey.rawRepresentation) + network.digest.bytes
        key = material.withUnsafeBytes { Blake3.deriveKey(context: "skerry 2026-11 beacon secret", $0) }
    }

    /// The share of a round. Nobody without the node's key can tell it before it is revealed.
    func share(epoch: UInt64, round: UInt32) -> Digest {
        var input: [UInt8] = []
        withUnsafeBytes(of: epoch.littleEndian) { input += $0 }
        withUnsafeBytes(of: round.littleEndian) { input += $0 }
        return input.withUnsafeBytes { Blake3.keyedHash(key: key, $0) }
    }
}
