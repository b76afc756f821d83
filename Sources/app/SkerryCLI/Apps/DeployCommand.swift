import ArgumentParser
import Client
import Foundation
import Ledger

struct DeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Deploy a folder as a site, or a JavaScript file as a function.",
        discussion: """
            Uploads only what the node lacks, publishes a release, waits until its replicas hold it, and lets the name point
            to it. The name is claimed on first use.
            """)

    @Argument(
        help: ArgumentHelp("A folder with an index.html, or a .js file that exports a handler.", valueName: "path"))
    var path: String

    @Option(help: "The app's name: 1 to 63 lower-case letters, digits and inner hyphens.")
    var name: String

    @Option(help: "A note that `skerry releases list` shows.")
    var message = ""

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    func run() async throws {
        let name: AppName
        do { name = try AppName(checking: self.name) } catch { throw ValidationError(error.message) }
        let start = ContinuousClock.now
        let key = try account.load()
        let deployer = Deployer(client: try node.client(key: key), key: key) { DeployCommand.show($0) }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CommandError("\(path) does not exist; give a folder or a JavaScript file")
        }
        let result: Deployer.Result
        if isFolder.boolValue {
            result = try await deployer.deploySite(folder: path, name: name, message: message)
        } else if path.hasSuffix(".js") || path.hasSuffix(".mjs") {
            result = try await deployer.deployFunction(file: path, name: name, message: message)
        } else {
            throw CommandError("\(path) is neither a folder nor a .js file")
        }
        Terminal.endProgress()
        if node.data.json { return try Terminal.printJSON(result) }
        summarise(result, ContinuousClock.now - start)
    }

    private func summarise(_ result: Deployer.Result, _ duration: Duration) {
        let files = result.files == 1 ? "1 file" : "\(result.files) files"
        Terminal.print(
            "\(files), \(Human.bytes(result.bytes))\(result.hidden > 0 ? "; \(result.hidden) hidden left out" : "")")
        Terminal.print("uploaded \(result.uploadedBlobs) blobs, \(Human.bytes(result.uploadedBytes))")
        if result.unchanged {
            Terminal.print("release \(result.release) with exactly this content is live already")
        } else {
            let count = result.replicas.count
            Terminal.print(
                "release \(result.release) live after \(Human.seconds(duration)), held by \(count) replica\(count == 1 ? "" : "s")"
            )
        }
        for node in result.behind {
            Terminal.note("note: node \(node.prefix(8)) did not answer; it follows when it is back")
        }
        Terminal.print(result.url)
    }

    private static func show(_ progress: Deployer.Progress) {
        switch progress {
        case .hashed(let files, let bytes): Terminal.progress("hashed \(files) files, \(Human.bytes(bytes))")
        case .uploading(let blobs, let ofBlobs, let bytes, let ofBytes):
            Terminal.progress("uploading \(blobs)/\(ofBlobs) blobs, \(Human.bytes(bytes)) of \(Human.bytes(ofBytes))")
        case .published(let release): Terminal.progress("published release \(release)")
        case .replicated(let ready, let count): Terminal.progress("\(ready) of \(count) replicas hold the release")
        case .live: Terminal.progress("live")
        }
    }
}
