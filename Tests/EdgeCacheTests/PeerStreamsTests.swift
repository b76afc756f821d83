import Blake3
import Identity
import Testing

@testable import EdgeCache

@Suite("Bodies that other nodes read")
struct PeerStreamsTests {
    private let one = NodeID(Blake3.hash([1]))
    private let other = NodeID(Blake3.hash([2]))

    @Test("A node that opens more than it may pushes out its own, and nobody else's")
    func share() {
        var streams = PeerStreams()
        let kept = streams.add(Spool(ingest: nil), 0..<1, for: one, now: 0)
        let first = streams.add(Spool(ingest: nil), 0..<1, for: other, now: 1)
        var last = first
        for now in 2..<Int64(2 * PeerStreams.capacity) {
            last = streams.add(Spool(ingest: nil), 0..<1, for: other, now: now)
        }
        let now = Int64(2 * PeerStreams.capacity)
        #expect(streams.read(kept, by: one, now: now) != nil)
        #expect(streams.read(first, by: other, now: now) == nil && streams.read(last, by: other, now: now) != nil)
        #expect(streams.read(last, by: one, now: now) == nil)
    }

    @Test("What is over makes room again")
    func room() {
        var streams = PeerStreams()
        let first = streams.add(Spool(ingest: nil), 0..<1, for: one, now: 0)
        for _ in 0..<PeerStreams.maxOfReader {
            streams.remove(streams.add(Spool(ingest: nil), 0..<1, for: one, now: 1))
        }
        #expect(streams.read(first, by: one, now: 1) != nil)
        streams.sweep(now: PeerStreams.patience + 1)
        #expect(streams.read(first, by: one, now: PeerStreams.patience + 1) == nil)
    }
}
