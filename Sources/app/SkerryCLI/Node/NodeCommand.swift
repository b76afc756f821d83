public import ArgumentParser
import CoreMetrics
import Foundation
import Gateway
public import Logging
import Node
import ServiceLifecycle
public import Telemetry
import UnixSignals

#if canImport(Glibc)
    import Glibc
#endif

struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Bring a node onto a network, run it, look at it, let it leave, and clean up after it.",
        subcommands: [
            Init.self, Join.self, Run.self, Status.self, Peers.self, Leave.self, Clean.self,
        ])

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run the node whose key, genesis and configuration are in a folder, until SIGTERM or SIGINT.")

        @Option(help: ArgumentHelp("The node's data folder.", valueName: "folder"), completion: .directory)
        var data: String

        @Option(help: "The log format: text or json.")
        var logFormat = StructuredLog.Format.text

        @Option(help: "The least severe level that is logged: trace, debug, info, notice, warning or error.")
        var logLevel = Logger.Level.info

        @Flag(help: "Stop when standard input ends, which ties the node's life to the process that started it.")
        var lifeline = false

        @Option(
            help: ArgumentHelp(
                "Bytes that blobs may take, such as 20GB or 512MiB; what is not pinned makes way. Default: what "
                    + "node.json says, else what the disk gives.", valueName: "size"))
        var quota: ByteSize?

        @Option(
            help: ArgumentHelp(
                "How long leases of machines are, such as 5s; 1s to 1h. Default: what node.json says, else 15s.",
                valueName: "time"))
        var machineLease: LeaseLength?

        @Option(
            help: ArgumentHelp(
                "The port for HTTPS at the gateway's address, with a self-signed certificate for localhost and the "
                    + "names below it. Default: what node.json says, else none.", valueName: "port"))
        var httpsPort: Int?

        func validate() throws {
            if let httpsPort, !(0...65_535).contains(httpsPort) {
                throw ValidationError("--https-port must be 0 to 65535, not \(httpsPort)")
            }
        }

        func run() async throws {
            let prometheus = PrometheusMetrics()
            MetricsSystem.bootstrap(prometheus)
            let (format, level) = (logFormat, logLevel)
            LoggingSystem.bootstrap { StructuredLog(label: $0, format: format, level: level) }
            let logger = Logger(label: "skerry")
            let folder = NodeFolder(URL(fileURLWithPath: data).standardizedFileURL.path)
            var options = SkerryNode.Options()
            options.quotaBytes = quota?.bytes
            options.machineLeaseMilliseconds = machineLease?.milliseconds
            options.httpsPort = httpsPort
            options.accessLog = level <= .info ? AccessLog(format == .json ? .json : .text) : nil
            let node = SkerryNode(folder: folder, options: options, prometheus: prometheus, logger: logger)
            let group = ServiceGroup(
                configuration: .init(
                    services: [.init(service: node, successTerminationBehavior: .gracefullyShutdownGroup)],
                    gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
            if lifeline { watchLifeline(group) }
            do {
                try await group.run()
            } catch {
                logger.critical("the node cannot run", metadata: ["error": "\(error)"])
                throw ExitCode(1)
            }
        }

        /// Seconds from the end of the lifeline to the end of the process, whatever it still does.
        private static let lastResort = 20.0

        private func watchLifeline(_ group: ServiceGroup) {
            let watcher = Thread {
                var byte: UInt8 = 0
                while read(STDIN_FILENO, &byte, 1) > 0 {}
                Task { await group.triggerGracefulShutdown() }
                // Nobody is left who could end a node that hangs.
                Thread.sleep(forTimeInterval: Run.lastResort)
                _exit(1)
            }
            watcher.name = "lifeline"
            watcher.start()
        }
    }
}

extension StructuredLog.Format: ExpressibleByArgument {}

extension Logger.Level: @retroactive ExpressibleByArgument {}
