import NIOHTTP2

/// What NIOHTTP2 reports of clients that break rules.
enum HTTP2Faults {
    /// One stream is at fault, and NIOHTTP2 has reset it.
    static func concernsStream(_ error: any Error) -> Bool {
        switch error {
        case is NIOHTTP2Errors.StreamError, is NIOHTTP2Errors.StreamClosed, is NIOHTTP2Errors.TrailersWithoutEndStream:
            true
        default: false
        }
    }

    /// Something came behind the last stream of a connection that ends. To NIOHTTP2 nobody may say anything then, and a
    /// client that still takes its answer says so.
    static func isLate(_ error: any Error) -> Bool {
        error is NIOHTTP2Errors.IOOnClosedConnection || error is NIOHTTP2Errors.RaisedGoawayLastStreamID
    }

    /// The code of an error that NIOHTTP2 reports alike of a stream and of the connection; nil for others. The whole
    /// connection ends for each of them: only a client that counts or orders its frames wrong makes them.
    static func code(ofEither error: any Error) -> HTTP2ErrorCode? {
        switch error {
        case is NIOHTTP2Errors.BadStreamStateTransition: .streamClosed
        case is NIOHTTP2Errors.FlowControlViolation, is NIOHTTP2Errors.InvalidFlowControlWindowSize: .flowControlError
        case is NIOHTTP2Errors.InvalidWindowIncrementSize: .protocolError
        default: nil
        }
    }
}
