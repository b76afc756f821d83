import Machines

/// Whether this host can run machines. A node without them serves sites and functions as before, so nothing here fails.
enum MachineChecks {
    static func host(_ report: inout DoctorReport, _ settings: MachineHost.Settings = .init()) async {
        let host = await MachineHost.inspect(settings)
        for finding in host.findings {
            report.add("machines: \(finding.name)", finding.level == .ok ? .ok : .warning, finding.text)
        }
        let left = await HostRemains.ofGoneNodes(on: host)
        if !left.isEmpty {
            let nodes = left.count == 1 ? "a node that is gone" : "\(left.count) nodes that are gone"
            report.add(
                "machines: leftovers", .warning,
                "\(nodes) left \(left.flatMap(\.namespaces).count) namespaces and more here; `skerry node clean` removes it"
            )
        }
        report.add(
            "machines", host.canRun ? .ok : .warning,
            host.canRun ? "they can run here" : "none can run here, and the node offers no room for any")
    }
}
