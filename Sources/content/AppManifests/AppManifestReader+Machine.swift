import Manifests

/// Containers: `kind = "machine"`.
extension AppManifestReader {
    private static let machineKeys = [
        "image", "size", "command", "workdir", "replicas", "min_replicas", "max_replicas", "restart", "autostop",
        "idle",
        "in_flight", "stop_signal", "stop_timeout", "ports", "health", "volumes", "rollout", "rollout_timeout",
    ]

    /// What else a machine says that is a part of an app.
    static let partKeys = ["routes", "strip_prefix", "vars", "secrets", "bindings"]

    mutating func machine(_ table: TOMLTable, _ manifest: inout AppManifest) {
        let own = ["name", "kind", "machine", "vars", "secrets", "bindings"]
        for entry in table.entries where !own.contains(entry.key) && entry.key != "machine" {
            note(
                entry.keyPosition, "\(entry.key) does not belong to machines; leave it out, or write it below [machine]"
            )
        }
        guard let entry = table["machine"] else {
            note(
                AppManifestReader.start,
                "a machine needs its image; write [machine] and below it image = \"oci:FOLDER\"")
            return
        }
        guard case .table(let inner) = entry.value.content else {
            note(entry.keyPosition, "machine is a table: write [machine] and below it image = \"oci:FOLDER\"")
            return
        }
        let machine = machine(inner, at: entry.keyPosition, environment: table)
        manifest.vars = machine.settings.vars
        manifest.bindings = machine.settings.bindings
        manifest.secrets = machine.settings.secrets
        manifest.machine = machine
    }

    /// What `[machine]` says.
    ///
    /// - Parameters:
    ///   - table: Has its texts, secrets and bindings.
    ///   - others: Further keys that it may have, which are read elsewhere.
    mutating func machine(
        _ inner: TOMLTable, at position: TOMLPosition, environment table: TOMLTable, besides others: [String] = []
    ) -> AppManifest.Machine {
        refuseUnknown(inner, AppManifestReader.machineKeys + others, in: "[machine]")
        if inner["image"] == nil {
            note(
                position,
                "the machine has no image; write image = \"oci:FOLDER\", \"archive:FILE\" or a registry's reference")
        }
        var machine = AppManifest.Machine(image: inner["image"].flatMap { text($0) } ?? "")
        machine.settings.vars = vars(table["vars"])
        machine.settings.bindings = services(table)
        machine.settings.secrets = secrets(
            table["secrets"], besides: machine.settings.bindings, table["vars"])
        program(inner, &machine.settings)
        machine.settings.ports = ports(inner["ports"])
        if let health = inner["health"] { machine.settings.health = self.health(health, machine.settings.ports) }
        machine.settings.volumes = volumes(inner["volumes"])
        scale(inner, &machine.settings)
        end(inner, &machine.settings)
        // What the single keys do not show, such as two ports of one number.
        var whole = machine.settings
        whole.layers = [whole.image]
        if problems.isEmpty, let problem = whole.problem { note(position, "the machine has \(problem)") }
        return machine
    }

    private mutating func services(_ table: TOMLTable) -> [FunctionBinding] {
        let bindings = bindings(table["bindings"], besides: table["vars"], hasAssets: false)
        for binding in bindings {
            if case .service = binding.target { continue }
            note(
                table["bindings"]?.keyPosition ?? AppManifestReader.start,
                "the binding \(binding.name) is of type \"\(binding.type)\"; machines have bindings of type \"service\""
            )
        }
        return bindings
    }

    private mutating func program(_ table: TOMLTable, _ machine: inout MachineManifest) {
        if let name = choice(table["size"], MachineSize.all.map(\.description)), let size = MachineSize(name) {
            machine.size = size
        }
        machine.command = list(
            table["command"], ManifestLimits.maxCommandWords, "a list of words such as [\"/server\", \"--port=80\"]"
        ).map(\.0)
        if let entry = table["command"], let problem = MachineManifest.problem(withCommand: machine.command) {
            note(entry.value.position, "there is \(problem)")
        }
        machine.workingDirectory = absolute(table["workdir"])
    }

    private mutating func absolute(_ entry: TOMLTable.Entry?) -> String? {
        guard let entry, let path = text(entry) else { return nil }
        guard MachineManifest.isPath(path) else {
            note(entry.value.position, "\(entry.key) is a path in the container and begins with /, as in \"/data\"")
            return nil
        }
        return path
    }

    // MARK: Tables

    /// The tables of a list such as `[[machine.ports]]`.
    private mutating func tables(_ entry: TOMLTable.Entry?, _ limit: Int, _ form: String) -> [(TOMLTable, TOMLPosition)]
    {
        guard let entry else { return [] }
        guard case .array(let values) = entry.value.content else {
            note(entry.keyPosition, "\(entry.key) are written \(form), once for each, with their keys below it")
            return []
        }
        if values.count > limit {
            note(entry.keyPosition, "there are \(values.count) \(entry.key); at most \(limit) are allowed")
        }
        return values.compactMap { value in
            guard case .table(let table) = value.content else {
                note(value.position, "here should be a table; write \(form)")
                return nil
            }
            return (table, value.position)
        }
    }

    private mutating func label(_ table: TOMLTable, at position: TOMLPosition, _ what: String) -> String? {
        guard let entry = table["name"] else {
            note(position, "\(what) has no name; write name = \"…\"")
            return nil
        }
        guard let name = text(entry) else { return nil }
        guard FunctionBinding.isLabel(name) else {
            note(
                entry.value.position,
                "\"\(name)\" is no name; use 1 to 63 lower-case letters, digits and inner hyphens")
            return nil
        }
        return name
    }

    private mutating func ports(_ entry: TOMLTable.Entry?) -> [MachineManifest.Port] {
        var ports: [MachineManifest.Port] = []
        for (table, position) in tables(entry, ManifestLimits.maxPorts, "[[machine.ports]]") {
            refuseUnknown(table, ["name", "port", "transport", "public"], in: "[[machine.ports]]")
            let transport =
                choice(table["transport"], MachineManifest.Port.Transport.allCases.map(\.rawValue))
                .flatMap(MachineManifest.Port.Transport.init) ?? .http
            let name = table["name"] == nil ? transport.rawValue : label(table, at: position, "the port")
            if table["port"] == nil { note(position, "the port has no number; write port = 8080") }
            guard let name, let number = number(table["port"], 1...65_535) else { continue }
            if let other = ports.first(where: { $0.name == name || $0.number == number }) {
                note(position, "the port \(name) (\(number)) has the name or the number of \(other.name)")
                continue
            }
            ports.append(
                .init(
                    name: name, number: number, transport: transport, opening: opening(table["public"], transport)))
        }
        return ports
    }

    /// Whether nodes open a port of their own for it, and which.
    private mutating func opening(
        _ entry: TOMLTable.Entry?, _ transport: MachineManifest.Port.Transport
    ) -> MachineManifest.Port.Opening? {
        guard let entry else { return nil }
        let opening: MachineManifest.Port.Opening
        switch entry.value.content {
        case .boolean(false): return nil
        case .boolean(true): opening = .any
        case .integer:
            guard let number = number(entry, 1...65_535) else { return nil }
            opening = .number(number)
        default:
            note(
                entry.value.position,
                "public is true, or the port that nodes should open, such as 5432; it is \(entry.value.kindName)")
            return nil
        }
        guard transport == .tcp else {
            note(
                entry.keyPosition,
                "HTTP is answered under the app's name at every gateway; leave public out, or write transport = \"tcp\""
            )
            return nil
        }
        return opening
    }

    private mutating func health(
        _ entry: TOMLTable.Entry, _ ports: [MachineManifest.Port]
    ) -> MachineManifest.Health? {
        guard case .table(let table) = entry.value.content else {
            note(entry.keyPosition, "health is a table: write [machine.health] and below it http = \"/healthz\"")
            return nil
        }
        refuseUnknown(
            table, ["http", "tcp", "command", "port", "interval", "timeout", "grace", "threshold"],
            in: "[machine.health]")
        guard ["http", "tcp", "command"].count(where: { table[$0] != nil }) == 1 else {
            note(
                entry.keyPosition,
                "[machine.health] says one of http = \"/healthz\", tcp = \"PORT'S NAME\" and command = [\"…\"]")
            return nil
        }
        guard let probe = probe(table, ports) else { return nil }
        var health = MachineManifest.Health(probe)
        health.intervalMilliseconds = milliseconds(table["interval"], 100...3_600_000) ?? health.intervalMilliseconds
        health.timeoutMilliseconds = milliseconds(table["timeout"], 10...60_000) ?? health.timeoutMilliseconds
        health.graceMilliseconds = milliseconds(table["grace"], 0...3_600_000) ?? health.graceMilliseconds
        health.threshold = number(table["threshold"], 1...100) ?? health.threshold
        return health
    }

    private mutating func probe(
        _ table: TOMLTable, _ ports: [MachineManifest.Port]
    ) -> MachineManifest.Health.Probe? {
        if let entry = table["http"] {
            guard let path = text(entry) else { return nil }
            guard path.hasPrefix("/") else {
                note(entry.value.position, "http is the path that is asked for and begins with /, as in \"/healthz\"")
                return nil
            }
            let fallback = ports.first { $0.transport == .http }?.name
            guard let port = table["port"].flatMap({ text($0) }) ?? fallback else {
                note(entry.keyPosition, "the machine has no port with HTTP; write [[machine.ports]] and port = 8080")
                return nil
            }
            return known(port, ports, table["port"] ?? entry) ? .http(port: port, path: path) : nil
        }
        if let entry = table["tcp"] {
            guard let port = text(entry), known(port, ports, entry) else { return nil }
            return .tcp(port: port)
        }
        let words = list(table["command"], ManifestLimits.maxCommandWords, "a list of words such as [\"/check\"]").map(
            \.0)
        if words.isEmpty, let entry = table["command"] { note(entry.value.position, "command is empty") }
        return words.isEmpty ? nil : .command(words)
    }

    private mutating func known(_ port: String, _ ports: [MachineManifest.Port], _ entry: TOMLTable.Entry) -> Bool {
        if ports.contains(where: { $0.name == port }) { return true }
        note(
            entry.value.position,
            "the machine has no port called \"\(port)\"" + Suggestion.phrase(for: port, among: ports.map(\.name)))
        return false
    }

    private mutating func volumes(_ entry: TOMLTable.Entry?) -> [MachineManifest.Volume] {
        var volumes: [MachineManifest.Volume] = []
        for (table, position) in tables(entry, ManifestLimits.maxVolumes, "[[machine.volumes]]") {
            refuseUnknown(table, ["name", "path", "size"], in: "[[machine.volumes]]")
            let name = label(table, at: position, "the volume")
            if table["path"] == nil { note(position, "the volume has no place; write path = \"/data\"") }
            if table["size"] == nil { note(position, "the volume has no size; write size = \"1GiB\"") }
            let path = absolute(table["path"])
            let size = bytes(table["size"], ManifestLimits.volumeBytes)
            guard let name, let path, let size else { continue }
            if let other = volumes.first(where: { $0.name == name || $0.path == path }) {
                note(position, "the volume \(name) has the name or the place of \(other.name)")
                continue
            }
            volumes.append(.init(name: name, path: path, byteCount: size))
        }
        return volumes
    }

    // MARK: Policies

    private mutating func scale(_ table: TOMLTable, _ machine: inout MachineManifest) {
        let most = ManifestLimits.maxMachineReplicas
        if let entry = table["replicas"] {
            if let other = table["min_replicas"] ?? table["max_replicas"] {
                note(other.keyPosition, "\(other.key) and replicas exclude each other; replicas = 2 means exactly two")
            }
            let count = number(entry, 0...most) ?? 1
            (machine.minReplicas, machine.maxReplicas) = (count, count)
        } else {
            let least = number(table["min_replicas"], 0...most)
            machine.maxReplicas = number(table["max_replicas"], 1...most) ?? max(1, least ?? 1)
            machine.minReplicas = least ?? 1
            if machine.minReplicas > machine.maxReplicas, let entry = table["max_replicas"] {
                note(entry.value.position, "max_replicas is less than min_replicas, \(machine.minReplicas)")
            }
        }
        machine.inFlightTarget = number(table["in_flight"], 1...1_000_000) ?? 0
        // What grows by its requests also shrinks by them.
        let grows = machine.inFlightTarget > 0 && machine.minReplicas < machine.maxReplicas
        let sleeps = flag(table["autostop"]) ?? (table["idle"] != nil || grows)
        let idle = milliseconds(table["idle"], 1_000...86_400_000)
        machine.idleMilliseconds = sleeps ? idle ?? 60_000 : 0
        if sleeps, machine.minReplicas == machine.maxReplicas, let entry = table["autostop"] ?? table["idle"] {
            note(
                entry.keyPosition,
                "no copy may sleep, because as many as there can be must run; write min_replicas = 0")
        }
    }

    private mutating func end(_ table: TOMLTable, _ machine: inout MachineManifest) {
        let restart = choice(table["restart"], MachineManifest.Restart.allCases.map(\.rawValue))
        machine.restart = restart.flatMap(MachineManifest.Restart.init) ?? .always
        let rollout = choice(table["rollout"], MachineManifest.Rollout.allCases.map(\.rawValue))
        machine.rollout = rollout.flatMap(MachineManifest.Rollout.init) ?? .rolling
        if let timeout = milliseconds(table["rollout_timeout"], 1_000...86_400_000) {
            machine.rolloutTimeoutMilliseconds = timeout
        }
        machine.stopSignal = choice(table["stop_signal"], MachineManifest.signals)
        if let timeout = milliseconds(table["stop_timeout"], 0...ManifestLimits.maxStopMilliseconds) {
            machine.stopTimeoutMilliseconds = timeout
        }
    }

    // MARK: Values

    private mutating func milliseconds(_ entry: TOMLTable.Entry?, _ range: ClosedRange<Int>) -> Int? {
        quantity(
            entry, [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)], 1_000, range,
            "a time such as 5 (seconds), \"500ms\" or \"2m\", from \(range.lowerBound) to \(range.upperBound) ms")
    }

    private mutating func bytes(_ entry: TOMLTable.Entry?, _ range: ClosedRange<Int>) -> Int? {
        quantity(
            entry, [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)], 1, range,
            "a size such as \"64MiB\" or \"10GiB\", from 16 MiB to 16 TiB")
    }
}
