import Calls
import Channels
public import Functions
public import Identity
public import Ledger
public import Logging
import NIOCore
import PaidDelivery
import Peering
import Streams
import Synchronization

/// Calls functions at nodes that want to be paid for it, over their peer ports, and pays each call once it has answered: what
/// the node says that it cost, as far as that can be and was agreed to.
///
/// A unit of gas is a millisecond of the function's CPU time. A call uses no more of it than the time that it takes here: a
/// node that says otherwise is paid nothing for the call, and its channel is used no more. The node keeps a long answer's
/// body until the call is paid. Calls may run at the same time; safe to use from any task.
public final class PayingCaller: Sendable {
    /// What to call.
    public struct Request: Sendable {
        public var app: AppName
        /// In upper case.
        public var method: String
        /// Path and query.
        public var path: String
        public var headers: [(name: String, value: String)]
        /// A stream is sent as it comes. At most 6 MiB.
        public var body: FunctionBody
        /// How long the head of the answer may take, at most 10 minutes; nodes have limits of their own, which are lower.
        public var timeout: Duration

        public init(
            app: AppName, method: String = "GET", path: String = "/", headers: [(name: String, value: String)] = [],
            body: FunctionBody = .empty, timeout: Duration = .seconds(60)
        ) {
            self.app = app
            self.method = method
            self.path = path
            self.headers = headers
            self.body = body
            self.timeout = timeout
        }
    }

    /// What a call cost.
    public struct Bill: Sendable, Hashable {
        /// Units of gas.
        public let units: UInt64
        /// For them, and ``priceBefore``; in units of money.
        public let price: UInt64
        /// What was paid for calls before that the node says are owed, such as those of a process that ended before it paid.
        public let priceBefore: UInt64

        public init(units: UInt64, price: UInt64, priceBefore: UInt64 = 0) {
            self.units = units
            self.price = price
            self.priceBefore = priceBefore
        }
    }

    /// A function's answer.
    public struct Answer: Sendable {
        public let status: Int
        /// As the node sent them: nothing is known of what names and values hold.
        public let headers: [(name: String, value: String)]
        /// Comes as it is read. A stream that is not read to its end must be stopped, or dropped.
        public let body: FunctionBody
        public let bill: Bill
    }

    /// The function failed, or the node refused to run it. What it cost is paid all the same.
    public struct Failure: Error, CustomStringConvertible {
        public let error: FunctionError
        public let bill: Bill

        public var description: String { error.description }
    }

    /// The longest that any call may take to its answer.
    private static let wallLimit = Duration.seconds(600)

    private let peers: PeerNetwork
    private let calls: PayingCalls
    private let sender: CallSender

    /// - Parameters:
    ///   - key: The account's; it pays and connects.
    ///   - providers: Nodes to call.
    ///   - payments: Channels that pay them for `compute`. No other process, and no other caller, may use them meanwhile.
    ///   - maxPermille: The most that is paid for a unit, in thousandths of a channel's price.
    /// - Throws: `IdentityError` or a TLS library's error if the key cannot be used.
    public init(
        key: SigningKey, network: NetworkID, providers: [PaidProvider], payments: [PayableChannel],
        maxPermille: UInt32 = 1000, logger: Logger
    ) throws {
        let peers = try PaidDirectory(providers).connect(key, network, logger)
        self.peers = peers
        let callPeers = CallPeers(peers)
        let purse = Purse(payments, maxPermille: maxPermille)
        calls = PayingCalls(
            key: key, holder: key.publicKey.node, network: network, isPaid: { _ in true }, logger: logger,
            ask: { try await callPeers.ask($0, $1, $2, $3) }, fund: { try purse.take(for: $0) })
        sender = CallSender(peers: callPeers, wallLimit: TimeAmount(PayingCaller.wallLimit))
    }

    /// Calls a function and returns with the head of its answer, once that is paid. Cancelling the task ends the call at the
    /// node; what it used until then is paid.
    ///
    /// - Parameter maxPrice: The most that the call may cost, in units of money; see ``Bill/price``. A node that finds that
    ///   the call used more takes as much, and keeps the answer.
    /// - Throws: ``Failure``; ``ClientError`` `.channelExhausted`, `.priceTooHigh`, `.overcharged`, `.notPaid` or
    ///   `.unreachable`.
    public func call(_ request: Request, at node: NodeID, maxPrice: UInt64) async throws -> Answer {
        let isRepeatable = if case .bytes = request.body { true } else { false }
        do {
            do {
                return try await attempt(request, at: node, maxPrice)
            } catch let error as PeerError {
                // A session that the node forgot is opened again, and what is owed is paid.
                guard isRepeatable, PayingCaller.isUnpaid(error.code.description),
                    await calls.isWorthRepeating(at: node)
                else { throw error }
            }
            return try await attempt(request, at: node, maxPrice)
        } catch {
            throw PayingCaller.explained(error, node)
        }
    }

    /// Units that were paid since this was made.
    public var paidUnits: UInt64 { calls.paidUnits }

    /// Hands each node a voucher for all that was acknowledged to it through each channel, so that it settles with that many
    /// signatures, however many units they are. Worth it for who is done with the channels; without it the nodes settle by
    /// the links that they have.
    ///
    /// - Returns: Units that the vouchers are for, by node that is paid; 0 for one that took none.
    @discardableResult
    public func handVouchers() async -> [NodeID: UInt64] { await calls.handVouchers() }

    /// Ends calls and connections.
    public func close() async { await peers.shutdown() }

    private func attempt(_ request: Request, at node: NodeID, _ maxPrice: UInt64) async throws -> Answer {
        let payment = try await calls.begin(at: node, atMost: maxPrice)
        let start = NIODeadline.now()
        let begun: CallSender.Begun
        do { begun = try await send(request, to: node, mostGas: UInt32(clamping: payment.mostGas)) } catch {
            await calls.ended(payment, after: .now() - start)
            throw error
        }
        do { try await calls.pay(payment, gas: begun.gas, after: .now() - start) } catch {
            await sender.stop(begun)
            throw error
        }
        let bill = Bill(
            units: begun.gas, price: payment.price(of: begun.gas), priceBefore: payment.priceBefore)
        do {
            let reply = try sender.reply(to: begun)
            return Answer(status: reply.status, headers: reply.headers, body: reply.body, bill: bill)
        } catch let failure as CallFailure {
            throw Failure(error: failure.error, bill: bill)
        }
    }

    private func send(_ request: Request, to node: NodeID, mostGas: UInt32) async throws -> CallSender.Begun {
        let cancellation = Cancellation()
        let call = FunctionCall(
            method: request.method, url: request.path, headers: request.headers, body: request.body,
            deadline: .now() + TimeAmount(min(request.timeout, PayingCaller.wallLimit)), cancellation: cancellation)
        return try await withTaskCancellationHandler {
            try await sender.begin(call, of: request.app.description, at: node, mostGas: mostGas)
        } onCancel: {
            cancellation.cancel()
        }
    }

    // MARK: Errors

    private static func isUnpaid(_ code: String) -> Bool { code.hasPrefix("channels/") }

    private static func explained(_ error: any Error, _ node: NodeID) -> any Error {
        let code: String
        let message: String
        switch error {
        case let error as ChannelsError: (code, message) = (error.code.description, error.message)
        case let error as PeerError: (code, message) = (error.code.description, error.message)
        case let failure as CallFailure: return Failure(error: failure.error, bill: Bill(units: 0, price: 0))
        default: return error
        }
        let kind: ClientError.Code =
            switch ChannelsError.Code(code) {
            case .exhausted, .dust, .channelEnded, .unknownChannel: .channelExhausted
            case .price: .priceTooHigh
            case .overcharged: .overcharged
            default: isUnpaid(code) ? .notPaid : .unreachable
            }
        return ClientError(kind, "Node \(node.short) was not called: \(message) (\(code))")
    }

    /// The channels that nobody pays with yet.
    private final class Purse: Sendable {
        private let wallets: Mutex<[NodeID: [PayingClient.Wallet]]>

        init(_ payments: [PayableChannel], maxPermille: UInt32) {
            var wallets: [NodeID: [PayingClient.Wallet]] = [:]
            for payment in payments {
                wallets[payment.payee, default: []].append(
                    PayingClient.Wallet(
                        channel: payment.channel, commodity: .compute, chain: payment.chain, larger: payment.larger,
                        maxPermille: maxPermille, unitPrice: payment.unitPrice))
            }
            self.wallets = Mutex(wallets)
        }

        func take(for node: NodeID) throws -> PayingClient.Wallet {
            let wallet = wallets.withLock { wallets -> PayingClient.Wallet? in
                guard let first = wallets[node]?.first else { return nil }
                wallets[node]?.removeFirst()
                return first
            }
            guard let wallet else {
                throw ClientError(
                    .channelExhausted,
                    "No channel is left that pays node \(node.short) for compute; open one, such as with "
                        + "`skerry channels open --commodity compute`")
            }
            return wallet
        }
    }
}
