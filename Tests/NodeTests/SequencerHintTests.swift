import Identity
import Testing

@testable import Node

@Suite("Who is believed to order transactions")
struct SequencerHintTests {
    let nodes = (0..<2).map { _ in SigningKey().publicKey.node }

    @Test("Whom peers named last, until it fails; then not for a while, whatever they say")
    func avoids() {
        let hint = SequencerHint()
        let start = ContinuousClock.now
        #expect(hint.node == nil)
        hint.named(nodes[0], now: start)
        #expect(hint.node == nodes[0])
        hint.failed(nodes[1], now: start)
        #expect(hint.node == nodes[0])
        hint.failed(nodes[0], now: start)
        #expect(hint.node == nil)
        hint.named(nodes[0], now: start + SequencerHint.avoidance - .milliseconds(1))
        #expect(hint.node == nil)
        hint.named(nodes[1], now: start)
        #expect(hint.node == nodes[1])
        hint.named(nodes[0], now: start + SequencerHint.avoidance)
        #expect(hint.node == nodes[0])
    }
}
