// Measures machines on this host: machine-bench LAYER [ROUNDS [COUNT]]
//
// LAYER is a folder with /server, which answers HTTP on port 8080 (examples/machine). Prints, as tab-separated lines:
// from `start` to the first answer with everything cached, the same bundle by hand with the same runtime, and what COUNT
// machines cost their node.
import Foundation
import Glibc
import Logging
import Machines

let words = CommandLine.arguments
guard words.count >= 2 else {
    print("usage: machine-bench LAYER [ROUNDS [COUNT]]")
    exit(64)
}
let rounds = words.count > 2 ? Int(words[2]) ?? 20 : 20
let count = words.count > 3 ? Int(words[3]) ?? 50 : 50
let folder = NSTemporaryDirectory() + "/machine-bench-\(getpid())"
let host = await MachineHost.inspect()
if let obstacle = host.obstacle {
    print("machines cannot run here: \(obstacle)")
    exit(1)
}
let supervisor = try await MachineSupervisor.open(
    MachineSupervisor.Configuration(folder: folder), host: host,
    logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })

func spec(_ name: String, health: Bool = false) throws -> MachineSpec {
    guard let id = MachineID(name) else { throw MachineError(.invalidSpec, name) }
    return MachineSpec(
        id: id, image: "sha256:bench", environment: ["DATA": "/tmp"],
        resources: MachineResources(cpuMillis: 1_000, memoryBytes: 64 << 20, maxProcesses: 32),
        ports: [MachinePort(name: "web", number: 8_080)],
        health: health ? MachineHealthCheck(.http(port: 8_080, path: "/health")) : nil, stopTimeout: .seconds(3))
}

/// Asks until there is an answer; true when it is one.
func firstAnswer(_ address: String) -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(connection) }
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = UInt16(8_080).bigEndian
        inet_pton(AF_INET, address, &target.sin_addr)
        let result = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            usleep(300)
            continue
        }
        let request = Array("GET /health HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        var answer = [UInt8](repeating: 0, count: 64)
        if send(connection, request, request.count, 0) > 0, recv(connection, &answer, 64, 0) > 0 { return true }
    }
    return false
}

func milliseconds(_ duration: Duration) -> Double { duration / .milliseconds(1) }

func show(_ name: String, _ values: [Double]) {
    let sorted = values.sorted()
    guard let least = sorted.first, let most = sorted.last else { return }
    let middle = sorted[sorted.count / 2]
    print(
        "\(name)\tp50 \(String(format: "%.1f", middle)) ms\tleast \(String(format: "%.1f", least))\tmost \(String(format: "%.1f", most))"
    )
}

@discardableResult
func run(_ arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: arguments[0])
    process.arguments = Array(arguments.dropFirst())
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
}

let image = MachineImage(layers: [words[1]], entrypoint: ["/server"])

// From `start` to the first answer.
let first = try spec("first")
try await supervisor.create(first, image: image)
var started: [Double] = []
var healthy: [Double] = []
for _ in 0..<rounds {
    let begin = ContinuousClock.now
    try await supervisor.start(first.id)
    try await supervisor.waitUntilHealthy(first.id, timeout: .seconds(30))
    healthy.append(milliseconds(ContinuousClock.now - begin))
    guard let address = try await supervisor.status(first.id).address, firstAnswer(address) else { exit(1) }
    started.append(milliseconds(ContinuousClock.now - begin))
    try await supervisor.stop(first.id)
    // So that namespaces are ready again, as they are on a node that does not do this all the time.
    try await Task.sleep(for: .milliseconds(200))
}
show("start to healthy", healthy)
show("start to first answer", started)

// The same configuration by hand: the root a plain folder, the namespaces of network and users made before.
try await supervisor.start(first.id)
try await supervisor.waitUntilHealthy(first.id, timeout: .seconds(30))
let bundle = folder + "/hand"
try FileManager.default.createDirectory(atPath: bundle + "/rootfs", withIntermediateDirectories: true)
try FileManager.default.copyItem(atPath: words[1] + "/server", toPath: bundle + "/rootfs/server")
let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/first/bundle/config.json"))
try await supervisor.stop(first.id)
guard var config = try JSONSerialization.jsonObject(with: data) as? [String: Any],
    var linux = config["linux"] as? [String: Any], var namespaces = linux["namespaces"] as? [[String: Any]]
else { exit(1) }
let firstID = ((linux["uidMappings"] as? [[String: Any]])?.first?["hostID"] as? Int) ?? 0
for path in ["", "/rootfs", "/rootfs/server"] { chown(bundle + path, uid_t(firstID), gid_t(firstID)) }
chmod(folder, 0o755)
let link = "skbench"
let addresses = (host: "10.212.0.1", machine: "10.212.0.2")
let holder = URL(fileURLWithPath: words[0]).deletingLastPathComponent().path + "/skerry-holder"
try run([holder, "network", "\(firstID)", "/run/netns/\(link)"])
try run(["/usr/sbin/ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", link])
for line in [
    ["addr", "add", addresses.host + "/30", "dev", link], ["link", "set", link, "up"],
    ["-n", link, "addr", "add", addresses.machine + "/30", "dev", "eth0"], ["-n", link, "link", "set", "eth0", "up"],
] { try run(["/usr/sbin/ip"] + line) }
for index in namespaces.indices {
    switch namespaces[index]["type"] as? String {
    case "network": namespaces[index]["path"] = "/run/netns/\(link)"
    case "user": namespaces[index]["path"] = "/run/netns/\(link).user"
    default: break
    }
}
linux["namespaces"] = namespaces
linux["cgroupsPath"] = "/skerry-machine-bench"
config["linux"] = linux
config["root"] = ["path": bundle + "/rootfs", "readonly": true]
try JSONSerialization.data(withJSONObject: config).write(to: URL(fileURLWithPath: bundle + "/config.json"))
let runtime = host.findings.first { $0.name == "OCI runtime" }?.text ?? "runc"
let root = "/run/machine-bench-\(getpid())"
var byHand: [Double] = []
for _ in 0..<rounds {
    let begin = ContinuousClock.now
    let null = [
        "/bin/sh", "-c",
        "exec \(runtime) --root \(root) run --detach --bundle \(bundle) hand >\(bundle)/output 2>&1 </dev/null",
    ]
    guard try run(null) == 0, firstAnswer(addresses.machine) else {
        let output = try? String(contentsOfFile: bundle + "/output", encoding: .utf8)
        print("\(runtime) did not run the bundle by hand: \(output ?? "")")
        break
    }
    byHand.append(milliseconds(ContinuousClock.now - begin))
    try run([runtime, "--root", root, "delete", "--force", "hand"])
}
show("by hand, \(runtime)", byHand)
try run(["/usr/sbin/ip", "link", "delete", link])
for name in [link, "\(link).user"] { try run(["/usr/sbin/ip", "netns", "delete", name]) }

// Many.
func proportional(_ pid: Int32) -> Int {
    let text = (try? String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("Pss:") }
    return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
}
func cpu() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
}
let before = proportional(getpid())
let begin = ContinuousClock.now
for number in 0..<count {
    let spec = try spec("many-\(number)", health: true)
    try await supervisor.create(spec, image: image)
    try await supervisor.start(spec.id)
}
for number in 0..<count {
    guard let id = MachineID("many-\(number)") else { continue }
    try await supervisor.waitUntilHealthy(id, timeout: .seconds(120))
}
print("\(count) machines healthy after\t\(String(format: "%.1f", milliseconds(ContinuousClock.now - begin) / 1_000)) s")
let sampler = Task { await supervisor.run() }
let start = (cpu: cpu(), at: ContinuousClock.now)
try await Task.sleep(for: .seconds(20))
let share = (cpu() - start.cpu) / ((ContinuousClock.now - start.at) / .seconds(1))
var holders = 0
for number in 0..<count {
    let text = (try? String(contentsOfFile: "\(folder)/many-\(number)/holder.lock", encoding: .utf8)) ?? ""
    holders += proportional(Int32(text.filter(\.isNumber)) ?? 0)
}
print(
    "supervisor with \(count) machines\t\(proportional(getpid()) - before) KiB more (of \(proportional(getpid())) KiB)\t\(String(format: "%.2f", share * 100)) % of one core"
)
print("holders of \(count) machines\t\(holders) KiB together, \(holders / max(1, count)) KiB each")
for status in await supervisor.list() { try await supervisor.stop(status.id) }
for status in await supervisor.list() { try await supervisor.destroy(status.id) }
sampler.cancel()
await supervisor.close()
try? FileManager.default.removeItem(atPath: folder)
