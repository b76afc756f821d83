import Blake3
import Foundation
import Identity
import LedgerLog

@testable import EtcdLog

/// Decoders of what the members of an etcd cluster answer. A target takes any bytes and says what was read wrongly; nil
/// if nothing was.
enum EtcdLogFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] { ["etcd-values": values] }

    /// The first byte chooses what the rest is read as.
    private static func values(_ input: [UInt8]) -> String? {
        guard let kind = input.first else { return nil }
        let value = Data(input.dropFirst())
        let written =
            switch kind % 3 {
            case 0: EtcdValues.head(value).map { EtcdValues.encode($0) }
            case 1: EtcdValues.base(value).map { EtcdValues.encode($0) }
            default: EtcdValues.leader(value).map { EtcdValues.encode($0) }
            }
        return written == nil || written == value ? nil : "a value is written otherwise than it was read"
    }

    /// Small valid inputs by target and name.
    static func seeds() -> [String: [String: [UInt8]]] {
        let digest = Blake3.hash([1])
        let base = LogBase(
            sequence: 9, hash: digest, stateRoot: digest, snapshot: BlobID(digest), snapshotByteCount: 5,
            certificate: Data([1, 2, 3]))
        return [
            "etcd-values": [
                "head": [0] + EtcdValues.encode(LogHead(sequence: 9, hash: digest)),
                "base": [1] + EtcdValues.encode(base), "leader": [2] + EtcdValues.encode(NodeID(digest)),
            ]
        ]
    }
}
