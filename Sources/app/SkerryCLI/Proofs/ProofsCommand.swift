import ArgumentParser

struct ProofsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proofs", abstract: "Settlement proofs: measure making them on this machine, and verify them.",
        subcommands: [ProofsBenchCommand.self, ProofsVerifyCommand.self])
}
