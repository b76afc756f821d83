import Foundation
import Logging
import Testing

@testable import Telemetry

#if canImport(Glibc)
    import Glibc
#endif

struct StructuredLogTests {
    private func logger(_ descriptor: CInt, _ format: StructuredLog.Format) -> Logger {
        Logger(label: "test") { StructuredLog(label: $0, format: format, level: .info, descriptor: descriptor) }
    }

    @Test("A disk that is full takes no lines, and ends nothing", arguments: StructuredLog.Format.allCases)
    func fullDisk(format: StructuredLog.Format) throws {
        let descriptor = open("/dev/full", O_WRONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        for _ in 0..<3 { logger(descriptor, format).error("no room", metadata: ["path": "/tmp"]) }
    }

    @Test("What is logged is one line, whatever is in it")
    func lines() throws {
        let path = NSTemporaryDirectory() + "log-\(UUID().uuidString)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        defer { unlink(path) }
        logger(descriptor, .text).notice("first\nsecond", metadata: ["key": "a\u{7}b"])
        close(descriptor)
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 1)
        #expect(lines.first?.hasSuffix(" notice test: first second key=a b") == true)
    }
}
