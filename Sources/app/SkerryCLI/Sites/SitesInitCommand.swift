import ArgumentParser
import Client
import Foundation
import Ledger

struct SitesInitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Write a small site and its skerry.toml into a folder; files that exist stay.")

    @Argument(help: "The folder; made if it does not exist. Default: this folder.", completion: .directory)
    var folder = "."

    @Option(help: "The site's name. Default: the folder's.", transform: AppName.newArgument)
    var name: AppName?

    @Flag(help: "Print JSON for scripts.")
    var json = false

    private struct Report: Encodable {
        var folder: String
        var written: [String]
        var kept: [String]
    }

    func run() async throws {
        let root = URL(fileURLWithPath: folder).standardizedFileURL
        guard let name = name ?? AppName(root.lastPathComponent.lowercased()), !name.isReserved else {
            throw ValidationError(
                "\"\(root.lastPathComponent)\" cannot be a site's name; give one with --name, of letters, digits and "
                    + "hyphens, that is not reserved")
        }
        let manager = FileManager.default
        var report = Report(folder: root.path, written: [], kept: [])
        for (path, text) in SiteTemplate.files(name: name.description).sorted(by: { $0.key < $1.key }) {
            let file = root.appendingPathComponent(path)
            guard !manager.fileExists(atPath: file.path) else {
                report.kept.append(path)
                continue
            }
            do {
                try manager.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                // Not even what appears at this very moment is overwritten.
                try Data(text.utf8).write(to: file, options: .withoutOverwriting)
            } catch {
                throw CommandError("Cannot write \(file.path): \(SystemFailure.reason(error))")
            }
            report.written.append(path)
        }
        if json { return try Terminal.printJSON(report) }
        for path in report.written { Terminal.print("\(folder)/\(path)") }
        for path in report.kept { Terminal.print("\(folder)/\(path) exists and stays as it is") }
        Terminal.print("")
        Terminal.print("Try it:  skerry dev \(folder)")
        Terminal.print("Deploy:  skerry sites deploy \(folder)")
    }
}
