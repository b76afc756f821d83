package import Blake3
package import Identity

/// Leave to write, given to one peer for a few minutes: a keyed hash of the peer under a secret of this node. Nothing
/// is kept by peer, and a sender proves that it has heard an answer of ours lately.
package struct WriteTokens: Sendable {
    /// The length of every node's tokens. Whoever is given one keeps it for minutes: others are not taken.
    package static let byteCount = Digest.byteCount

    /// How long a secret makes tokens; those of the secret before are still taken, so a token lives one to two of
    /// these.
    private let rotation: Duration
    private var current: Digest
    private var previous: Digest?
    private var rotatedAt: Duration

    package init(rotation: Duration, now: Duration, using random: inout some RandomNumberGenerator) {
        self.rotation = rotation
        current = .random(using: &random)
        rotatedAt = now
    }

    /// The token for `peer`.
    package mutating func token(
        for peer: NodeID, now: Duration, using random: inout some RandomNumberGenerator
    ) -> Digest {
        rotate(now: now, using: &random)
        return WriteTokens.token(peer, current)
    }

    /// Whether `token` was given to `peer` under this secret or the one before.
    package mutating func isValid(
        _ token: some Collection<UInt8>, for peer: NodeID, now: Duration, using random: inout some RandomNumberGenerator
    ) -> Bool {
        rotate(now: now, using: &random)
        guard let token = Digest(token) else { return false }
        return token == WriteTokens.token(peer, current)
            || previous.map { token == WriteTokens.token(peer, $0) } == true
    }

    private mutating func rotate(now: Duration, using random: inout some RandomNumberGenerator) {
        let age = now - rotatedAt
        guard age >= rotation else { return }
        previous = age < rotation * 2 ? current : nil
        current = .random(using: &random)
        rotatedAt = now
    }

    private static func token(_ peer: NodeID, _ secret: Digest) -> Digest {
        peer.digest.withUnsafeBytes { Blake3.keyedHash(key: secret, $0) }
    }
}

extension Digest {
    /// 32 random bytes.
    static func random(using random: inout some RandomNumberGenerator) -> Digest {
        Digest { bytes in
            for offset in stride(from: 0, to: Digest.byteCount, by: 8) {
                bytes.storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
            }
        }
    }
}
