import Foundation
import Synchronization

/// Programs that speak the protocols independently of us.
enum Tool {
    struct Output {
        let status: Int32
        let text: String
    }

    static func path(_ name: String) -> String? {
        ["/usr/bin/", "/usr/local/bin/", "/bin/"].map { $0 + name }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }

    /// Runs a program to its end; nil when it is not installed, which is said.
    static func run(_ name: String, _ arguments: [String], input: String? = nil) async throws -> Output? {
        guard let path = path(name) else {
            print("\(name) is not installed: what it would check is left out")
            return nil
        }
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: path)
                process.arguments = arguments
                let output = Pipe()
                let standardInput = Pipe()
                process.standardOutput = output
                process.standardError = output
                process.standardInput = standardInput
                do {
                    try process.run()
                    try standardInput.fileHandleForWriting.write(contentsOf: Data((input ?? "").utf8))
                    try standardInput.fileHandleForWriting.close()
                    let bytes = output.fileHandleForReading.readDataToEndOfFile()
                    process.waitUntilExit()
                    continuation.resume(
                        returning: Output(
                            status: process.terminationStatus, text: String(decoding: bytes, as: UTF8.self)))
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }
}
