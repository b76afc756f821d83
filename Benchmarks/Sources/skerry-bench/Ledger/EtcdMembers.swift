import Foundation
import Ledger

#if canImport(Glibc)
    import Glibc
#endif

/// An etcd cluster of three members on this machine, for the life of the object.
final class EtcdMembers {
    static let program = "/usr/bin/etcd"
    private static let count = 3

    let endpoints: [Endpoint]
    private let work: WorkFolder
    private var processes: [Process] = []

    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: program) }

    /// Starts the members; they are ready when their leader answers.
    init(_ work: WorkFolder) throws {
        self.work = work
        let ports = try EtcdMembers.freePorts(2 * EtcdMembers.count)
        let peers = (0..<EtcdMembers.count).map { "m\($0)=http://127.0.0.1:\(ports[2 * $0 + 1])" }
        endpoints = try (0..<EtcdMembers.count).map {
            try Endpoint(host: "127.0.0.1", port: UInt16(ports[2 * $0]))
        }
        for number in 0..<EtcdMembers.count {
            let client = "http://127.0.0.1:\(ports[2 * number])"
            let peer = "http://127.0.0.1:\(ports[2 * number + 1])"
            let process = Process()
            process.executableURL = URL(fileURLWithPath: EtcdMembers.program)
            process.arguments = [
                "--name", "m\(number)", "--data-dir", work.file("etcd\(number)"), "--listen-client-urls", client,
                "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", peers.joined(separator: ","), "--initial-cluster-state", "new", "--log-level",
                "error",
            ]
            process.standardError = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            processes.append(process)
        }
    }

    deinit {
        for process in processes { kill(process.processIdentifier, SIGKILL) }
        for process in processes { process.waitUntilExit() }
    }

    var processIDs: [Int32] { processes.map(\.processIdentifier) }

    /// Ports that nobody had a moment ago.
    private static func freePorts(_ count: Int) throws -> [Int] {
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        return try (0..<count).map { _ in
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            sockets.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let port = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> UInt16? in
                    guard bind(descriptor, address, length) == 0, getsockname(descriptor, address, &length) == 0 else {
                        return nil
                    }
                    return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                        UInt16(bigEndian: $0.pointee.sin_port)
                    }
                }
            }
            guard let port else { throw BenchError("no free port on 127.0.0.1") }
            return Int(port)
        }
    }
}
