import NIOCore

/// An answer now or later. The first costs no future.
enum Answer {
    case ready(Reply)
    /// Completes on the asking event loop.
    case later(EventLoopFuture<Reply>)
}
