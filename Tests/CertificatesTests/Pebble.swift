import Foundation
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#endif

/// Pebble, the test server of an ACME certificate authority (Debian's package pebble), as a process of its own.
final class Pebble: Sendable {
    /// Nil if Pebble or openssl is not here.
    static let isHere = ["pebble", "openssl"].allSatisfy { find($0) != nil }

    private static func find(_ name: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private let folder: String
    private let process: Process
    let port: Int
    let managementPort: Int

    /// The file with the root of its HTTPS. What it issues has another root: see ``rootURL``.
    var httpsRoots: String { folder + "/cert.pem" }
    var directory: String { "https://localhost:\(port)/dir" }
    /// Gives the root of what it issues, in PEM. It is another one at each start.
    var rootURL: String { "https://localhost:\(managementPort)/roots/0" }

    /// Starts it, and waits until it listens.
    ///
    /// - Parameters:
    ///   - httpPort: Where it looks for answers of HTTP-01.
    ///   - tlsPort: Where it looks for answers of TLS-ALPN-01.
    ///   - validSeconds: How long its certificates are good.
    init(dns: String, httpPort: Int, tlsPort: Int, validSeconds: Int = 7_776_000) async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("skerry-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        port = try await Pebble.freePort()
        managementPort = try await Pebble.freePort()
        try Pebble.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", folder + "/key.pem", "-out",
                folder + "/cert.pem",
            ])
        let configuration = """
            {"pebble": {"listenAddress": "127.0.0.1:\(port)", "managementListenAddress": "127.0.0.1:\(managementPort)",
            "certificate": "\(folder)/cert.pem", "privateKey": "\(folder)/key.pem", "httpPort": \(httpPort),
            "tlsPort": \(tlsPort), "ocspResponderURL": "", "externalAccountBindingRequired": false,
            "certificateValidityPeriod": \(validSeconds)}}
            """
        try configuration.write(toFile: folder + "/pebble.json", atomically: true, encoding: .utf8)
        process = Process()
        process.executableURL = URL(fileURLWithPath: Pebble.find("pebble") ?? "pebble")
        process.arguments = ["-config", folder + "/pebble.json", "-dnsserver", dns, "-strict"]
        var environment = ProcessInfo.processInfo.environment
        environment["PEBBLE_VA_NOSLEEP"] = "1"
        environment["PEBBLE_WFE_NONCEREJECT"] = "20"
        process.environment = environment
        try Data().write(to: URL(fileURLWithPath: folder + "/log"))
        process.standardOutput = FileHandle(forWritingAtPath: folder + "/log")
        process.standardError = FileHandle(forWritingAtPath: folder + "/log")
        try process.run()
        for port in [port, managementPort] { try await Pebble.waitFor(port) }
    }

    /// What it said so far.
    var log: String { (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? "" }

    /// Writes the root of what it issues to a file, in PEM.
    func saveRoot(to path: String) async throws {
        try Pebble.run("curl", ["--silent", "--fail", "--cacert", httpsRoots, rootURL, "--output", path])
    }

    func stop() {
        guard process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: folder)
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static func run(_ name: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: find(name) ?? name)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(description: "\(name) failed") }
    }

    static func freePort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        return port
    }

    private static func waitFor(_ port: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let channel = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port).get()
            if let channel { return try await channel.close() }
            guard ContinuousClock.now < deadline else { throw Failure(description: "Pebble does not listen") }
            try await Task.sleep(for: .milliseconds(30))
        }
    }
}
