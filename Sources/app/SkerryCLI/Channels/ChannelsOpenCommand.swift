import ArgumentParser
import Channels
import Client
import ControlModel
import Foundation
import Identity
import Ledger

struct ChannelsOpenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Put units aside for a node, to pay it unit by unit.",
        discussion: """
            The deposit is units times price, exactly. What is not acknowledged comes back when the channel is closed. \
            A note of the channel is kept beside the account's key, in `channels`; the chain's links come from the \
            key.

            With --radix the units are put into three channels whose links are worth 1, 64 and 4,096 units, so that a \
            call that costs thousands of units is paid with a few acknowledgments and not with one for each 64. \
            `skerry functions invoke --pay` uses them together. Worth it where calls cost 128 units and more on \
            average.
            """)

    @Option(help: ArgumentHelp("The node to pay. Default: the one that the command talks to.", valueName: "node"))
    var payee: NodeID?

    @Option(
        help: ArgumentHelp("What to pay for: bytes (units of 128 KiB) or compute (units of gas).", valueName: "what"))
    var commodity: Commodity = .bytes

    @Option(help: "Units at most.")
    var units: UInt64?

    @Option(help: ArgumentHelp("Instead of --units, for bytes: how much data, such as 10GiB.", valueName: "size"))
    var size: ByteSize?

    @Option(help: "Units of money for each unit. Default: what the node asks.")
    var price: UInt64?

    @Option(help: ArgumentHelp("For how long, such as 90s, 30m, 24h or 7d.", valueName: "time"))
    var expires = TimeSpan(milliseconds: 86_400_000)

    @Flag(help: "For compute: three channels that pay together, see above.")
    var radix = false

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    /// Bytes that a unit of the commodity `bytes` stands for.
    private static let unitBytes = 131_072

    private struct Report: Codable {
        var channel: String
        var sequence: UInt64
        var payee: String
        var deposit: UInt64
        var units: UInt64
        var price: UInt64
        var expiresMilliseconds: Int64
        /// With --radix, those of the larger links.
        var larger: [Report]?
    }

    func validate() throws {
        guard (units != nil) != (size != nil) else {
            throw ValidationError("Say how much: --units, or --size for bytes")
        }
        guard size == nil || commodity == .bytes else { throw ValidationError("--size is for bytes; give --units") }
        guard expires.milliseconds <= Int64(NewChannel.maxLifetimeMilliseconds) else {
            throw ValidationError("--expires is at most 366d")
        }
        guard !radix || commodity == .compute && unitCount >= RadixChains.minUnits else {
            throw ValidationError("--radix is for --commodity compute and \(RadixChains.minUnits) units at least")
        }
    }

    private var unitCount: UInt64 {
        let (whole, rest) = (size?.bytes ?? 0).quotientAndRemainder(dividingBy: ChannelsOpenCommand.unitBytes)
        return units ?? UInt64(whole + (rest > 0 ? 1 : 0))
    }

    func run() async throws {
        let key = try account.load()
        let client = try node.ledger(key: key)
        let (payee, price) = try await terms()
        guard radix else {
            let purchase = ChannelPlan.Purchase(commodity: commodity, unitPrice: price, maxUnits: unitCount)
            let report = try await open(purchase, payee, client, key)
            return try node.data.json ? Terminal.printJSON(report) : ChannelsOpenCommand.print(report, for: commodity)
        }
        let purchases = try RadixChains.purchases(of: unitCount, for: commodity, unitPrice: price)
        var reports: [Report] = []
        for (weight, purchase) in zip(RadixChains.weights, purchases) {
            let first = reports.first.flatMap { ChannelID($0.channel) }
            do {
                reports.append(try await open(purchase, payee, client, key, sharing: first, weight: weight))
            } catch  where !reports.isEmpty {
                let ids = reports.map(\.channel).joined(separator: ", ")
                throw CommandError("\(error); open already: \(ids)")
            }
            if !node.data.json, let report = reports.last { ChannelsOpenCommand.print(report, for: commodity) }
        }
        guard node.data.json, var report = reports.first else { return }
        report.larger = Array(reports.dropFirst())
        try Terminal.printJSON(report)
    }

    private func open(
        _ purchase: ChannelPlan.Purchase, _ payee: NodeID, _ client: LedgerClient, _ key: SigningKey,
        sharing: ChannelID? = nil, weight: UInt64 = 1
    ) async throws -> Report {
        let (channel, receipt) = try await client.openChannel(
            to: payee, for: [purchase], lifetimeMilliseconds: expires.milliseconds, key: key,
            keep: { channel in
                try ChannelNote(channel, payer: key.publicKey.account, sharing: sharing, weight: weight)
                    .write(besideKey: account.path)
            }, forget: { ChannelNote.remove($0.id, besideKey: account.path) })
        return Report(
            channel: channel.id.description, sequence: receipt.sequence, payee: payee.description,
            deposit: try channel.plan.channel.deposit(), units: purchase.maxUnits, price: purchase.unitPrice,
            expiresMilliseconds: channel.plan.channel.expiresMilliseconds)
    }

    private static func print(_ report: Report, for commodity: Commodity) {
        Terminal.print("channel  \(report.channel)")
        Terminal.print("pays     node \(report.payee)")
        Terminal.print(
            "deposit  \(Units.text(report.deposit)): \(report.units) units of \(commodity) at \(report.price)")
        Terminal.print("expires  \(Human.date(milliseconds: report.expiresMilliseconds))")
    }

    private func terms() async throws -> (NodeID, UInt64) {
        if let payee, let price { return (payee, price) }
        let prices = try await node.client().prices()
        guard let asked = NodeID(prices.node) else { throw CommandError("The node does not say who it is; update it") }
        guard payee == nil || payee == asked else {
            throw CommandError(
                "What node \(payee?.short ?? "") asks is not known here; talk to it with --node, or give --price")
        }
        guard let price = price ?? prices.prices[commodity.rawValue] else {
            throw CommandError("The node asks nothing for \(commodity); give --price")
        }
        return (asked, price)
    }
}
