import NIOCore

/// Sends a body that is in memory, a block at a time, so that a client's pace shows.
final class SlicePump: Pump {
    private var rest: ByteBuffer
    private weak var owner: (any BodyPumpOwner)?
    private var isRunning = false

    init(_ bytes: ByteBuffer, owner: any BodyPumpOwner) {
        rest = bytes
        self.owner = owner
    }

    func run() {
        guard !isRunning else { return }
        isRunning = true
        defer { isRunning = false }
        while let owner {
            guard rest.readableBytes > 0 else {
                self.owner = nil
                return owner.pumpFinished()
            }
            guard owner.pumpMayWrite,
                let slice = rest.readSlice(length: min(GatewayBlock.byteCount, rest.readableBytes))
            else { return }
            owner.pumpWrite(slice)
        }
    }

    func close() {
        owner = nil
        rest = ByteBuffer()
    }
}
