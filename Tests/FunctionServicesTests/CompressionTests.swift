import Functions
import NIOCore
import Streams
import Testing

@testable import FunctionServices

@Suite(.serialized) struct CompressionTests {
    private func run(
        _ services: HostServices, _ format: String, _ op: String, _ body: FunctionBody
    ) async throws -> HostAnswer {
        try await services.answer(makeCall("compress", #"{"format": "\#(format)", "op": "\#(op)"}"#, body: body))
    }

    private func run(_ services: HostServices, _ format: String, _ op: String, _ bytes: [UInt8]) async throws -> [UInt8]
    {
        try await run(services, format, op, .bytes(ByteBuffer(bytes: bytes))).bytes()
    }

    /// A body that comes in parts of a length.
    private func parts(_ bytes: [UInt8], of length: Int) -> FunctionBody {
        let stream = ByteStream()
        Task {
            for start in stride(from: 0, to: bytes.count, by: length) {
                try await stream.write(ByteBuffer(bytes: bytes[start..<min(start + length, bytes.count)]))
            }
            stream.finish()
        }
        return .stream(stream)
    }

    @Test(arguments: ["gzip", "deflate", "deflate-raw"])
    func bytesComeBack(_ format: String) async throws {
        let samples: [[UInt8]] = [
            [], [1], Array("hello hello hello".utf8), (0..<130_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 5) },
            [UInt8](repeating: 0, count: 3_000_000),
        ]
        try await withServices { services in
            for sample in samples {
                let packed = try await run(services, format, "compress", sample)
                #expect(try await run(services, format, "decompress", packed) == sample)
                let again = try await run(services, format, "decompress", parts(packed, of: 7)).bytes()
                #expect(again == sample)
                let inParts = try await run(services, format, "compress", parts(sample, of: 100_001)).bytes()
                #expect(try await run(services, format, "decompress", inParts) == sample)
            }
        }
    }

    @Test func knownStreams() async throws {
        // Python's zlib.compress(b"skerry", 9).
        let zlib = hex("78da2bce4e2d2aaa0400091602a1")
        try await withServices { services in
            let whole = try await run(services, "deflate", "decompress", zlib)
            #expect(whole == Array("skerry".utf8))
            let raw = try await run(services, "deflate-raw", "decompress", Array(zlib.dropFirst(2).dropLast(4)))
            #expect(raw == Array("skerry".utf8))
        }
    }

    @Test(arguments: ["gzip", "deflate", "deflate-raw"])
    func damagedBodiesBreak(_ format: String) async throws {
        try await withServices { services in
            let sample = (0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* 37 >> 2) }
            let packed = try await run(services, format, "compress", sample)
            for length in [0, 1, packed.count / 2, packed.count - 1] {
                let wrong = await failure {
                    try await run(services, format, "decompress", Array(packed.prefix(length)))
                }
                #expect(wrong.code == "compress/data")
                #expect(wrong.message.contains("cut off"), "\(length)")
            }
            let trailing = await failure { try await run(services, format, "decompress", packed + [0]) }
            #expect(trailing.message.contains("follows the end"))
            let late = await failure {
                try await run(services, format, "decompress", parts(packed + [0], of: packed.count)).bytes()
            }
            #expect(late.message.contains("follows the end"))
            if format != "deflate-raw" {
                var flipped = packed
                flipped[packed.count - 2] ^= 1
                let wrong = await failure { try await run(services, format, "decompress", flipped) }
                #expect(wrong.message.contains("damaged"))
            }
            let noise = await failure {
                try await run(services, format, "decompress", Array(repeating: 0xff, count: 64))
            }
            #expect(noise.code == "compress/data")
        }
    }

    @Test func secondMembersAndDictionariesAreRefused() async throws {
        try await withServices { services in
            let one = try await run(services, "gzip", "compress", [1, 2, 3])
            let two = one + one
            let trailing = await failure { try await run(services, "gzip", "decompress", two) }
            #expect(trailing.code == "compress/data")
            // A zlib header with FDICT set.
            let wrong = await failure { try await run(services, "deflate", "decompress", hex("7820000000010000")) }
            #expect(wrong.code == "compress/data")
        }
    }

    @Test func bombsWaitForTheirReader() async throws {
        try await withServices { services in
            // 1 GiB of zeros takes a megabyte; compress 64 MiB of them in parts.
            let zeros = [UInt8](repeating: 0, count: 64 << 20)
            let packed = try await run(services, "deflate", "compress", zeros)
            #expect(packed.count < 100_000)
            let answer = try await run(services, "deflate", "decompress", .bytes(ByteBuffer(bytes: packed)))
            guard case .stream(let stream) = answer.body else {
                Issue.record("the body should be a stream")
                return
            }
            var largest = 0
            for _ in 0..<100 { largest = max(largest, try await stream.next()?.readableBytes ?? 0) }
            #expect(largest <= DeflateStream.maxOutputBytes)
            try await eventually("only this body must be open") { services.openBodies == 1 }
            stream.stop()
            try await eventually("the compression must end") { services.openBodies == 0 }
        }
    }

    @Test func streamsHaveALimit() async throws {
        try await withServices { services in
            var open: [ByteStream] = []
            for _ in 0..<CompressionService.maxStreamsPerApp {
                let input = ByteStream()
                open.append(input)
                _ = try await run(services, "gzip", "compress", .stream(input))
            }
            let wrong = await failure { try await run(services, "gzip", "compress", .stream(ByteStream())).value }
            #expect(wrong.code == "compress/limit")
            for stream in open { stream.finish() }
            try await eventually("a place must become free") {
                (try? await run(services, "gzip", "compress", [1])) != nil
            }
        }
    }

    @Test(arguments: [#"{"format": "br", "op": "compress"}"#, #"{"format": "gzip", "op": "x"}"#, "{}"])
    func badArgumentsAreNamed(_ argument: String) async throws {
        try await withServices { services in
            #expect(
                await failure { try await services.answer(makeCall("compress", argument)).value }.code
                    == "host/argument")
        }
    }
}
