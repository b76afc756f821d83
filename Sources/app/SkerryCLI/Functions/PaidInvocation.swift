import Channels
import Client
import ControlModel
import Foundation
import Functions
import Identity
import Ledger
import Logging
import NIOCore
import Node
import Streams

/// A call of a function that is paid out of a channel of the account, over the peer port of a node that runs it.
struct PaidInvocation {
    /// Units that a channel has at least, and how long it holds, for a node to take it.
    private static let minUnits: UInt64 = 64
    private static let minLifetimeMilliseconds: Int64 = 60_000
    /// From the opening of a channel until it expires.
    private static let lifetimeMilliseconds: Int64 = 86_400_000

    let node: NodeOption
    let account: AccountOption
    /// In units of money.
    let maxPrice: UInt64
    /// Of a channel that is opened.
    let units: UInt64

    /// Calls, prints the answer's body, and what it cost on standard error.
    ///
    /// - Parameter isShown: Whether the status and the headers are printed too.
    func run(_ request: PayingCaller.Request, isShown: Bool) async throws {
        let key = try account.load()
        let ledger = try node.ledger(key: key)
        let head = try await ledger.head()
        guard let network = NetworkID(head.network) else {
            throw CommandError("The node does not say which network it is on; update it")
        }
        let serving = try await ledger.servingNodes(of: request.app)
        let known = try await openChannels(to: serving, network, key, ledger)
        if !known.isEmpty {
            do {
                return try await call(request, known, network, key, ledger, isShown: isShown)
            } catch let error as ClientError where error.code == .channelExhausted {
                Terminal.note(Terminal.safe(error.message))
            }
        }
        let new = try await open(to: serving, key, ledger)
        try await call(request, [new], network, key, ledger, isShown: isShown)
    }

    /// - Parameter payments: All to one node.
    private func call(
        _ request: PayingCaller.Request, _ payments: [PayableChannel], _ network: NetworkID, _ key: SigningKey,
        _ ledger: LedgerClient, isShown: Bool
    ) async throws {
        let payee = payments[0].payee
        guard let provider = try await ledger.node(payee).flatMap({ PaidProvider($0) }) else {
            throw CommandError("The ledger does not say where node \(payee) is; pay another one with --node")
        }
        let caller = try PayingCaller(
            key: key, network: network, providers: [provider], payments: payments,
            logger: Logger(label: "skerry.paying") { _ in SwiftLogNoOpLogHandler() })
        do {
            try await call(request, by: caller, at: payee, isShown: isShown)
        } catch {
            await caller.close()
            throw error
        }
        await caller.close()
    }

    private func call(
        _ request: PayingCaller.Request, by caller: PayingCaller, at payee: NodeID, isShown: Bool
    ) async throws {
        let start = ContinuousClock.now
        let answer: PayingCaller.Answer
        do { answer = try await caller.call(request, at: payee, maxPrice: maxPrice) } catch let error
            as PayingCaller.Failure
        {
            note(error.bill, payee)
            throw CommandError(
                "The function failed: \(Terminal.safe(error.error.message)) (\(Terminal.safe(error.error.code.rawValue)))"
            )
        }
        if isShown {
            Terminal.note("\(answer.status), \(Human.seconds(.now - start))")
            for (name, value) in answer.headers { Terminal.note(Terminal.safe("\(name): \(value)")) }
            Terminal.note("")
        }
        note(answer.bill, payee)
        switch answer.body {
        case .bytes(let bytes): Terminal.write(bytes: bytes.readableBytesView)
        case .stream(let stream):
            while let part = try await stream.next() { Terminal.write(bytes: part.readableBytesView) }
        }
        guard answer.status < 500 else { throw CommandError("The function failed: \(answer.status)") }
    }

    private func note(_ bill: PayingCaller.Bill, _ payee: NodeID) {
        let before = bill.priceBefore == 0 ? "" : ", of that \(bill.priceBefore) for calls before"
        Terminal.note(
            "paid \(Units.text(bill.price)) for \(bill.units) of gas to node \(payee.short)\(before)")
    }

    // MARK: Channels

    /// Channels of this account that pay one of the nodes that run the app, or the one that was named; none if there is no
    /// such.
    private func openChannels(
        to serving: [NodeID], _ network: NetworkID, _ key: SigningKey, _ ledger: LedgerClient
    ) async throws -> [PayableChannel] {
        let wanted = try await node.node == nil ? nil : NodeID(node.client().status().id)
        let soon = Int64(Date().timeIntervalSince1970 * 1_000) + PaidInvocation.minLifetimeMilliseconds
        let notes = ChannelNote.all(besideKey: account.path).filter {
            $0.network == network.description && $0.payer == key.publicKey.account.description
                && $0.expiresMilliseconds > soon
        }
        var payments: [PayableChannel] = []
        for note in notes where note.sharing == nil {
            guard let payee = NodeID(note.payee), let id = ChannelID(note.id),
                payments.isEmpty || payments[0].payee == payee,
                wanted.map({ $0 == payee }) ?? serving.contains(payee),
                try await isUsable(id, PaidInvocation.minUnits, ledger),
                var payment = try note.payment(for: .compute, key: key)
            else { continue }
            for other in notes where other.sharing == note.id && other.payee == note.payee {
                guard let weight = other.weight, try await isUsable(ChannelID(other.id), 1, ledger),
                    let part = try other.payment(for: .compute, key: key),
                    let larger = LargerChain(channel: part.channel, weight: weight, chain: part.chain)
                else { continue }
                payment.larger.append(larger)
            }
            payments.append(payment)
        }
        // Those that pay much at a time come first.
        return payments.filter { !$0.larger.isEmpty } + payments.filter { $0.larger.isEmpty }
    }

    private func isUsable(_ id: ChannelID?, _ minUnits: UInt64, _ ledger: LedgerClient) async throws -> Bool {
        guard let id, let channel = try await ledger.channel(id), channel.closingMilliseconds == nil,
            let chain = channel.chains.first(where: { $0.commodity == Commodity.compute.rawValue })
        else { return false }
        return chain.maxUnits - min(chain.maxUnits, chain.settledUnits) >= minUnits
    }

    /// The node to open a channel to: the one that was named, or one on this machine that runs the app.
    private func seller(_ serving: [NodeID]) throws -> NodeClient {
        guard node.node == nil, node.data.nodeFolder == nil else { return try node.client() }
        let names = Set(serving.map(\.description))
        let run = try node.data.network.nodes.compactMap { $0.folder.readRun() }.first { names.contains($0.id) }
        return try run.map { NodeClient(control: $0.control) } ?? node.client()
    }

    /// A new channel to a node that runs the app, at its price.
    private func open(
        to serving: [NodeID], _ key: SigningKey, _ ledger: LedgerClient
    ) async throws -> PayableChannel {
        let prices = try await seller(serving).prices()
        guard let payee = NodeID(prices.node), let price = prices.prices[Commodity.compute.rawValue] else {
            throw CommandError("The node asks nothing for compute; open a channel with `skerry channels open`")
        }
        guard serving.contains(payee) else {
            let names = serving.map(\.description).joined(separator: ", ")
            throw CommandError("Node \(payee.short) does not run the function; name one that does: \(names)")
        }
        guard price <= maxPrice else {
            throw CommandError("The node asks \(price) for a unit of gas; --max-price is \(maxPrice)")
        }
        let (channel, receipt) = try await ledger.openChannel(
            to: payee, for: [.init(commodity: .compute, unitPrice: price, maxUnits: units)],
            lifetimeMilliseconds: PaidInvocation.lifetimeMilliseconds, key: key,
            keep: { try ChannelNote($0, payer: key.publicKey.account).write(besideKey: account.path) },
            forget: { ChannelNote.remove($0.id, besideKey: account.path) })
        Terminal.note("opened channel \(channel.id): \(units) units of gas at \(price), to node \(payee.short)")
        guard receipt.applied.contains(payee.description), let chain = channel.plan.chains[.compute] else {
            throw CommandError("Node \(payee.short) has not heard of the channel yet; repeat the command")
        }
        return PayableChannel(channel: channel.id, payee: payee, chain: chain, unitPrice: price)
    }
}
