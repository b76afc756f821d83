public import Foundation
public import Identity

/// What an app's owner asks of one of the app's machines, signed by the owner: whoever hands it on to the machine's node
/// needs no trust.
public struct MachineOrder: Codable, Sendable, Equatable {
    /// What is asked.
    public enum Action: Codable, Sendable, Equatable {
        /// Stop it until it is started again.
        case stop
        case start
        /// Stop it, wait for that, and start it.
        case restart
        /// What happened to it behind a sequence.
        case events(after: Int)
        /// The last lines that it wrote, or those behind a time in nanoseconds since 1970; waits for some if there are none.
        case logs(after: Int64, tail: Int, waitMillis: Int)
        /// Begins a command in it; with columns and rows it gets a terminal.
        case exec([String], columns: UInt16?, rows: UInt16?)
        /// Begins to copy files into it, to or below a path; what is copied is the session's input.
        case copyIn(path: String)
        /// Begins to copy the file or folder at a path out of it; it is the session's standard output.
        case copyOut(path: String)
        /// Gives a session input, at most ``maxInputBytes``, and with `ends` none after it; waits while it takes nothing.
        /// One at a time.
        case input(session: String, bytes: Data, ends: Bool, waitMillis: Int)
        /// Reads what a session wrote; waits for that if there is nothing.
        case output(session: String, waitMillis: Int)
        /// Gives a session's terminal another size.
        case resize(session: String, columns: UInt16, rows: UInt16)
        /// Ends a session.
        case hangUp(session: String)
        /// Something about one of its volumes.
        case volume(VolumeAction)
    }

    /// The largest encoding in bytes.
    public static let maxByteCount = 128 << 10
    /// Input of one order at most, in bytes.
    public static let maxInputBytes = 64 << 10
    /// How long an order is good for, and how far clocks may be apart, in seconds.
    public static let maxAgeSeconds: Int64 = 60
    /// The longest that an order may ask to wait, in milliseconds.
    public static let maxWaitMillis = 20_000
    /// The longest nonce in bytes: nodes remember those of the last minutes.
    public static let maxNonceBytes = 64
    /// Lines in one answer at most.
    public static let maxLines = 1_000
    /// Bytes of all lines in one answer at most; more than any line has.
    public static let maxLineBytes = 512 << 10

    /// The network's id.
    public var network: String
    public var app: String
    public var slot: UInt32
    /// The node that is to carry it out: another one refuses it.
    public var node: String
    /// Seconds since 1970.
    public var time: Int64
    /// Used once.
    public var nonce: String
    public var action: Action

    public init(
        network: String, app: String, slot: UInt32, node: String, time: Int64, nonce: String = UUID().uuidString,
        action: Action
    ) {
        self.network = network
        self.app = app
        self.slot = slot
        self.node = node
        self.time = time
        self.nonce = nonce
        self.action = action
    }

    /// An order with its signature, as it travels.
    private struct Signed: Codable {
        var order: Data
        var key: String
        var signature: Data
    }

    private static let domain = Data("skerry machine order v1\n".utf8)

    /// The order's bytes with the signature of `key`.
    public func signed(by key: SigningKey) throws -> Data {
        let encoder = JSONEncoder()
        // Base64 may be all slashes.
        encoder.outputFormatting = .withoutEscapingSlashes
        let order = try encoder.encode(self)
        let signature = try key.sign(MachineOrder.domain + order)
        return try encoder.encode(Signed(order: order, key: key.publicKey.description, signature: signature))
    }

    /// Reads a signed order and verifies its signature. Any bytes are allowed.
    ///
    /// - Returns: The order and the account that signed it.
    /// - Throws: ``ControlFailure`` with status 400, 401 or 413.
    public static func read(_ bytes: Data) throws -> (order: MachineOrder, account: AccountID) {
        guard bytes.count <= maxByteCount else {
            throw ControlFailure(
                status: 413, code: "machine/too-large",
                message: "The order has \(bytes.count) bytes; at most \(maxByteCount) are taken")
        }
        guard let signed = try? JSONDecoder().decode(Signed.self, from: bytes),
            let key = PublicKey(hex: signed.key), signed.signature.count == 64
        else {
            throw ControlFailure(
                status: 400, code: "machine/bad-order", message: "These bytes are no order; update the older side")
        }
        guard key.isValidSignature(signed.signature, for: domain + signed.order) else {
            throw ControlFailure(
                status: 401, code: "machine/bad-signature",
                message: "The order's signature is not valid; sign it with the key of the app's owner")
        }
        guard let order = try? JSONDecoder().decode(MachineOrder.self, from: signed.order) else {
            throw ControlFailure(
                status: 400, code: "machine/bad-order", message: "The node does not know this order; update it")
        }
        return (order, key.account)
    }
}
