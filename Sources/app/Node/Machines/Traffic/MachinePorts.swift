import Logging
import MachineProxy
import NIOCore

/// The ports of this node whose connections go to machines of any node as they are, as its operator wants them.
struct MachinePorts: Sendable {
    let entrance: TCPEntrance
    let machines: MachineCalls
    let logger: Logger

    init(_ options: MachineOptions, _ machines: MachineCalls, group: any EventLoopGroup, logger: Logger) {
        var settings = TCPEntrance.Settings()
        if let host = options.tcpHost { settings.host = host }
        entrance = TCPEntrance(settings: settings, group: group, logger: logger)
        self.machines = machines
        self.logger = logger
    }

    /// Opens what can be opened; the rest is told in the log.
    func open(_ ports: [String: Int]) async {
        for (place, port) in ports.sorted(by: { $0.key < $1.key }) {
            let parts = place.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, (0...65_535).contains(port) else {
                logger.error(
                    "node.json has a port that is none: write \"app/port\": 5432", metadata: ["key": "\(place)"])
                continue
            }
            let (machines, app, name) = (machines, parts[0], parts[1])
            do {
                let bound = try await entrance.open(port) { _, loop in machines.connect(app, port: name, on: loop) }
                logger.notice("a port leads to machines", metadata: ["machine": "\(place)", "port": "\(bound)"])
            } catch {
                logger.error("a port for machines is not open", metadata: ["machine": "\(place)", "error": "\(error)"])
            }
        }
    }
}
