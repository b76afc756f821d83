// A process that supervises machines in FOLDER until it is killed:
//   machine-exerciser FOLDER LAYER adopt|end ID…
import Foundation
import Logging
import Machines

let words = CommandLine.arguments
guard words.count >= 5, let orphan = MachineOrphanPolicy(rawValue: words[3]) else { exit(2) }
var configuration = MachineSupervisor.Configuration(folder: words[1])
configuration.usageInterval = .seconds(1)
let supervisor = try await MachineSupervisor.open(
    configuration, host: await MachineHost.inspect(), logger: Logger(label: "exerciser"))
for word in words[4...] {
    guard let id = MachineID(word) else { exit(2) }
    let spec = MachineSpec(
        id: id, image: "sha256:probe", command: ["serve", "8080"],
        resources: MachineResources(cpuMillis: 1_000, memoryBytes: 64 << 20, maxProcesses: 32),
        ports: [MachinePort(name: "web", number: 8_080)], restart: .always, stopTimeout: .seconds(2), orphan: orphan)
    try await supervisor.create(spec, image: MachineImage(layers: [words[2]], entrypoint: ["/probe"]))
    try await supervisor.start(id)
    try await supervisor.waitUntilHealthy(id, timeout: .seconds(30))
    FileHandle.standardOutput.write(Data("healthy \(id)\n".utf8))
}
await supervisor.run()
