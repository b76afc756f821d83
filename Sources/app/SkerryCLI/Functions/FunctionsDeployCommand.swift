import ArgumentParser

struct FunctionsDeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy", abstract: "Deploy a function; the same as `skerry deploy`.")

    @OptionGroup var deployment: DeployOptions

    func run() async throws { try await deployment.run() }
}
