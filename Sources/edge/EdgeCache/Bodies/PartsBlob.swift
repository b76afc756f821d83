import Gateway
import NIOCore

/// A body that is stored in parts, as far as it is here.
struct PartsBlob: GatewayBlob {
    let byteCount: Int
    private let parts: [BodyPart]
    private let blobs: any GatewayBlobs

    init(byteCount: Int, parts: [BodyPart], blobs: any GatewayBlobs) {
        self.byteCount = byteCount
        self.parts = parts
        self.blobs = blobs
    }

    func demand(_ bytes: Range<Int>) {}

    func block(_ index: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
        let offset = index * GatewayBlock.byteCount
        guard let part = parts.first(where: { $0.start <= offset && offset < $0.start + $0.byteCount }) else {
            return eventLoop.makeFailedFuture(EdgeCacheError("A part of the body is not here"))
        }
        let inner = (offset - part.start) / GatewayBlock.byteCount
        return eventLoop.makeFutureWithTask { [blobs] in
            let blob = try await blobs.open(part.blob, on: eventLoop).get()
            defer { blob.close() }
            guard blob.byteCount == part.byteCount else { throw EdgeCacheError("A part has another length") }
            return try await blob.block(inner, on: eventLoop).get()
        }
    }

    func close() {}
}
