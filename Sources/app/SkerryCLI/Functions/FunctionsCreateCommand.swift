import ArgumentParser
import Bundling
import Client
import Foundation
import Ledger

struct FunctionsCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a folder with a new function in it.")

    @Argument(help: "The function's name, and the folder's.", transform: AppName.newArgument)
    var name: AppName

    @Option(help: "What to begin with: \(FunctionTemplate.allCases.map(\.rawValue).joined(separator: ", ")).")
    var template = FunctionTemplate.js

    @Flag(help: "Print JSON for scripts.")
    var json = false

    private struct Report: Encodable {
        var folder: String
        var files: [String]
    }

    func run() async throws {
        let folder = name.description
        let manager = FileManager.default
        if let names = try? manager.contentsOfDirectory(atPath: folder), !names.isEmpty {
            throw CommandError("The folder \(folder) is not empty; choose another name, or remove it")
        }
        let today = Date.now.formatted(.iso8601.year().month().day())
        let files = template.files(name: name.description, date: today)
        for (path, text) in files {
            let file = URL(fileURLWithPath: folder + "/" + path)
            do {
                try manager.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try text.write(to: file, atomically: true, encoding: .utf8)
            } catch {
                throw CommandError("Cannot write \(file.path): \(SystemFailure.reason(error))")
            }
        }
        if json { return try Terminal.printJSON(Report(folder: folder, files: files.keys.sorted())) }
        for path in files.keys.sorted() { Terminal.print("\(folder)/\(path)") }
        Terminal.print("")
        if template.needsBuild { Terminal.print("Build:   make -C \(folder)") }
        Terminal.print("Try it:  skerry dev \(folder)")
        Terminal.print("Deploy:  skerry deploy \(folder)")
        if template.needsBundler, Esbuild.onPath() == nil {
            Terminal.note("note: TypeScript needs esbuild, which is not on PATH (Debian: apt-get install esbuild)")
        }
    }
}
