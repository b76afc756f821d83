import ArgumentParser
import Client
import ControlModel
import Foundation
import Identity
import Ledger

struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "The account that signs your commands, and its units.",
        subcommands: [Show.self, New.self, Balance.self, Transfer.self, Mint.self])

    /// An account's key on this machine.
    private struct KeyReport: Codable {
        var account: String
        var publicKey: String
        var keyFile: String

        init(_ key: PublicKey, file: String) {
            account = key.account.description
            publicKey = key.description
            keyFile = file
        }

        func print(json: Bool) throws {
            if json { return try Terminal.printJSON(self) }
            Terminal.print("account     \(account)")
            Terminal.print("public key  \(publicKey)")
            Terminal.print("key file    \(keyFile)")
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the account's id, public key and key file; the key is made on first use.")

        @OptionGroup var account: AccountOption

        @Flag(help: "Print JSON for scripts.")
        var json = false

        func run() throws { try KeyReport(try account.load().publicKey, file: account.path).print(json: json) }
    }

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make another account: a key in a new file.",
            discussion: """
                The ledger learns of it by the first units that it gets, or by its first transaction where the network \
                lets everybody in. Commands use it with --key. Whoever has the file has the account: keep a copy in a \
                safe place.
                """)

        @Argument(help: ArgumentHelp("The key file to make.", valueName: "file"), completion: .file())
        var file: String

        @Flag(help: "Print JSON for scripts.")
        var json = false

        func run() throws {
            guard !FileManager.default.fileExists(atPath: file) else {
                throw CommandError(
                    "\(file) exists already; choose another file, or look at it with `skerry account show --key \(file)`"
                )
            }
            let path = URL(fileURLWithPath: file).path
            try KeyReport(try KeyFile.loadOrCreate(path).publicKey, file: path).print(json: json)
        }
    }

    struct Balance: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print how many units an account has, and what it owns.",
            discussion: "This is what a node says; `skerry ledger verify account <id>` proves it.")

        @Argument(help: ArgumentHelp("The account. Default: your own.", valueName: "id"))
        var id: AccountID?

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let id = try id ?? account.load().publicKey.account
            let info = try await node.ledger().account(id)
            if node.data.json { return try Terminal.printJSON(info) }
            guard info.exists else {
                throw CommandError(
                    "The ledger does not know the account \(id); it begins with the first units that it gets")
            }
            Terminal.print("account  \(info.id)")
            Terminal.print("balance  \(Units.text(info.balance))")
            Terminal.print("names    \(info.nameCount)")
            Terminal.print("nodes    \(info.nodeCount)")
            Terminal.print("nonce    \(info.nonce)")
        }
    }

    struct Transfer: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give units to another account.", discussion: "It cannot be taken back.")

        @Argument(help: "The account that gets them: 64 hexadecimal digits.")
        var to: AccountID

        @Argument(help: "How many units.")
        var amount: Units

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let key = try account.load()
            let client = try node.ledger(key: key)
            let receipt = try await client.submit(.transfer(to: to, amount: amount.count), key: key)
            let report = PaymentReport(
                receipt, to: to, amount, balance: try? await client.account(key.publicKey.account).balance)
            if node.data.json { return try Terminal.printJSON(report) }
            Terminal.print("\(Units.text(amount.count)) to \(to), entry \(receipt.sequence)")
            if let balance = report.balance { Terminal.print("\(Units.text(balance)) left") }
        }
    }

    struct Mint: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make units out of nothing: governors of development networks only.")

        @Argument(help: "The account that gets them: 64 hexadecimal digits.")
        var to: AccountID

        @Argument(help: "How many units.")
        var amount: Units

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let key = try account.load()
            let client = try node.ledger(key: key)
            let receipt = try await client.submit(.mint(to: to, amount: amount.count), key: key)
            if node.data.json { return try Terminal.printJSON(PaymentReport(receipt, to: to, amount, balance: nil)) }
            Terminal.print("\(Units.text(amount.count)) made for \(to), entry \(receipt.sequence)")
        }
    }

    private struct PaymentReport: Codable {
        var sequence: UInt64
        var to: String
        var amount: UInt64
        /// What the payer has left, if a node said so.
        var balance: UInt64?

        init(_ receipt: TransactionReceipt, to: AccountID, _ amount: Units, balance: UInt64?) {
            sequence = receipt.sequence
            self.to = to.description
            self.amount = amount.count
            self.balance = balance
        }
    }
}
