import Foundation
import Logging
import MachineProxy
import NIOCore
import Placement

/// The ports of this node whose connections go to machines of any node as they are: those that its operator wrote down, and
/// those that apps' manifests ask for.
///
/// Which app has which port is kept over restarts, so that nobody else gets it meanwhile.
actor MachinePorts {
    /// How often it is looked whether apps want something else.
    private static let pause = Duration.milliseconds(500)

    nonisolated let entrance: TCPEntrance
    private let machines: MachineCalls
    private let table: MachineTable
    /// What is kept over restarts.
    private let path: String
    private let logger: Logger
    private let fixedWishes: [String: Int]
    /// The operator's own, open from the beginning.
    private var fixed: [MachineGate] = []
    private var plan: PortPlan
    private var kept: [PortPlan.Grant]
    private var open: [PortPlan.Place: Int] = [:]
    private var toldRefusals: [PortPlan.Place: String] = [:]

    /// Opens nothing yet.
    ///
    /// - Parameters:
    ///   - host: Where ports are opened if the options do not say it.
    ///   - path: The file with the ports that apps have.
    init(
        _ options: MachineOptions, host: String, _ machines: MachineCalls, _ table: MachineTable, path: String,
        group: any EventLoopGroup, logger: Logger
    ) {
        var settings = TCPEntrance.Settings()
        settings.host = options.tcpHost ?? host
        entrance = TCPEntrance(settings: settings, group: group, logger: logger)
        self.machines = machines
        self.table = table
        self.path = path
        self.logger = logger
        fixedWishes = options.tcpPorts ?? [:]
        var ranges = PortRanges.standard
        if let text = options.tcpRange {
            if let read = PortRanges(text) {
                ranges = read
            } else {
                ranges = PortRanges("none") ?? ranges
                logger.error(
                    "node.json has a tcpRange that is none, so apps get no ports: write \"20000-20999\" or \"none\"",
                    metadata: ["tcpRange": "\(text)"])
            }
        }
        kept = MachinePorts.read(path, logger)
        var limits = PortPlan.Limits()
        limits.most = max(0, settings.maxPorts - fixedWishes.count)
        plan = PortPlan(ranges, grants: kept, limits: limits)
    }

    private static func read(_ path: String, _ logger: Logger) -> [PortPlan.Grant] {
        guard let bytes = FileManager.default.contents(atPath: path) else { return [] }
        do { return try JSONDecoder().decode([PortPlan.Grant].self, from: bytes) } catch {
            // Worse than other numbers for some apps would be a node that does not start.
            logger.error(
                "the list of ports for machines cannot be read; apps may get other ones",
                metadata: ["path": "\(path)", "error": "\(error)"])
            return []
        }
    }

    /// Opens what the operator wrote down, as far as it can be opened; the rest is told in the log.
    func openFixed() async {
        for (place, port) in fixedWishes.sorted(by: { $0.key < $1.key }) {
            let parts = place.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, (0...65_535).contains(port) else {
                logger.error(
                    "node.json has a port that is none: write \"app/port\": 5432", metadata: ["key": "\(place)"])
                continue
            }
            do {
                let bound = try await listen(PortPlan.Place(app: parts[0], port: parts[1]), port)
                fixed.append(MachineGate(app: parts[0], port: parts[1], number: bound))
                logger.notice("a port leads to machines", metadata: ["machine": "\(place)", "port": "\(bound)"])
            } catch {
                logger.error("a port for machines is not open", metadata: ["machine": "\(place)", "error": "\(error)"])
            }
        }
        table.setGates(fixed)
    }

    /// Opens and closes what apps ask for, until cancelled. Connections that exist stay.
    func run() async {
        repeat { await round() } while (try? await Task.sleep(for: MachinePorts.pause)) != nil
    }

    /// Looks once.
    func round() async {
        let own = Set(fixed.map { PortPlan.Place(app: $0.app, port: $0.port) })
        let wishes = table.openings.filter { !own.contains($0.place) }
        let now = MachineClock.now()
        plan.update(wishes, now: now)
        let wanted = Set(wishes.map(\.place))
        let grants = Dictionary(
            plan.grants.filter { wanted.contains($0.place) }.map { ($0.place, $0.number) }
        ) { first, _ in first }
        for (place, number) in open where grants[place] != number {
            open[place] = nil
            await entrance.close(number)
        }
        for (place, number) in grants.sorted(by: { $0.key < $1.key }) where open[place] == nil {
            do {
                open[place] = try await listen(place, number)
                logger.info(
                    "a port leads to machines",
                    metadata: ["machine": "\(place.app)/\(place.port)", "port": "\(number)"]
                )
            } catch {
                logger.info("a port for machines is another's", metadata: ["port": "\(number)", "error": "\(error)"])
                plan.block(number, now: now)
            }
        }
        keep()
        tell(wishes)
    }

    private func listen(_ place: PortPlan.Place, _ number: Int) async throws -> Int {
        let machines = machines
        return try await entrance.open(number) { _, loop in machines.connect(place.app, port: place.port, on: loop) }
    }

    private func keep() {
        guard plan.grants != kept else { return }
        do {
            try plan.grants.writeJSON(to: path)
            kept = plan.grants
        } catch {
            logger.error(
                "cannot write the list of ports for machines", metadata: ["path": "\(path)", "error": "\(error)"])
        }
    }

    private func tell(_ wishes: [PortPlan.Wish]) {
        let grants = Dictionary(plan.grants.map { ($0.place, $0) }) { first, _ in first }
        let gates = wishes.sorted { $0.place < $1.place }.map { wish in
            let number = open[wish.place]
            return MachineGate(
                app: wish.place.app, port: wish.place.port, number: number,
                reason: number == nil ? plan.refusals[wish.place] ?? "" : grants[wish.place]?.reason ?? "")
        }
        // What is open comes first: an announcement has a limit.
        let all = fixed + gates.filter { $0.number != nil } + gates.filter { $0.number == nil }
        table.setGates(Array(all.prefix(MachineGate.maxCount)))
        for (place, reason) in plan.refusals where toldRefusals[place] != reason {
            logger.notice(
                "a machine gets no port", metadata: ["machine": "\(place.app)/\(place.port)", "reason": "\(reason)"])
        }
        toldRefusals = plan.refusals
    }
}
