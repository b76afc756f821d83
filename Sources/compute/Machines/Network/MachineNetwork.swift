import Cgroups
import Glibc
import Logging

/// Network namespaces for machines: some are made in advance, because that takes longer than starting a container.
///
/// Each has one link to the host and one address; there is no bridge. From the host the address is dialled directly.
actor MachineNetwork {
    /// Namespaces that are kept ready.
    static let readyCount = 3
    /// The host's ids from here on are machines'; no distribution hands them out, and workers' end before them.
    private static let firstID: UInt32 = 2_000_000_000

    /// The host's id of a machine's root.
    static func firstID(block: Int, slot: Int) -> UInt32 {
        firstID + UInt32(block * 256 + slot) * MachineUser.idCount
    }

    private let ip: String
    private let holder: String
    private let usesUserNamespaces: Bool
    private let firewall: Firewall
    private let canTranslate: Bool
    private let names: HostNames
    private let block: NetworkBlock
    private let services: [UInt16]
    private let logger: Logger

    private var used: Set<Int> = []
    private var ready: [NetworkLease] = []
    private var refill: Task<Void, Never>?
    private var isClosed = false
    private var lastSlot = -1

    init(
        host: MachineHost, names: HostNames, block: NetworkBlock, services: [UInt16], logger: Logger
    ) {
        ip = host.ip
        holder = host.settings.holder
        usesUserNamespaces = host.usesUserNamespaces
        firewall = host.firewall
        canTranslate = host.canTranslate
        self.names = names
        self.block = block
        self.services = services
        self.logger = logger
    }

    /// Sets the rules, and removes every namespace of an earlier run that is not among `kept`.
    func open(keeping kept: [NetworkLease]) async throws(MachineError) {
        used = Set(kept.map(\.slot))
        if case .nft(let nft) = firewall {
            let rules = Firewall.rules(
                table: names.table, prefix: names.linkPrefix, block: block.cidr, host: block.hostAddress,
                services: services)
            let result = try await Tool.run([nft, "-f", "-"], input: rules)
            guard result.isSuccess else {
                throw MachineError(
                    .networkFailed,
                    "nftables refused the machines' rules: \(result.output.prefix(300)); see skerry doctor")
            }
        }
        let spaces = Set(kept.flatMap { [$0.name, $0.userName] }), links = Set(kept.map(\.link))
        var commands = ControlFile.names(in: "/sys/class/net")
            .filter { $0.hasPrefix(names.linkPrefix) && !links.contains($0) }.map { "link delete \($0)" }
        commands += ControlFile.names(in: NetworkLease.folder)
            .filter { $0.hasPrefix(names.namespacePrefix) && !spaces.contains($0) }.map { "netns delete \($0)" }
        if !commands.isEmpty { await removeAll(commands) }
        startRefill()
    }

    /// Gives a namespace to a machine.
    func take(hasEgress: Bool) async throws(MachineError) -> NetworkLease {
        guard !isClosed else { throw MachineError(.networkFailed, "the node is shutting down") }
        let lease: NetworkLease
        if ready.isEmpty { lease = try await make() } else { lease = ready.removeFirst() }
        startRefill()
        if canTranslate, !hasEgress {
            let result = try await Tool.run([ip, "-n", lease.name, "route", "delete", "default"])
            guard result.isSuccess else {
                await give(back: lease)
                throw MachineError(.networkFailed, "\(lease.name): \(result.output.prefix(200))")
            }
        }
        return lease
    }

    /// Removes a machine's namespace.
    func give(back lease: NetworkLease) async {
        await removeAll(Self.removal(lease))
        used.remove(lease.slot)
    }

    /// Removes what is kept ready, and the rules unless machines go on.
    func close(whileMachinesRun: Bool) async {
        isClosed = true
        await refill?.value
        let commands = ready.flatMap(Self.removal)
        ready = []
        async let removal: Void = commands.isEmpty ? () : removeAll(commands)
        if case .nft(let nft) = firewall, !whileMachinesRun {
            _ = try? await Tool.run([nft, "delete", "table", "inet", names.table])
        }
        await removal
    }

    private static func removal(_ lease: NetworkLease) -> [String] {
        ["link delete \(lease.link)", "netns delete \(lease.name)", "netns delete \(lease.userName)"]
    }

    private func startRefill() {
        guard refill == nil, !isClosed, ready.count < Self.readyCount else { return }
        refill = Task {
            while ready.count < Self.readyCount, !isClosed {
                do {
                    ready.append(try await make())
                } catch {
                    if !isClosed {
                        logger.warning("No network namespace can be made in advance", metadata: ["error": "\(error)"])
                    }
                    break
                }
            }
            refill = nil
        }
    }

    /// The next number that nobody has, so that an address is not used again at once.
    private func freeSlot() throws(MachineError) -> Int {
        for step in 1...NetworkBlock.slots {
            let slot = (lastSlot + step) % NetworkBlock.slots
            guard !used.contains(slot) else { continue }
            used.insert(slot)
            lastSlot = slot
            return slot
        }
        throw MachineError(.noRoom, "all \(NetworkBlock.slots) addresses of this node's machines are taken; add a node")
    }

    private func make() async throws(MachineError) -> NetworkLease {
        let slot = try freeSlot()
        let lease = NetworkLease(
            slot: slot, name: "\(names.namespacePrefix)\(slot)", link: "\(names.linkPrefix)\(slot)",
            address: block.address(slot),
            hostAddress: block.hostAddress, firstID: Self.firstID(block: block.number, slot: slot))
        do throws(MachineError) {
            guard makeFolders(NetworkLease.folder) else {
                throw MachineError(
                    .networkFailed, "\(NetworkLease.folder) cannot be made: \(String(cString: strerror(errno)))")
            }
            let first = usesUserNamespaces ? lease.firstID : 0
            try await batch([holder, "network", "\(first)", lease.path], [])
            try await batch(
                [ip, "-batch", "-"], ["link add \(lease.link) type veth peer name eth0 netns \(lease.name)"])
            _ = ControlFile.write("1", to: "/proc/sys/net/ipv6/conf/\(lease.link)/disable_ipv6")
            try await filter(lease)
            try await batch(
                [ip, "-batch", "-"],
                [
                    "link set \(lease.link) up", "addr add \(lease.hostAddress)/32 dev \(lease.link)",
                    // An earlier owner's link may still be on its way out, and its route with it.
                    "route replace \(lease.address)/32 dev \(lease.link) src \(lease.hostAddress)",
                ])
            var inside = [
                "link set lo up", "link set eth0 up", "addr add \(lease.address)/32 dev eth0",
                "route add \(lease.hostAddress)/32 dev eth0",
            ]
            if canTranslate {
                inside.append("route add default via \(lease.hostAddress) dev eth0")
                _ = ControlFile.write("1", to: "/proc/sys/net/ipv4/conf/\(lease.link)/forwarding")
            }
            try await batch([ip, "-n", lease.name, "-batch", "-"], inside)
        } catch {
            await give(back: lease)
            throw error
        }
        return lease
    }

    private func filter(_ lease: NetworkLease) async throws(MachineError) {
        guard case .filter(let tc) = firewall else { return }
        let program = Firewall.program(address: block.addressNumber(lease.slot), services: services)
        try await batch(
            [tc, "-batch", "-"],
            [
                "qdisc add dev \(lease.link) clsact",
                "filter add dev \(lease.link) ingress bpf da bytecode \"\(Firewall.bytecode(program))\"",
            ])
    }

    private func batch(_ command: [String], _ lines: [String]) async throws(MachineError) {
        // One that is being made in advance is of no use any more.
        guard !isClosed else { throw MachineError(.networkFailed, "the node is shutting down") }
        let result = try await Tool.run(command, input: lines.joined(separator: "\n") + "\n")
        guard result.isSuccess else {
            let what = (lines.isEmpty ? command : lines).joined(separator: lines.isEmpty ? " " : "; ")
            throw MachineError(.networkFailed, "\(what): \(result.output.prefix(300))")
        }
    }

    /// Removes what there is of it; what is gone already is no error.
    private func removeAll(_ commands: [String]) async {
        _ = try? await Tool.run([ip, "-force", "-batch", "-"], input: commands.joined(separator: "\n") + "\n")
    }
}
