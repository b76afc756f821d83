import ArgumentParser

struct MachinesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "machines", abstract: "Containers that the network keeps running.",
        discussion: """
            A machine is an OCI image with a size, described by the skerry.toml of a folder (kind = "machine") that \
            `skerry deploy` deploys. `skerry releases`, `promote` and `secrets` work as for other apps.
            """,
        subcommands: [
            MachinesListCommand.self, MachinesStatusCommand.self, MachinesTopCommand.self, MachinesCreateCommand.self,
            MachinesRunCommand.self, MachinesScaleCommand.self, MachinesStartCommand.self, MachinesStopCommand.self,
            MachinesRestartCommand.self, MachinesExecCommand.self, MachinesCopyCommand.self, MachinesLogsCommand.self,
            MachinesEventsCommand.self, MachinesDestroyCommand.self,
        ])
}
