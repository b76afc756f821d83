import Blake3
import BlobStore
import Identity
import NIOCore
import NIOPosix
import Testing

@Suite struct PeerReadTests {
    @Test("A block for a peer is hashed once in ten minutes; for everybody else always")
    func hashing() async throws {
        let clock = ManualStoreClock()
        let fixture = try Fixture {
            $0.hotBytes = 0
            $0.clock = clock.clock
        }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let bytes = noise(3 * BlockTree.blockByteCount, seed: 1)
        let id = try await fixture.store.put(bytes)
        // The first read opens the file, the second one checks what is in the page cache.
        for _ in 0..<2 { _ = try await fixture.store.heldBlock(id, 1, on: loop).get() }
        try fixture.flipBit(fixture.dataFile(id), at: BlockTree.blockByteCount + 9)
        let trusted = try await fixture.store.heldBlock(id, 1, on: loop).get()
        #expect(trusted.readableBytes == BlockTree.blockByteCount)
        #expect(trusted != bytes.getSlice(at: BlockTree.blockByteCount, length: BlockTree.blockByteCount))
        clock.advance(.milliseconds(600_000))
        #expect(await code { _ = try await fixture.store.heldBlock(id, 1, on: loop).get() } == .corrupt)
        #expect(try fixture.store.contains(id) == false)
    }

    @Test("Visitors get no byte that was not hashed, whatever was served to peers before")
    func visitors() async throws {
        let fixture = try Fixture { $0.hotBytes = 0 }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let id = try await fixture.store.put(noise(3 * BlockTree.blockByteCount, seed: 2))
        for _ in 0..<2 { _ = try await fixture.store.heldBlock(id, 2, on: loop).get() }
        try fixture.flipBit(fixture.dataFile(id), at: 2 * BlockTree.blockByteCount)
        #expect(await code { _ = try await fixture.store.block(id, 2, on: loop).get() } == .corrupt)
    }
}
