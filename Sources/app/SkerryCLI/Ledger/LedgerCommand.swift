import ArgumentParser

struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Look at the network's ledger, prove what it holds, and check all of it.",
        discussion: """
            `head` and `show` print what a node says. `proof` and `verify` trust nothing but the id of the network's \
            genesis: the committees' signatures and the proof must lead from there to the answer. `replay`, `export` \
            and `import` carry out every transaction again.
            """,
        subcommands: [
            Head.self, Show.self, Proof.self, Verify.self, Export.self, Import.self, Replay.self,
        ])
}
