import ArgumentParser
import Client
import ControlModel
import Foundation
import Ledger

extension LedgerCommand {
    struct Head: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print where the ledger is, and up to where a committee signed it.")

        @OptionGroup var node: NodeOption

        func run() async throws {
            let head = try await node.ledger().head()
            if node.data.json { return try Terminal.printJSON(head) }
            Terminal.print("network       \(head.network)")
            Terminal.print("entry         \(head.sequence), \(Human.date(milliseconds: head.timeMilliseconds))")
            Terminal.print("hash          \(head.hash)")
            Terminal.print("state root    \(head.stateRoot)")
            Terminal.print(
                "transactions  \(head.appliedTransactions) applied, \(head.refusedTransactions) refused")
            Terminal.print("epoch         \(head.epoch)")
            Terminal.print("sequencer     \(head.sequencer ?? "none at the moment")")
            Terminal.print("certified     \(head.certified?.summary ?? "nothing yet")")
            if let failure = head.failure { Terminal.print("halted        \(failure)") }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print an entry with its transactions, or one transaction and what became of it.")

        @Argument(
            help: ArgumentHelp(
                "An entry's number, or a transaction's id of 64 hexadecimal digits.", valueName: "entry or id"))
        var what: String

        @OptionGroup var node: NodeOption

        func run() async throws {
            let client = try node.ledger()
            if let sequence = UInt64(what), what.utf8.count <= 20 {
                guard let entry = try await client.entry(sequence) else {
                    throw CommandError(
                        "There is no entry \(sequence); the ledger ends at entry \(try await client.head().sequence)")
                }
                if node.data.json { return try Terminal.printJSON(entry) }
                return Show.print(entry)
            }
            guard let id = TransactionID(what) else {
                throw ValidationError(
                    "\"\(what)\" is neither an entry's number nor a transaction's id of 64 hexadecimal digits")
            }
            guard let transaction = try await client.transaction(id) else {
                throw CommandError(
                    "No entry that the node keeps holds the transaction \(id); it was never applied, or its entry is older "
                        + "than the node's log")
            }
            if node.data.json { return try Terminal.printJSON(transaction) }
            let isHeld = !transaction.signerKind.isEmpty
            Terminal.print(
                isHeld ? "entry \(transaction.sequence)" : "in no entry, refused behind \(transaction.sequence)")
            Show.print(transaction)
        }

        private static func print(_ entry: EntryInfo) {
            Terminal.print("entry       \(entry.sequence), \(Human.date(milliseconds: entry.timeMilliseconds))")
            Terminal.print("hash        \(entry.hash)")
            Terminal.print("previous    \(entry.previousHash)")
            Terminal.print("root before \(entry.stateRootBefore)")
            Terminal.print("batch root  \(entry.batchRoot)")
            Terminal.print("sequencer   \(entry.sequencer)")
            Terminal.print("size        \(Human.bytes(entry.byteCount))")
            for transaction in entry.transactions {
                Terminal.print("")
                print(transaction)
            }
        }

        private static func print(_ transaction: TransactionInfo) {
            guard !transaction.id.isEmpty else { return Terminal.print("bytes that are no transaction, refused") }
            Terminal.print("\(transaction.verb)  \(transaction.id)")
            if !transaction.signerKind.isEmpty {
                Terminal.print("  by \(transaction.signerKind) \(transaction.signer), nonce \(transaction.nonce)")
            }
            for argument in transaction.arguments {
                Terminal.print("  \(argument.name): \(Terminal.safe(argument.value).replacing("\n", with: "\n    "))")
            }
            if let release = transaction.release { Terminal.print("  made release \(release)") }
            switch transaction.outcome {
            case "refused":
                Terminal.print(
                    "  refused: \(transaction.refusalMessage ?? "") (\(transaction.refusalCode ?? "unknown code"))")
            case let outcome?: Terminal.print("  \(outcome)")
            case nil: break
            }
        }
    }
}

extension CertifiedInfo {
    /// One line for people.
    var summary: String {
        "entry \(sequence) of \(Human.date(milliseconds: timeMilliseconds)), by \(votesWeight) of \(totalWeight) votes in "
            + "epoch \(epoch)"
    }
}
