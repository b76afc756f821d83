import ArgumentParser
import Client
import ControlModel
import Foundation
import Identity
import Ledger

struct ChannelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "channels", abstract: "Payment channels: what you put aside for nodes, and what they earned.",
        discussion: """
            A channel is prepaid. Units that a client acknowledges are the node's, the rest comes back when the \
            channel is closed. An acknowledgment says that the client accepted a unit and authorised its price; it \
            does not prove that bytes were delivered or that a computation was right.
            """,
        subcommands: [
            ChannelsOpenCommand.self, ChannelsListCommand.self, ChannelsSettleCommand.self, ChannelsCloseCommand.self,
        ])
}

struct ChannelsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List open channels: those that you opened, or those that pay a node.")

    @Option(help: ArgumentHelp("Those that pay this node.", valueName: "node"))
    var payee: NodeID?

    @Option(help: ArgumentHelp("Those of this account. Default: your own, unless --payee is given.", valueName: "id"))
    var payer: AccountID?

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    func run() async throws {
        let payer = try payer ?? (payee == nil ? account.load().publicKey.account : nil)
        let channels = try await node.ledger().channels(payer: payer, payee: payee)
        if node.data.json { return try Terminal.printJSON(channels) }
        let rows = channels.flatMap { channel in
            channel.chains.map { chain in
                [
                    channel.id, String(channel.payer.prefix(8)), String(channel.payee.prefix(8)), chain.commodity,
                    "\(chain.settledUnits) of \(chain.maxUnits)", "\(chain.unitPrice)",
                    "\(channel.settled) of \(channel.deposit)", ChannelsListCommand.state(channel),
                ]
            }
        }
        let head = ["CHANNEL", "PAYER", "PAYEE", "FOR", "UNITS SETTLED", "PRICE", "PAID", "STATE"]
        for line in Human.table([head] + rows) { Terminal.print(line) }
    }

    private static func state(_ channel: ChannelInfo) -> String {
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        if now > channel.endMilliseconds { return "ended" }
        if channel.closingMilliseconds != nil {
            return "closing, ends \(Human.date(milliseconds: channel.endMilliseconds))"
        }
        let expired = now >= channel.expiresMilliseconds ? "expired" : "expires"
        return "\(expired) \(Human.date(milliseconds: channel.expiresMilliseconds))"
    }
}

struct ChannelsSettleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settle", abstract: "Have a node settle now what clients acknowledged to it.",
        discussion: """
            Nodes settle by themselves, every few minutes and before channels end. Only the node's operator may ask \
            for it.
            """)

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    func run() async throws {
        let earnings = try await node.client(key: account.load()).settleChannels()
        if node.data.json { return try Terminal.printJSON(earnings) }
        EarningsReport.print(earnings)
    }
}

struct ChannelsCloseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close", abstract: "End a channel; what is not earned comes back to its payer.",
        discussion: """
            The payer's closing comes into force after a grace, in which the node may settle; say it again then, or \
            wait: nodes close what has ended. The payee's operator closes at once, after settling.
            """)

    @Argument(help: "The channel's id: 64 hexadecimal digits.")
    var channel: ChannelID

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    private struct Report: Codable {
        var channel: String
        var sequence: UInt64
        /// Nil if the channel is closed.
        var endMilliseconds: Int64?
        /// What came back to the payer, if the channel is closed.
        var refund: UInt64?
    }

    func run() async throws {
        let key = try account.load()
        let client = try node.ledger(key: key)
        guard var before = try await client.channel(channel) else {
            throw CommandError("No channel \(channel) is open; it was closed or never opened")
        }
        if before.payer != key.publicKey.account.description, let payee = NodeID(before.payee),
            try await client.node(payee)?.operatorAccount == key.publicKey.account.description
        {
            // What is not settled when the payee closes is lost to it.
            let own = try node.client(key: key)
            guard try await own.status().id == before.payee else {
                throw CommandError(
                    "Closing as its payee's operator would give up what is not settled; name node "
                        + "\(before.payee.prefix(8)) with --node, so that it settles first")
            }
            _ = try await own.settleChannels()
            before = try await client.channel(channel) ?? before
        }
        let receipt = try await client.submit(.closeChannel(channel), key: key)
        let after = try await client.channel(channel)
        if after == nil { ChannelNote.remove(channel, besideKey: account.path) }
        let refund = before.deposit - min(before.settled, before.deposit)
        let report = Report(
            channel: channel.description, sequence: receipt.sequence, endMilliseconds: after?.endMilliseconds,
            refund: after == nil ? refund : nil)
        if node.data.json { return try Terminal.printJSON(report) }
        if let after {
            Terminal.print(
                "closing; the node may settle until \(Human.date(milliseconds: after.endMilliseconds)), then say it again"
            )
        } else {
            Terminal.print("closed; \(Units.text(refund)) came back to \(before.payer)")
        }
    }
}

/// What a node earned and spent, for people.
enum EarningsReport {
    static func print(_ earnings: EarningsInfo) {
        Terminal.print(
            "earned      \(Units.text(earnings.settledValue)) for \(earnings.settledUnits) units, in \(earnings.batches) settlements"
        )
        Terminal.print(
            "pending     \(Units.text(earnings.pendingValue)) for \(earnings.pendingUnits) units of "
                + "\(earnings.pendingChains) channels")
        if earnings.proverSeconds > 0 {
            Terminal.print("proving     \(String(format: "%.2f", earnings.proverSeconds)) s")
        }
        if earnings.falseBatches > 0 {
            Terminal.print(
                "FALSE       \(earnings.falseBatches) of \(earnings.rehashedBatches) settled batches; see the log")
        }
    }

    static func print(_ spending: SpendingInfo) {
        Terminal.print(
            "pays from   \(spending.account): \(Units.text(spending.balance)), \(spending.channels) channels open")
        if spending.bytesUnits > 0 || spending.computeUnits > 0 {
            Terminal.print(
                "paid for    \(spending.bytesUnits) units of 128 KiB, \(spending.computeUnits) of gas, since it started"
            )
        }
    }
}
