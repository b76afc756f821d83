public import Foundation
public import Ledger
import Logging

/// Two headers that sequencers signed and that cannot both be true.
///
/// Either they have one sequence and differ, or the second is the next after the first and names another predecessor.
public struct ForkEvidence: Sendable, Hashable {
    /// The header in our log, as signed.
    public let ourHeader: Data
    /// The sequencer's signature on it.
    public let ourSignature: Data
    /// The header that the shared log or a peer brought, as signed.
    public let theirHeader: Data
    /// The sequencer's signature on it.
    public let theirSignature: Data

    /// Of two entries whose signatures are valid.
    public init(ours: Entry, theirs: Entry) {
        self.init(
            ourHeader: ours.headerBytes, ourSignature: ours.signature, theirHeader: theirs.headerBytes,
            theirSignature: theirs.signature)
    }

    /// Of what was kept.
    public init(ourHeader: Data, ourSignature: Data, theirHeader: Data, theirSignature: Data) {
        self.ourHeader = ourHeader
        self.ourSignature = ourSignature
        self.theirHeader = theirHeader
        self.theirSignature = theirSignature
    }
}

extension ForkEvidence {
    /// For whoever has to prove it elsewhere, in hexadecimal digits.
    var logged: Logger.Metadata {
        [
            "ours": "\(ourHeader.hex)", "our_signature": "\(ourSignature.hex)",
            "theirs": "\(theirHeader.hex)", "their_signature": "\(theirSignature.hex)",
        ]
    }
}

extension Entry {
    /// What its sequencer signed, for whoever has to show that it is wrong.
    var logged: Logger.Metadata { ["header": "\(headerBytes.hex)", "signature": "\(signature.hex)"] }
}

extension Data {
    fileprivate var hex: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
