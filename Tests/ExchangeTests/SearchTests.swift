import BlobStore
import Exchange
import NIOCore
import NIOPosix
import Peering
import Testing
import Wire

@Suite("Looking for providers", .serialized, .timeLimit(.minutes(1)))
struct SearchTests {
    @Test("Who comes after a reader that gave up has the whole time to wait for a provider")
    func patience() async throws {
        try await withNodes { ledger, nodes in
            let lacking = Lies.refuse(PeerError.Code("blob/incomplete"))
            let provider = try await ExchangeNode(ledger, answers: lacking)
            nodes.append(provider)
            var settings = ExchangeSettings.quick
            settings.searchTimeout = .milliseconds(600)
            nodes.append(try await ExchangeNode(ledger, settings: settings))
            let exchange = nodes[1].exchange
            let id = try await provider.store.put(randomBytes(3 * blockBytes))
            var first: BlobHandle? = try await exchange.open(id)
            first?.demand(0..<2 * blockBytes)
            // One proves the blob, two are not there.
            #expect(try await eventually { provider.service.count(.readBlock) >= 3 })
            try await Task.sleep(for: .milliseconds(50))
            first = nil
            try await Task.sleep(for: .milliseconds(800))
            let second = try await exchange.open(id)
            let began = ContinuousClock.now
            #expect(await code { _ = try await second.block(0, on: loops.next()).get() } == "blob/unavailable")
            #expect(ContinuousClock.now - began > .milliseconds(400))
        }
    }
}
