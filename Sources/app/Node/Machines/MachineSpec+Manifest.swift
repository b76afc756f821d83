import Identity
import Ledger
import Machines
import Manifests

extension MachineSpec {
    /// What a slot of a machine is as a container of this host.
    ///
    /// - Parameters:
    ///   - secrets: Values by name.
    ///   - entrance: Where it reaches the gateway.
    ///   - limit: The file that says until when the container may run; nil for as long as it likes.
    init(
        id: MachineID, _ manifest: MachineManifest, _ slot: MachineSlot, secrets: [String: String],
        mounts: [MachineMount], node: NodeID, limit: String?, entrance: MachineEntrance? = nil
    ) throws {
        var environment = manifest.vars
        environment["SKERRY_APP"] = slot.name.description
        environment["SKERRY_SLOT"] = "\(slot.slot)"
        environment["SKERRY_NODE"] = node.description
        if let entrance { environment["SKERRY_GATEWAY"] = entrance.url }
        for binding in manifest.bindings {
            if case .service(let app) = binding.target { environment[binding.name] = "\(app).localhost" }
        }
        environment.merge(secrets) { $1 }
        let ports = manifest.ports.map { port in
            MachinePort(
                name: port.name, number: UInt16(clamping: port.number),
                transport: port.transport == .http ? .http : .tcp)
        }
        self.init(
            id: id, image: manifest.image.description, command: manifest.command,
            entrypoint: manifest.command.isEmpty ? nil : [], environment: environment,
            workingDirectory: manifest.workingDirectory, resources: MachineResources(manifest.size), ports: ports,
            mounts: mounts, health: manifest.health.map { MachineHealthCheck($0, manifest) },
            restart: MachineRestartPolicy(manifest.restart),
            stopSignal: manifest.stopSignal.flatMap(MachineSpec.number(ofSignal:)),
            stopTimeout: .milliseconds(manifest.stopTimeoutMilliseconds), orphan: .adopt, limitPath: limit)
    }

    /// The number of a signal that may ask a machine to end, by its name or as a number.
    static func number(ofSignal name: String) -> Int32? {
        if let number = Int32(name), (1...31).contains(number) { return number }
        return [
            "SIGHUP": 1, "SIGINT": 2, "SIGQUIT": 3, "SIGKILL": 9, "SIGUSR1": 10, "SIGUSR2": 12, "SIGTERM": 15,
            "SIGWINCH": 28,
        ][name.hasPrefix("SIG") ? name : "SIG" + name]
    }
}

extension MachineResources {
    init(_ size: MachineSize) {
        self.init(cpuMillis: size.cpuMillis, memoryBytes: size.memoryBytes, maxProcesses: size.maxProcesses)
    }
}

extension MachineRestartPolicy {
    init(_ restart: MachineManifest.Restart) {
        self =
            switch restart {
            case .always: .always
            case .onFailure: .onFailure
            case .never: .never
            }
    }
}

extension MachineHealthCheck {
    /// A port that the manifest does not have cannot be asked for: its checks see to that.
    init(_ health: MachineManifest.Health, _ manifest: MachineManifest) {
        func number(_ name: String) -> UInt16 {
            UInt16(clamping: manifest.ports.first { $0.name == name }?.number ?? 0)
        }
        let probe: Probe =
            switch health.probe {
            case .http(let port, let path): .http(port: number(port), path: path)
            case .tcp(let port): .tcp(port: number(port))
            case .command(let words): .command(words)
            }
        self.init(
            probe, interval: .milliseconds(health.intervalMilliseconds),
            timeout: .milliseconds(health.timeoutMilliseconds),
            grace: max(.milliseconds(health.graceMilliseconds), MachineHealthCheck.durationRange.lowerBound),
            threshold: health.threshold)
    }
}
