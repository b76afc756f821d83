import Testing

@testable import WorkerProtocol

@Suite struct FrameTests {
    static let frames: [Frame] = [
        .hello(version: 1, layers: 0xFFFF_FFFF),
        .load(
            LoadOrder(
                code: [1, 2, 3], fileName: "w.js", cpuLimitMilliseconds: 500, maxResponseBodyBytes: 10,
                environment: #"{"vars":{}}"#)),
        .loaded(takesSchedules: true),
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

    @Test func aRequestIsEncodedWithoutAFrame() {
        let head = RequestHead(method: "GET", url: "https://e.com/", headers: [HeaderField(name: "a", value: "ü")])
        var expected: [UInt8] = [9]
        Frame.request(id: 8, head: head, body: [7, 0], continues: true).encode(into: &expected)
        var bytes: [UInt8] = [9]
        [UInt8]([7, 0]).withUnsafeBytes { body in
            Frame.encodeRequest(
                id: 8, method: head.method, url: head.url, headers: [(name: "a", value: "ü")], body: body,
                continues: true, into: &bytes)
        }
        #expect(bytes == expected)
    }

    @Test func aRequestIsTheSameWhereItLies() throws {
        let head = RequestHead(
            method: "GE\nT", url: "https://e.com/\nü",
            headers: [
                HeaderField(name: "a", value: "1"), HeaderField(name: "b\n", value: "2"),
                HeaderField(name: "c", value: "3\n"), HeaderField(name: "d", value: ""),
            ])
        var bytes: [UInt8] = []
        Frame.request(id: 8, head: head, body: [7, 0], continues: true).encode(into: &bytes)
        let payload = Array(bytes.dropFirst(FrameReader.prefixBytes))
        try payload.withUnsafeBytes { payload in
            let view = try #require(try RequestView(payload))
            #expect(view.id == 8 && view.continues && view.body.elementsEqual([7, 0]))
            var lines = [UInt8]("before".utf8)
            view.writeHead(to: &lines)
            #expect(String(decoding: lines, as: UTF8.self) == "GET\nhttps://e.com/ü\na\n1\nd\n")
        }
        for length in 1..<payload.count {
            #expect(throws: WireError.self) {
                _ = try payload[..<length].withUnsafeBytes { try RequestView($0) == nil }
            }
        }
        #expect(throws: WireError.self) { _ = try (payload + [0]).withUnsafeBytes { try RequestView($0) == nil } }
        var other: [UInt8] = []
        Frame.loaded(takesSchedules: false).encode(into: &other)
        #expect(try other.dropFirst(FrameReader.prefixBytes).withUnsafeBytes { try RequestView($0) } == nil)
    }

    @Test(arguments: ["", "a\n1", "a\n1\nb\n", "ä\nö\na\n"])
    func aResponseIsEncodedWithoutAFrame(_ text: String) throws {
        let lines = text.isEmpty ? [] : text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let headers = stride(from: 0, to: lines.count, by: 2).map { HeaderField(name: lines[$0], value: lines[$0 + 1]) }
        var expected: [UInt8] = [9]
        Frame.response(id: 4, status: 201, headers: headers, body: [1, 2], continues: true, cpuMicroseconds: 300)
            .encode(into: &expected)
        var bytes: [UInt8] = [9]
        #expect(Self.encode(text, into: &bytes))
        #expect(bytes == expected)
    }

    @Test func aResponseBeyondTheLimitsIsNotEncoded() {
        let name = String(repeating: "n", count: WireLimits.maxHeaderBytes)
        let many = [String](repeating: "a\nb", count: WireLimits.maxHeaderCount).joined(separator: "\n")
        let long = [String](repeating: "\(name)\n", count: WireLimits.maxFrameBytes / WireLimits.maxHeaderBytes - 1)
        let cases = [
            ("a", false), ("\(name)\nb", true), ("\(name)n\nb", false), (many, true), (many + "\na\nb", false),
            (long.joined(separator: "\n"), true), ((long + ["\(name)\n"]).joined(separator: "\n"), false),
        ]
        for (text, isFine) in cases {
            var bytes: [UInt8] = [9]
            #expect(Self.encode(text, into: &bytes) == isFine)
            if !isFine { #expect(bytes == [9]) }
        }
    }

    private static func encode(_ headers: String, into bytes: inout [UInt8]) -> Bool {
        let body: [UInt8] = [1, 2]
        return Array(headers.utf8).withUnsafeBufferPointer { lines in
            body.withUnsafeBytes { body in
                Frame.encodeResponse(
                    id: 4, status: 201, headerLines: lines, body: body, continues: true, cpuMicroseconds: 300,
                    into: &bytes)
            }
        }
    }

    @Test func randomBytesNeverTrap() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...64, using: &generator)
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            if count > 0 { bytes[0] = UInt8.random(in: 1...18, using: &generator) }
            _ = bytes.withUnsafeBytes { try? Frame.decode($0) }
            let isRequest = bytes.withUnsafeBytes { (try? RequestView($0)) != nil }
            if isRequest { #expect(throws: Never.self) { try bytes.withUnsafeBytes { try Frame.decode($0) } } }
        }
    }

    @Test func aReaderKeepsNoMemoryForLargeFrames() throws {
        var bytes: [UInt8] = []
        Frame.data(id: 3, bytes: [UInt8](repeating: 7, count: 4 * FrameReader.maxIdleBytes)).encode(into: &bytes)
        var reader = FrameReader()
        bytes.withUnsafeBytes { reader.append($0) }
        #expect(try reader.next() != nil)
        #expect(try reader.next() == nil)
        #expect(reader.reservedBytes <= FrameReader.maxIdleBytes)
        bytes.withUnsafeBytes { reader.append($0) }
        #expect(try reader.next() != nil)
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
