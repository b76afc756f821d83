import NIOCore
import Streams

/// Sends the parts of a body as they come.
final class FlowPump: Pump {
    private let stream: ByteStream
    private let loop: any EventLoop
    private weak var owner: (any BodyPumpOwner)?
    private var isFetching = false
    private var isClosed = false

    init(_ stream: ByteStream, on loop: any EventLoop, owner: any BodyPumpOwner) {
        self.stream = stream
        self.loop = loop
        self.owner = owner
    }

    func run() {
        guard !isClosed, !isFetching, owner?.pumpMayWrite == true else { return }
        isFetching = true
        // Parts that wait already arrive in later turns of the loop, so that other connections get theirs.
        stream.next(on: loop).assumeIsolated().whenComplete { result in
            self.isFetching = false
            guard !self.isClosed, let owner = self.owner else { return }
            switch result {
            case .success(let part?):
                owner.pumpWrite(part)
                self.loop.assumeIsolated().execute { self.run() }
            case .success(nil):
                self.isClosed = true
                owner.pumpFinished()
            case .failure(let error):
                self.close()
                owner.pumpFailed(error)
            }
        }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        stream.stop()
    }
}
