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
