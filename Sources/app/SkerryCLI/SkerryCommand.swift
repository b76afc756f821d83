public import ArgumentParser
import Glibc
import Node

/// `skerry`: the command line for developers and operators.
public struct SkerryCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "skerry",
        abstract: "An edge network that anyone can run: sites, functions and containers, served from every node.",
        discussion: """
            Start a network on this machine with `skerry up`, deploy a folder or a JavaScript file with `skerry \
            deploy`, and open the address that it prints.
            """,
        version: SkerryNode.version,
        groupedSubcommands: [
            CommandGroup(
                name: "Local network", subcommands: [UpCommand.self, DownCommand.self, StatusCommand.self]),
            CommandGroup(
                name: "App",
                subcommands: [
                    DeployCommand.self, DevCommand.self, LogsCommand.self, ReleasesCommand.self, PromoteCommand.self,
                    ReleasesCommand.Rollback.self, NamesCommand.self, DomainsCommand.self, SecretsCommand.self,
                ]),
            CommandGroup(
                name: "Site, function and machine",
                subcommands: [
                    SitesCommand.self, FunctionsCommand.self, KVCommand.self, ReceiptsCommand.self, ReplayCommand.self,
                    MachinesCommand.self, VolumesCommand.self, ImagesCommand.self, CacheCommand.self,
                ]),
            CommandGroup(
                name: "Blob, account and payment",
                subcommands: [BlobCommand.self, AccountCommand.self, ChannelsCommand.self, ProofsCommand.self]),
            CommandGroup(
                name: "Node and ledger",
                subcommands: [
                    DoctorCommand.self, NodeCommand.self, NetworkCommand.self, LedgerCommand.self, SimulateCommand.self,
                ]),
        ])

    public init() {}

    /// Parses the arguments and runs the command; errors go to standard error with the exit status 1, and 64 for a
    /// command line that cannot be understood.
    public static func start() async {
        // Whoever started this program may ignore the end of children, and then nobody learns how one ended.
        signal(SIGCHLD, SIG_DFL)
        if let problem = CommandWords.problem(CommandLine.arguments.dropFirst()) {
            Terminal.exit(with: ValidationError(problem))
        }
        var command: any ParsableCommand
        do { command = try parseAsRoot() } catch { Terminal.exit(withParsing: error) }
        do {
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            Terminal.exit(with: error)
        }
        Terminal.endProgress()
    }
}
