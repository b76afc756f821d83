import ArgumentParser
import DevServer
import Foundation
import Functions
import Gateway
import Logging
import NIOPosix
import Node
import UnixSignals

struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev", abstract: "Run an app on this machine and reload it when a file changes.",
        discussion: """
            Takes a folder with a skerry.toml, a folder with an index.html, or a source file. The function runs in the \
            same sandboxed worker as on a node; requests, console lines and errors are printed with their places in \
            the sources. Texts for env come from [vars] in skerry.toml and from .dev.vars, which is never deployed. \
            Ctrl-C ends it.
            """)

    @Argument(help: "A folder or a source file. Default: this folder.", completion: .file())
    var path = "."

    @Option(help: "The port on 127.0.0.1; 0 lets the system choose.")
    var port = 8_787

    @Flag(help: "Print what happens as JSON, one object a line.")
    var json = false

    @Option(
        help: ArgumentHelp("The skerry-worker program. Default: the one beside this program.", valueName: "file"),
        completion: .file())
    var worker: String?

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port must be 0 to 65535, not \(port)") }
    }

    func run() async throws {
        // Trapped before a worker starts, so that Ctrl-C never leaves one behind.
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let source = try DevSource(path: path)
        var logger = Logger(label: "skerry.dev") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        let printer = DevPrinter(json: json)
        let server = DevServer(
            settings: .init(
                source: source, port: port, workerPath: worker ?? SkerryNode.workerBesideThisExecutable()),
            group: MultiThreadedEventLoopGroup.singleton, logger: logger, report: { printer.show($0) })
        let port: Int
        do { port = try await server.start() } catch let error as GatewayError where error.code == .cannotListen {
            await server.stop()
            throw CommandError("\(error.message); choose another with --port, or --port 0 for any that is free")
        }
        printer.showAddress("http://127.0.0.1:\(port)/")
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in signals { return } }
            group.addTask { await server.run() }
            await group.next()
            group.cancelAll()
        }
        await server.stop()
    }
}
