import ArgumentParser
import Client
import ControlModel
import Ledger

struct FunctionsDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Take a function off the network.",
        discussion: """
            Publishes an empty release and lets the name point to it: no code runs any more, no clock calls it, and \
            visitors get a 404. The ledger has no transaction that gives a name up or removes a release: the name \
            stays this account's, older releases stay listed, and `skerry functions rollback` brings the last one \
            back. Domains stay bound until `skerry domains remove`.
            """)

    @Argument(help: "The function's name.", transform: AppName.argument)
    var name: AppName

    @OptionGroup var question: ConfirmOption
    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    func run() async throws {
        let key = try account.load()
        let client = try node.client(key: key)
        let info = try await node.info(of: name)
        try question.confirm(
            "This would let \(name) point to an empty release: its code stops running and visitors get a 404. The name and "
                + "its \(Human.count(info.releases.count, "release")) stay on the ledger.")
        let result = try await Deployer(client: client, key: key).withdraw(name, message: "deleted")
        if node.data.json { return try Terminal.printJSON(result) }
        Terminal.print(
            result.unchanged
                ? "\(name) was taken off the network before"
                : "\(name) is off the network: the empty release \(result.release) is live")
        Terminal.print("The name stays yours; `skerry functions rollback \(name)` brings it back.")
        for domain in info.domains {
            Terminal.print("The domain \(domain) still leads to it: skerry domains remove \(domain)")
        }
    }
}
