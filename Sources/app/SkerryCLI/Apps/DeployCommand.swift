import ArgumentParser

struct DeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Deploy what a skerry.toml describes, a folder as a site, or a source file as a function.",
        discussion: """
            Uploads only what the node lacks, publishes a release, waits until its replicas hold it, and lets the name \
            point to it. The name is claimed on first use. TypeScript, JSX and imports are bundled by esbuild.
            """)

    @OptionGroup var deployment: DeployOptions

    func run() async throws { try await deployment.run() }
}
