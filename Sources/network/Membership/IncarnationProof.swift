import Blake3
import Foundation
import Identity

/// A node's own word on which life it is in, or that it goes.
struct IncarnationProof: Sendable, Hashable {
    /// How far an incarnation may be above the clock, or above what is known of the node: one day in milliseconds.
    /// Beyond it a node could put itself out of reach of every refutation.
    static let maxJump: UInt64 = 86_400_000
    private static let domain = Data("skerry 2026-11 incarnation\n".utf8)

    let incarnation: UInt64
    let isLeaving: Bool
    let signature: Data

    /// Signs for the node of `key`.
    ///
    /// - Parameter network: The hash of the genesis, 32 bytes.
    /// - Throws: The crypto library's error.
    init(_ key: SigningKey, network: Data, incarnation: UInt64, isLeaving: Bool) throws {
        self.incarnation = incarnation
        self.isLeaving = isLeaving
        signature = try key.sign(
            IncarnationProof.message(key.publicKey.node, network, incarnation, isLeaving: isLeaving))
    }

    /// Nil unless `signature` is that of `key`.
    init?(checking signature: Data, of key: PublicKey, network: Data, incarnation: UInt64, isLeaving: Bool) {
        let message = IncarnationProof.message(key.node, network, incarnation, isLeaving: isLeaving)
        guard key.isValidSignature(signature, for: message) else { return nil }
        self.incarnation = incarnation
        self.isLeaving = isLeaving
        self.signature = signature
    }

    /// Whether an incarnation may be true: at most a day above the clock or above what was proven before.
    static func isPlausible(_ incarnation: UInt64, known: UInt64, nowMillis: UInt64) -> Bool {
        let floor = max(known, nowMillis)
        let (limit, overflow) = floor.addingReportingOverflow(maxJump)
        return incarnation <= (overflow ? UInt64.max : limit)
    }

    private static func message(_ node: NodeID, _ network: Data, _ incarnation: UInt64, isLeaving: Bool) -> Data {
        var message = domain + network
        message.append(contentsOf: node.digest.bytes)
        withUnsafeBytes(of: incarnation.bigEndian) { message.append(contentsOf: $0) }
        message.append(isLeaving ? 1 : 0)
        return message
    }
}
