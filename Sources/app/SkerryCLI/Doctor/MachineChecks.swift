import Machines

/// Whether this host can run machines. A node without them serves sites and functions as before, so nothing here fails.
enum MachineChecks {
    static func host(_ report: inout DoctorReport, _ settings: MachineHost.Settings = .init()) async {
        let host = await MachineHost.inspect(settings)
        for finding in host.findings {
            report.add("machines: \(finding.name)", finding.level == .ok ? .ok : .warning, finding.text)
        }
        // An empty folder in /run is nothing to warn of.
        let left = await HostRemains.ofGoneNodes(on: host).filter {
            $0.hasRules || !($0.namespaces + $0.links).isEmpty || !$0.containers.isEmpty
        }
        if !left.isEmpty {
            report.add(
                "machines: leftovers", .warning,
                "\(Human.count(left.count, "node")) left namespaces and more here and will not come back; `skerry node clean` "
                    + "removes that")
        }
        report.add(
            "machines", host.canRun ? .ok : .warning,
            host.canRun ? "they can run here" : "none can run here, and the node offers no room for any")
    }
}
