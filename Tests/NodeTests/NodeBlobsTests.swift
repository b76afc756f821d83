import BlobStore
import Exchange
import Gateway
import Peering
import Testing

@testable import Node

@Suite("What a visitor is told of a blob that does not come")
struct NodeBlobsTests {
    private func code(_ error: any Error) -> GatewayError.Code? { (NodeBlobs.explained(error) as? GatewayError)?.code }

    @Test("What lies with the providers is no internal failure of this node")
    func providers() {
        #expect(code(ExchangeError(.notFound, "nobody")) == .blobNotFound)
        for error in [ExchangeError(.unavailable, "lost"), ExchangeError(.corrupt, "lies"), .init(.cancelled, "end")] {
            #expect(code(error) == .blobUnreachable)
        }
        #expect(code(PeerError(.closed, "gone")) == .blobUnreachable)
    }

    @Test("What the store says keeps its code")
    func store() {
        #expect(code(BlobStoreError(.diskFull, "full"))?.description == "blob/disk-full")
    }
}
