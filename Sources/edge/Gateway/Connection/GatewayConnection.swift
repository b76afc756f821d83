/// A connection as its event loop knows it, whatever it speaks.
protocol GatewayConnection: AnyObject {
    /// The node stops: no further request after those that have begun.
    func drain()
    /// Closes at once, whatever is still to be sent.
    func abort()
    /// Closes if the client has had all that it gets, without waiting any longer for it to close too.
    func cut()
}
