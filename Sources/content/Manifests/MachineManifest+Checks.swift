extension MachineManifest {
    /// Which rule the manifest breaks, for a sentence that begins with "The machine has"; nil if it breaks none.
    public var problem: String? {
        if layers.count > ManifestLimits.maxLayers || layers.isEmpty {
            return "\(layers.count) layers; an image has 1 to \(ManifestLimits.maxLayers)"
        }
        if imageName.utf8.count > ManifestLimits.maxPathBytes { return "an image name that is too long" }
        return MachineManifest.problem(withCommand: command) ?? placeProblem ?? portProblem ?? healthProblem
            ?? volumeProblem ?? scaleProblem ?? endProblem ?? FunctionManifest.problem(withVars: vars)
    }

    /// Words without zero bytes, and not too many of them.
    public static func problem(withCommand words: [String]) -> String? {
        if words.count > ManifestLimits.maxCommandWords {
            return "a command of \(words.count) words; at most \(ManifestLimits.maxCommandWords) are allowed"
        }
        let count = words.reduce(0) { $0 + $1.utf8.count }
        if count > ManifestLimits.maxCommandBytes {
            return "a command of \(count) bytes; at most \(ManifestLimits.maxCommandBytes) are allowed"
        }
        if words.contains(where: { $0.utf8.contains(0) }) { return "a command with a zero byte" }
        return words.first == "" ? "a command whose program is empty" : nil
    }

    /// Whether a text is an absolute path without surprises.
    public static func isPath(_ path: String) -> Bool {
        guard path.utf8.first == UInt8(ascii: "/"), path.utf8.count <= ManifestLimits.maxPathBytes,
            !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f })
        else { return false }
        let parts = path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return path == "/"
            || parts.allSatisfy { !$0.isEmpty && $0.elementsEqual(".".utf8) == false && !$0.elementsEqual("..".utf8) }
    }

    /// Whether a text can be the name of a signal.
    public static func isSignal(_ name: String) -> Bool { signals.contains(name) }

    /// The signals that may ask a machine to end.
    public static let signals = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGKILL"]

    private var placeProblem: String? {
        guard let workingDirectory, !MachineManifest.isPath(workingDirectory) else { return nil }
        return "a working directory that is no absolute path"
    }

    private var portProblem: String? {
        if ports.count > ManifestLimits.maxPorts {
            return "\(ports.count) ports; at most \(ManifestLimits.maxPorts) are allowed"
        }
        for port in ports {
            if !FunctionBinding.isLabel(port.name) { return "a port that is misnamed" }
            if !(1...65_535).contains(port.number) { return "a port of number \(port.number)" }
        }
        if let problem = openingProblem { return problem }
        if Set(ports.map(\.name)).count < ports.count { return "two ports of one name" }
        return Set(ports.map(\.number)).count < ports.count ? "two ports of one number" : nil
    }

    private var openingProblem: String? {
        let open = ports.filter { $0.opening != nil }
        if open.count > ManifestLimits.maxOpenPorts {
            return "\(open.count) ports that are open to everybody; at most \(ManifestLimits.maxOpenPorts) are allowed"
        }
        if open.contains(where: { $0.transport == .http }) {
            return "a port with HTTP that is open to everybody; HTTP is answered under the app's name"
        }
        let wished = open.compactMap { port in
            if case .number(let number) = port.opening { number } else { nil }
        }
        if let number = wished.first(where: { !(1...65_535).contains($0) }) { return "a port open at \(number)" }
        return Set(wished).count < wished.count ? "two ports open at one number" : nil
    }

    private var healthProblem: String? {
        guard let health else { return nil }
        switch health.probe {
        case .http(let port, let path):
            guard ports.contains(where: { $0.name == port && $0.transport == .http }) else {
                return "a health check on the port \"\(port)\", which is none that speaks HTTP"
            }
            let isTarget =
                path.utf8.first == UInt8(ascii: "/") && path.utf8.count <= ManifestLimits.maxPathBytes
                && path.utf8.allSatisfy { (0x21...0x7e).contains($0) }
            if !isTarget { return "a health check of a path that is none" }
        case .tcp(let port):
            guard ports.contains(where: { $0.name == port }) else {
                return "a health check on the port \"\(port)\", which there is not"
            }
        case .command(let words):
            if words.isEmpty { return "a health check without a command" }
            if let problem = MachineManifest.problem(withCommand: words) { return "\(problem) as its health check" }
        }
        return (100...3_600_000).contains(health.intervalMilliseconds)
            && (10...60_000).contains(health.timeoutMilliseconds)
            && (0...3_600_000).contains(health.graceMilliseconds) && (1...100).contains(health.threshold)
            ? nil : "a health check with times out of their ranges"
    }

    private var volumeProblem: String? {
        if volumes.count > ManifestLimits.maxVolumes {
            return "\(volumes.count) volumes; at most \(ManifestLimits.maxVolumes) are allowed"
        }
        for volume in volumes {
            if !FunctionBinding.isLabel(volume.name) { return "a volume that is misnamed" }
            if !MachineManifest.isPath(volume.path) || volume.path == "/" { return "a volume at a path that is none" }
            if !ManifestLimits.volumeBytes.contains(volume.byteCount) { return "a volume of \(volume.byteCount) bytes" }
        }
        if Set(volumes.map(\.name)).count < volumes.count { return "two volumes of one name" }
        return Set(volumes.map(\.path)).count < volumes.count ? "two volumes at one path" : nil
    }

    private var scaleProblem: String? {
        let most = ManifestLimits.maxMachineReplicas
        guard (0...most).contains(minReplicas), (minReplicas...most).contains(maxReplicas) else {
            return "\(minReplicas) to \(maxReplicas) copies; it may have 0 to \(most)"
        }
        if minReplicas < maxReplicas, ports.isEmpty { return "copies that sleep, but no port that would wake them" }
        return (0...86_400_000).contains(idleMilliseconds) && (0...1_000_000).contains(inFlightTarget)
            ? nil : "an idle time or an in-flight target out of its range"
    }

    private var endProblem: String? {
        if let stopSignal, !MachineManifest.isSignal(stopSignal) { return "a stop signal that is none" }
        return (0...ManifestLimits.maxStopMilliseconds).contains(stopTimeoutMilliseconds)
            && (1_000...86_400_000).contains(rolloutTimeoutMilliseconds)
            ? nil : "a stop or rollout timeout out of its range"
    }
}
