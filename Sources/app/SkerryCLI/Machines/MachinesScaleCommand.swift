import AppManifests
import ArgumentParser
import Client
import ControlModel
import Foundation
import Identity
import Ledger
import Manifests

struct MachinesScaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Change how many copies of a machine run.",
        discussion: "Publishes a release that differs in that only; copies that go on running are not touched.")

    @Argument(help: "The app's name.", transform: AppName.argument)
    var app: AppName

    @Argument(help: "Copies: a number, or the least and the most such as 1-5.")
    var copies: String

    @Option(help: "Requests in flight for each copy before another one is started.")
    var inFlight: Int?

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    func run() async throws {
        let parts = copies.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(parts.count), let least = parts[0], let most = parts[parts.count - 1] else {
            throw ValidationError("\"\(copies)\" is no number of copies; write 3, or 1-5")
        }
        let key = try account.load()
        let deployer = Deployer(client: try node.client(key: key), key: key)
        let result = try await deployer.changeMachine(of: app, "scale to \(copies)") { machine in
            // As in a manifest: what grows by itself shrinks too.
            if inFlight != nil, least < most, machine.minReplicas == machine.maxReplicas {
                machine.idleMilliseconds = max(machine.idleMilliseconds, 60_000)
            }
            machine.minReplicas = least
            machine.maxReplicas = most
            if let inFlight { machine.inFlightTarget = inFlight }
        }
        if node.data.json { return try Terminal.printJSON(result) }
        Terminal.print(
            result.unchanged
                ? "\(app) has that many copies already"
                : "\(app) has \(copies) \(copies == "1" ? "copy" : "copies") with release \(result.release)")
    }
}

/// What `machines run` and `machines create` say in place of a skerry.toml.
struct MachineImageOptions: ParsableArguments {
    @Argument(help: "The image: oci:FOLDER, archive:FILE, or a registry's reference.")
    var image: String

    @Argument(parsing: .captureForPassthrough, help: "The command, in place of the image's.")
    var command: [String] = []

    @Option(help: "The app's name.", transform: AppName.argument)
    var name: AppName

    @Option(help: "The size, such as shared-1x-256.")
    var size = MachineSize.standard.description

    @Option(help: ArgumentHelp("A port that answers HTTP; may be repeated.", valueName: "port"))
    var port: [Int] = []

    @Option(help: ArgumentHelp("A text in its environment, NAME=value; may be repeated.", valueName: "pair"))
    var env: [String] = []

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    /// Publishes it, and waits until it runs.
    func deploy(restart: String, message: String) async throws {
        // A basic string of TOML, which may hold any character but those that are escaped here.
        func quoted(_ text: String) -> String {
            let scalars = text.unicodeScalars.map { scalar in
                scalar.value < 0x20 || scalar.value == 0x7F || scalar == "\\" || scalar == "\""
                    ? String(format: "\\u%04X", scalar.value) : String(scalar)
            }
            return "\"\(scalars.joined())\""
        }
        let words = command.first == "--" ? Array(command.dropFirst()) : command
        var text = "name = \(quoted(name.description))\nkind = \"machine\"\n"
        if !env.isEmpty {
            text += "[vars]\n"
            for pair in env {
                guard let equals = pair.firstIndex(of: "=") else {
                    throw ValidationError("\"\(pair)\" is no NAME=value")
                }
                text += "\(quoted(String(pair[..<equals]))) = \(quoted(String(pair[pair.index(after: equals)...])))\n"
            }
        }
        text += "[machine]\nimage = \(quoted(image))\nsize = \(quoted(size))\nrestart = \(quoted(restart))\n"
        if !words.isEmpty { text += "command = [\(words.map(quoted).joined(separator: ", "))]\n" }
        for (index, number) in port.enumerated() {
            text += "[[machine.ports]]\nname = \"http\(index == 0 ? "" : "\(index)")\"\nport = \(number)\n"
        }
        let app = try AppManifest(parsing: text, fileName: "what the options say")
        let key = try account.load()
        let folder = FileManager.default.currentDirectoryPath
        let result = try await Deployer(client: try node.client(key: key), key: key).deployApp(
            folder: folder, app, name: name, message: message)
        if node.data.json { return try Terminal.printJSON(result) }
        Terminal.print("\(name) runs with release \(result.release)")
        if !port.isEmpty { Terminal.print(result.url) }
    }
}

struct MachinesCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a machine that is kept running, without a skerry.toml.",
        discussion: "The same as deploying a folder whose skerry.toml says this. `skerry machines destroy` ends it.")

    @OptionGroup var options: MachineImageOptions

    @Option(help: "What happens when it ends: always, on-failure or never.")
    var restart = MachineManifest.Restart.always.rawValue

    func run() async throws { try await options.deploy(restart: restart, message: "machines create") }
}

struct MachinesRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run an image as a machine once, without a skerry.toml.",
        discussion: "As `skerry machines create`, but what ends is not started again.")

    @OptionGroup var options: MachineImageOptions

    @Option(help: "What happens when it ends: always, on-failure or never.")
    var restart = MachineManifest.Restart.never.rawValue

    func run() async throws { try await options.deploy(restart: restart, message: "machines run") }
}

struct MachinesDestroyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroy", abstract: "End an app's machines for good.",
        discussion: "The name stays yours, and its releases stay on the ledger; volumes stay on their nodes.")

    @Argument(help: "The app's name.", transform: AppName.argument)
    var app: AppName

    @OptionGroup var question: ConfirmOption
    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    func run() async throws {
        let key = try account.load()
        let deployer = Deployer(client: try node.client(key: key), key: key)
        switch try await deployer.liveManifest(of: app) {
        case .machine: break
        case .composite(let app) where app.machine != nil:
            throw CommandError(
                "The app has other parts beside its machine; take [machine] out of its skerry.toml and deploy it again, or "
                    + "`skerry machines scale \(self.app) 0`")
        case .site, .function, .origin, .composite: throw CommandError("\(app) has no machines")
        }
        try question.confirm(
            "This would end all machines of \(app), and visitors get a 404. The name, its releases and its volumes stay."
        )
        let result = try await deployer.withdraw(app, message: "machines destroyed")
        if node.data.json { return try Terminal.printJSON(result) }
        Terminal.print("\(app) has no machines any more (release \(result.release))")
    }
}
