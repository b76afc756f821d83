import NIOCore

/// Who sends what a pump reads.
protocol BodyPumpOwner: AnyObject {
    /// Whether the client takes bytes at the moment.
    var pumpMayWrite: Bool { get }
    /// Whether so many bytes may be read ahead of what the client takes. If not, ``Pump/run()`` is called when they may.
    func pumpMayHold(_ byteCount: Int) -> Bool
    func pumpWrite(_ bytes: ByteBuffer)
    func pumpFinished()
    /// The rest cannot be had. The body must not be completed.
    func pumpFailed(_ error: any Error)
}

/// Brings a body to its owner, on one event loop.
protocol Pump: AnyObject {
    /// Sends what can be sent. Call again when the client takes bytes.
    func run()
    /// Lets go of the body. Further calls do nothing.
    func close()
}

/// Reads a body block by block, one block ahead of what the client takes. Used on one event loop.
final class BodyPump: Pump {
    /// Blocks sent in one go before other connections of the loop get their turn.
    private static let maxBurst = 4

    private let blob: any GatewayBlob
    private let loop: any EventLoop
    private weak var owner: (any BodyPumpOwner)?
    private var cursor: BodyCursor
    /// The next step, while there is no room for what it brings.
    private var step: BodyCursor.Step?
    /// The piece that waits for the client.
    private var ready: ByteBuffer?
    private var isFetching = false
    private var isRunning = false
    private var isClosed = false

    init(_ blob: any GatewayBlob, _ parts: [BodyCursor.Part], on loop: any EventLoop, owner: any BodyPumpOwner) {
        self.blob = blob
        self.loop = loop
        self.owner = owner
        cursor = BodyCursor(parts, byteCount: blob.byteCount)
    }

    func run() {
        // A block may arrive while it is being asked for: the loop below picks it up, so that the stack stays flat.
        guard !isRunning else { return }
        isRunning = true
        defer { isRunning = false }
        var burst = 0
        while !isClosed, let owner {
            if let piece = ready {
                guard owner.pumpMayWrite else { return }
                if burst == BodyPump.maxBurst {
                    loop.assumeIsolated().execute { self.run() }
                    return
                }
                burst += 1
                ready = nil
                owner.pumpWrite(piece)
                continue
            }
            if isFetching { return }
            switch step ?? cursor.next() {
            case .bytes(let bytes): ready = bytes
            case .block(let index, let slice, let blockBytes):
                guard owner.pumpMayHold(blockBytes) else {
                    step = .block(index: index, slice: slice, blockBytes: blockBytes)
                    return
                }
                step = nil
                fetch(index, slice, blockBytes)
            case nil:
                close()
                owner.pumpFinished()
            }
        }
    }

    private func fetch(_ index: Int, _ slice: Range<Int>, _ blockBytes: Int) {
        isFetching = true
        blob.block(index, on: loop).hop(to: loop).assumeIsolated().whenComplete { result in
            self.isFetching = false
            guard !self.isClosed else { return }
            switch result {
            case .success(let block):
                guard block.readableBytes == blockBytes,
                    let piece = block.getSlice(at: block.readerIndex + slice.lowerBound, length: slice.count)
                else {
                    self.fail(
                        GatewayError(
                            .blobMismatch, "Block \(index) has \(block.readableBytes) bytes instead of \(blockBytes)",
                            origin: .node))
                    return
                }
                self.ready = piece
                self.run()
            case .failure(let error): self.fail(error)
            }
        }
    }

    private func fail(_ error: any Error) {
        close()
        owner?.pumpFailed(error)
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        ready = nil
        blob.close()
    }
}
