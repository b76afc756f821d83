import ArgumentParser
import Identity

struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "Show the account that signs your commands.", subcommands: [Show.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the account's id, public key and key file; the key is made on first use.")

        @OptionGroup var account: AccountOption

        @Flag(help: "Print JSON for scripts.")
        var json = false

        private struct Report: Codable {
            var account: String
            var publicKey: String
            var keyFile: String
        }

        func run() throws {
            let key = try account.load().publicKey
            let report = Report(account: key.account.description, publicKey: key.description, keyFile: account.path)
            if json { return try Terminal.printJSON(report) }
            Terminal.print("account     \(report.account)")
            Terminal.print("public key  \(report.publicKey)")
            Terminal.print("key file    \(report.keyFile)")
        }
    }
}
