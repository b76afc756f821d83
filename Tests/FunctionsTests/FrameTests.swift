import Testing
import WorkerProtocol

@Suite struct FrameTests {
    static let frames: [Frame] = [
        .hello(version: 1, layers: 0xFFFF_FFFF),
        .load(
            LoadOrder(
                code: [1, 2, 3], fileName: "w.js", cpuLimitMilliseconds: 500, maxResponseBodyBytes: 10,
                environment: #"{"vars":{}}"#)),
        .loaded,
        .loadFailed(message: "m", stack: "s\n"),
        .request(
            id: 1,
            head: RequestHead(method: "GET", url: "https://e.com/", headers: [HeaderField(name: "a", value: "ü")]),
            body: [0, 255], continues: true),
        .response(
            id: .max, status: 200, headers: [HeaderField(name: "b", value: "")], body: [], continues: false,
            cpuMicroseconds: .max),
        .failure(id: 2, code: .exception, message: "x"),
        .log(id: 0, level: .warning, line: "🌍"),
        .cancel(id: 3),
        .call(id: 1, HostCallOrder(owner: 2, name: "fetch", argument: "{}"), body: [7], continues: true),
        .result(id: 1, value: "[]", body: [], continues: false),
        .callFailed(id: 1, code: "fetch/refused", message: "no"),
        .data(id: 2, bytes: [1, 2]),
        .end(id: 2),
        .broken(id: 2, message: "gone"),
        .credit(id: 2, bytes: 65_536),
        .stop(id: 2),
        .drive(startMilliseconds: 1_700_000_000_000, seed: [UInt8](repeating: 9, count: WireLimits.seedBytes)),
        .turn(time: 1),
        .idle(due: .max, isOver: true),
    ]

    @Test func framesSurviveTheWireInPiecesOfAnySize() throws {
        var bytes: [UInt8] = []
        for frame in Self.frames { frame.encode(into: &bytes) }
        for size in [1, 2, 3, 7, 64, bytes.count] {
            var reader = FrameReader()
            var read: [Frame] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { reader.append($0) }
                while let frame = try reader.next() { read.append(frame) }
            }
            #expect(read == Self.frames)
            #expect(reader.bufferedBytes == 0)
        }
    }

    @Test(arguments: frames) func damagedFramesAreRefused(_ frame: Frame) throws {
        var bytes: [UInt8] = []
        frame.encode(into: &bytes)
        let payload = Array(bytes.dropFirst(FrameReader.prefixBytes))
        for length in 0..<payload.count {
            #expect(throws: WireError.self) { try payload[..<length].withUnsafeBytes { try Frame.decode($0) } }
        }
        #expect(throws: WireError.self) { try (payload + [0]).withUnsafeBytes { try Frame.decode($0) } }
    }

    @Test func randomBytesNeverTrap() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...64, using: &generator)
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            if count > 0 { bytes[0] = UInt8.random(in: 1...18, using: &generator) }
            _ = bytes.withUnsafeBytes { try? Frame.decode($0) }
        }
    }

    @Test func aFrameBeyondTheLimitIsRefusedAtItsPrefix() throws {
        func reader(_ length: Int) -> FrameReader {
            var reader = FrameReader()
            let prefix = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
            prefix.withUnsafeBytes { reader.append($0) }
            return reader
        }
        var atLimit = reader(WireLimits.maxFrameBytes)
        #expect(try atLimit.next() == nil)
        var beyond = reader(WireLimits.maxFrameBytes + 1)
        #expect(throws: WireError.self) { try beyond.next() }
        var empty = reader(0)
        #expect(throws: WireError.self) { try empty.next() }
    }
}
