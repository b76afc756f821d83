import NIOCore
import NIOSSL

extension Channel {
    /// Closes the socket. TLS would first say its farewell and wait for the other side's; for a connection on which ours
    /// has been said. On the channel's event loop.
    func closeWithoutFarewell() {
        if let context = try? pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
            context.close(promise: nil)
        } else {
            close(promise: nil)
        }
    }
}
