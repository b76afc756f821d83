import NIOCore
import Testing
import Wire

@testable import Peering

@Suite("Frames")
struct FrameTests {
    private static let allocator = ByteBufferAllocator()

    private static func frames(_ pieces: [ByteBuffer]) throws -> [Frame] {
        var decoder = FrameDecoder()
        var frames: [Frame] = []
        for piece in pieces {
            decoder.feed(piece)
            while let frame = try decoder.next(allocator: allocator) { frames.append(frame) }
        }
        return frames
    }

    private static func pieces(_ bytes: ByteBuffer, of size: Int) -> [ByteBuffer] {
        var bytes = bytes
        var pieces: [ByteBuffer] = []
        while bytes.readableBytes > 0 {
            if let piece = bytes.readSlice(length: min(size, bytes.readableBytes)) { pieces.append(piece) }
        }
        return pieces
    }

    @Test("Pieces of any size give the same frames", arguments: [1, 2, 5, 11, 12, 13, 100, 4_096, 1 << 30])
    func pieces(size: Int) throws {
        let frames = [0, 1, 11, 12, 13, 5_000].enumerated().map { index, count in
            Frame(
                type: FrameType(rawValue: UInt8(index)), flags: index % 2 == 0 ? .response : [.required, .response],
                requestID: UInt32.max - UInt32(index), body: randomBytes(count, seed: UInt64(index)))
        }
        let stream = frames.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer(RawPeer.encode($1)) }
        #expect(try FrameTests.frames(FrameTests.pieces(stream, of: size)) == frames)
    }

    @Test("A body at the limit is taken, one byte more is refused")
    func limit() throws {
        let limit = FrameHeader.maxBodyBytes
        let frame = Frame(type: .block, flags: .response, requestID: 1, body: ByteBuffer(repeating: 9, count: limit))
        #expect(try FrameTests.frames(FrameTests.pieces(RawPeer.encode(frame), of: 100_000)) == [frame])
        var tooLong = ByteBuffer()
        tooLong.writeMultipleIntegers(UInt32(limit + 1), UInt32(0), UInt32(0))
        let error = #expect(throws: FrameError.self) { _ = try FrameTests.frames([tooLong]) }
        #expect(error?.code == .tooLarge)
    }

    @Test("Reserved bits are refused", arguments: 0..<16)
    func reserved(bit: Int) {
        var bytes = ByteBuffer()
        bytes.writeMultipleIntegers(UInt32(0), UInt32(1) << UInt32(bit), UInt32(0))
        let error = #expect(throws: FrameError.self) { _ = try FrameTests.frames([bytes]) }
        #expect(error?.code == .malformed)
    }

    @Test("Headers survive the way through their words")
    func header() throws {
        for flags in UInt8.min...UInt8.max {
            let header = FrameHeader(
                bodyByteCount: Int(flags) * 100, type: FrameType(rawValue: 255 - flags), flags: .init(rawValue: flags),
                requestID: UInt32(flags) << 24)
            let words = header.words
            #expect(try FrameHeader(length: words.0, kind: words.1, requestID: words.2) == header)
        }
    }

    @Test("Random bytes never trap", arguments: 0..<50 as Range<UInt64>)
    func randomInput(seed: UInt64) {
        var generator = SeededGenerator(seed)
        var bytes = randomBytes(Int.random(in: 0...4_000, using: &generator), seed: seed)
        // Plausible lengths let the decoder get further than the first header.
        if bytes.readableBytes > 12, seed % 2 == 0 {
            bytes.setMultipleIntegers(UInt32(seed), UInt32(seed) << 24, UInt32(0), at: 0)
        }
        let size = Int.random(in: 1...64, using: &generator)
        let once = try? FrameTests.frames([bytes])
        let split = try? FrameTests.frames(FrameTests.pieces(bytes, of: size))
        #expect(once == split, "seed \(seed)")
    }
}

@Suite("The queue of requests")
struct RequestQueueTests {
    private static func request(_ type: FrameType, _ tag: Int) -> RequestQueue<Int>.Waiting {
        .init(type: type, body: ByteBuffer(), tag: tag)
    }

    @Test("Control goes before bulk, each in order, within the limits")
    func order() {
        var queue = RequestQueue<Int>(maxInFlight: 2, maxTotal: 5)
        let types: [FrameType] = [.readBlock, .readBlock, .statBlob, .readEntries, .readBlock]
        for (type, tag) in zip(types, 1...) {
            let isAdded = queue.add(RequestQueueTests.request(type, tag))
            #expect(isAdded)
        }
        let isOneMoreAdded = queue.add(RequestQueueTests.request(.statBlob, 6))
        #expect(!isOneMoreAdded)
        let first = queue.next()
        let second = queue.next()
        let third = queue.next()
        #expect(first?.request.tag == 3)
        #expect(second?.request.tag == 4)
        #expect(third == nil)
        let removed = queue.remove(first?.id ?? 0)
        let removedTwice = queue.remove(first?.id ?? 0)
        #expect(removed == 3)
        #expect(removedTwice == nil)
        let fourth = queue.next()
        #expect(fourth?.request.tag == 1)
        #expect(queue.count == 4)
        let rest = queue.removeAll()
        #expect(rest.sorted() == [1, 2, 4, 5])
        #expect(queue.count == 0)
    }

    @Test("Calls of functions have turns of their own: neither waits for the other")
    func calls() {
        var queue = RequestQueue<Int>(maxInFlight: 1, maxCalls: 1, maxTotal: 10)
        let types: [FrameType] = [.callBegin, .callRead, .callStop, .statBlob]
        for (type, tag) in zip(types, 1...) { _ = queue.add(RequestQueueTests.request(type, tag)) }
        let (first, second, third) = (queue.next(), queue.next(), queue.next())
        #expect(first?.request.tag == 3 && second?.request.tag == 1 && third == nil)
        _ = queue.remove(second?.id ?? 0)
        let fourth = queue.next()
        #expect(fourth?.request.tag == 2)
        _ = queue.remove(first?.id ?? 0)
        let fifth = queue.next()
        #expect(fifth?.request.tag == 4 && queue.count == 2)
        _ = queue.add(RequestQueueTests.request(.callSend, 5))
        let waiting = queue.take { $0 == 5 }
        #expect(waiting?.id == nil && waiting?.tag == 5)
        let flying = queue.take { $0 == 2 }
        #expect(flying?.id == fourth?.id)
    }

    @Test("Ids in flight are distinct and never 0")
    func ids() {
        var queue = RequestQueue<Int>(maxInFlight: 1_000, maxTotal: 1_000)
        for tag in 0..<1_000 { _ = queue.add(RequestQueueTests.request(.readBlock, tag)) }
        var ids: Set<UInt32> = []
        while let (id, _) = queue.next() { ids.insert(id) }
        #expect(ids.count == 1_000)
        #expect(!ids.contains(0))
    }
}
