public import ArgumentParser
import Node

/// `skerry`: the command line for developers and operators.
public struct SkerryCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "skerry",
        abstract: "An edge network that anyone can run: sites, functions and containers, served from every node.",
        discussion: """
            Start a network on this machine with `skerry up`, deploy a folder or a JavaScript file with
            `skerry deploy`, and open the address that it prints.
            """,
        version: SkerryNode.version,
        subcommands: [
            UpCommand.self, DownCommand.self, StatusCommand.self, DeployCommand.self, SitesCommand.self,
            FunctionsCommand.self, MachinesCommand.self, VolumesCommand.self, DevCommand.self, CacheCommand.self,
            KVCommand.self, SecretsCommand.self,
            ReleasesCommand.self, ReplayCommand.self,
            ReceiptsCommand.self, ImagesCommand.self,
            PromoteCommand.self, NamesCommand.self, DomainsCommand.self, BlobCommand.self, AccountCommand.self,
            NodeCommand.self,
            NetworkCommand.self, LedgerCommand.self, ChannelsCommand.self, ProofsCommand.self, SimulateCommand.self,
            DoctorCommand.self,
        ])

    public init() {}

    /// Parses the arguments and runs the command; errors go to standard error with the exit status 1, and 64 for a
    /// command line that cannot be understood.
    public static func start() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            Terminal.exit(with: error)
        }
    }
}
