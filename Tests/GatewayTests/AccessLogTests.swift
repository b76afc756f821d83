import Dispatch
import Foundation
import NIOPosix
import Synchronization
import Testing

@testable import Gateway

@Suite("The access log")
struct AccessLogTests {
    static let entry = AccessEntry(
        method: "GET", host: "a.localhost", path: "/x\"\\\n{", status: 200, bytes: 0, micros: -1, kind: "site",
        remote: "::1", error: "a/b", request: "0123", isBroken: true)

    @Test("Text of clients neither ends a line nor a string")
    func lines() throws {
        let text = String(decoding: Self.entry.line(.text), as: UTF8.self)
        #expect(text.hasSuffix("\n") && text.filter { $0 == "\n" }.count == 1)
        #expect(text.contains(" path=/x\"\\ { status=200 bytes=0 micros=-1 kind=site remote=::1 error=a/b "))
        let json = Self.entry.line(.json)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
        #expect(object["path"] as? String == "/x\"\\\n{" && object["status"] as? Int == 200)
        #expect(object["label"] as? String == "gateway" && object["broken"] as? String == "true")
        #expect(json.filter { $0 == 0x0A }.count == 1)
    }

    @Test("What a slow reader cannot take is counted, and told")
    func bound() async {
        let written = Mutex<[UInt8]>([])
        let held = DispatchSemaphore(value: 0)
        let gate = Atomic(true)
        let log = AccessLog(.text) { lines in
            if gate.exchange(false, ordering: .relaxed) { held.wait() }
            written.withLock { $0 += lines }
        }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let size = Self.entry.line(.text).count
        // The writer holds some; then as many wait as may, and ten more do not.
        var added = 0
        while gate.load(ordering: .relaxed) {
            log.add(Self.entry, on: loop)
            added += 1
        }
        let before = added
        while added - before < AccessLog.maxWaitingBytes / size + 10 {
            log.add(Self.entry, on: loop)
            added += 1
        }
        held.signal()
        await log.flush()
        let text = String(decoding: written.withLock { $0 }, as: UTF8.self)
        let lines = text.split(separator: "\n")
        let missing = lines.compactMap { $0.split(separator: " count=").dropFirst().first }.compactMap { Int($0) }
        #expect(missing.reduce(0, +) >= 10)
        #expect(lines.count { $0.contains("method=GET") } + missing.reduce(0, +) == added)
    }
}
