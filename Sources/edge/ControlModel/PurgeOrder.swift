public import Foundation
public import Identity
public import Ledger

/// An order to serve stored answers of an app no more, signed by the app's owner. Nodes keep and hand it on.
///
/// Signed bytes: lines of text (tag, network, app, scope, value, kind, time, nonce), each with its end, and the owner's
/// key; then the signature.
public struct PurgeOrder: Sendable, Hashable {
    /// Which stored answers are meant.
    public enum Scope: String, Sendable, Hashable, CaseIterable {
        /// All variants of a URL.
        case url
        /// All that carry a surrogate key.
        case key
        /// All of a host.
        case host
        /// Everything of the app.
        case everything
    }

    /// Longest ``value``, in UTF-8 bytes.
    public static let maxValueBytes = 8_192
    /// Longest ``encoded``.
    public static let maxBytes = 16_384
    /// How long an order counts, and nodes keep it for those that were away: 14 days. Later they could not tell it from one
    /// that they have carried out.
    public static let maxAgeMilliseconds: Int64 = 14 * 86_400_000
    /// How far the signer's clock may be ahead: an hour.
    public static let maxAheadMilliseconds: Int64 = 3_600_000

    public let app: AppName
    /// Who signed.
    public let owner: PublicKey
    public let scope: Scope
    /// The URL, the surrogate key or the host; empty for everything.
    public let value: String
    /// Whether what is meant becomes stale rather than go.
    public let isSoft: Bool
    /// Milliseconds since 1970, by the signer's clock.
    public let time: Int64
    /// The bytes that ``init(decoding:network:)`` reads.
    public let encoded: Data

    private static let tag = "skerry cache purge v1"
    private static let signatureBytes = 64

    /// Signs an order.
    ///
    /// - Throws: ``ControlFailure`` for a value that is empty, too long or has control characters.
    public init(
        signing scope: Scope, _ value: String, isSoft: Bool, of app: AppName, network: NetworkID, time: Int64,
        key: SigningKey
    ) throws {
        try PurgeOrder.check(scope, value)
        let nonce = String(UInt64.random(in: 0 ... .max), radix: 16)
        let lines = [
            PurgeOrder.tag, network.description, app.description, scope.rawValue, value, isSoft ? "soft" : "hard",
            String(time), nonce,
        ]
        let body = Data(lines.map { $0 + "\n" }.joined().utf8) + key.publicKey.bytes
        self.app = app
        owner = key.publicKey
        self.scope = scope
        self.value = value
        self.isSoft = isSoft
        self.time = time
        encoded = try body + key.sign(body)
    }

    /// Reads and verifies an order. Any bytes are allowed. Whether ``owner`` owns the app is for the caller to ask.
    ///
    /// - Throws: ``ControlFailure`` if it is no order for this network, or is not signed by its owner.
    public init(decoding bytes: Data, network: NetworkID) throws {
        let malformed = ControlFailure(
            status: 400, code: "cache/bad-order", message: "This is no order to purge; update the older side")
        let bytes = Data(bytes)
        guard bytes.count <= PurgeOrder.maxBytes,
            bytes.count > PurgeOrder.signatureBytes + PublicKey.byteCount
        else { throw malformed }
        let body = Data(bytes.dropLast(PurgeOrder.signatureBytes))
        let text = Data(body.dropLast(PublicKey.byteCount))
        guard let owner = PublicKey(Data(body.suffix(PublicKey.byteCount))),
            let lines = String(validating: text, as: UTF8.self)?.split(
                separator: "\n", omittingEmptySubsequences: false),
            lines.count == 9, lines[8].isEmpty, lines[0] == PurgeOrder.tag, let app = AppName(String(lines[2])),
            let scope = Scope(rawValue: String(lines[3])), let time = Int64(lines[6]), time >= 0,
            lines[5] == "soft" || lines[5] == "hard"
        else { throw malformed }
        try PurgeOrder.check(scope, String(lines[4]))
        guard lines[1] == network.description,
            owner.isValidSignature(Data(bytes.suffix(PurgeOrder.signatureBytes)), for: body)
        else {
            throw ControlFailure(
                status: 403, code: "cache/bad-signature",
                message: "The order to purge is not signed by its owner for this network")
        }
        self.app = app
        self.owner = owner
        self.scope = scope
        value = String(lines[4])
        isSoft = lines[5] == "soft"
        self.time = time
        encoded = bytes
    }

    /// Checks that the order counts still, at a time in milliseconds since 1970.
    ///
    /// - Throws: ``ControlFailure``.
    public func checkAge(now: Int64) throws {
        let range = (now - PurgeOrder.maxAgeMilliseconds)...(now + PurgeOrder.maxAheadMilliseconds)
        guard !range.contains(time) else { return }
        throw ControlFailure(
            status: 400, code: "cache/old-order",
            message: "The order to purge is older than 14 days, or of tomorrow; set the clock, and make a new one")
    }

    private static func check(_ scope: Scope, _ value: String) throws {
        let isFine =
            scope == .everything
            ? value.isEmpty
            : !value.isEmpty && value.utf8.count <= maxValueBytes
                && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        guard isFine else {
            throw ControlFailure(
                status: 400, code: "cache/bad-purge",
                message: "What is purged is 1 to \(maxValueBytes) bytes without control characters")
        }
    }
}
