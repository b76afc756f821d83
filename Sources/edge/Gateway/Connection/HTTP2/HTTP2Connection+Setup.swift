import NIOCore
import NIOHTTP2

/// From a channel to a connection.
extension HTTP2Connection {
    /// What RFC 9113 section 6.5.2 allows for one frame of ours to receive.
    private static let maxFrameBytes = 64 * 1024
    /// Frames beside DATA that one stream may have on their way when the socket is full: its head, its reset, the windows.
    private static let framesByStream = 4

    /// Makes `channel` speak HTTP/2 as a server. On its event loop.
    static func add(
        to channel: any Channel, _ dispatcher: Dispatcher, _ shared: LoopContext, _ metrics: GatewayMetrics,
        isSecure: Bool
    ) throws {
        let client = ClientAddress(channel.remoteAddress, isSecure: isSecure)
        let frames = NIOHTTP2Handler(
            mode: .server, connectionConfiguration: connectionConfiguration(dispatcher.settings),
            streamConfiguration: streamConfiguration(dispatcher.settings))
        let connection = HTTP2Connection(dispatcher, shared, metrics, client, channel)
        if isSecure { try channel.pipeline.syncOperations.addHandler(RecordJoiner()) }
        try channel.pipeline.syncOperations.addHandlers([frames, connection])
    }

    private static func connectionConfiguration(
        _ settings: Gateway.Settings
    ) -> NIOHTTP2Handler.ConnectionConfiguration {
        let limits = settings.http2
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.maxConcurrentStreams),
            // The size counts 32 bytes for each field (RFC 9113 section 6.5.2).
            HTTP2Setting(
                parameter: .maxHeaderListSize,
                value: settings.parser.maxFieldBytes + settings.parser.maxRequestLineBytes
                    + 32 * settings.parser.maxFields),
            HTTP2Setting(parameter: .initialWindowSize, value: limits.streamWindowBytes),
            HTTP2Setting(parameter: .maxFrameSize, value: maxFrameBytes),
            // RFC 8441 section 3.
            HTTP2Setting(parameter: .enableConnectProtocol, value: 1),
        ]
        // `HTTP2RequestHead` is stricter, and `HTTP2Stream` counts what comes; what goes out was checked where it was made.
        configuration.headerBlockValidation = .disabled
        configuration.contentLengthValidation = .disabled
        configuration.maximumSequentialContinuationFrames = limits.maxContinuationFrames
        configuration.maximumSequentialEmptyDataFrames = limits.maxEmptyDataFrames
        // What is on its way for a stream that was reset here is nobody's fault.
        configuration.maximumRecentlyResetStreams = limits.maxConcurrentStreams
        configuration.maximumBufferedControlFrames =
            framesByStream * limits.maxConcurrentStreams
            + limits.maxControlFrames
        configuration.controlFrameRateLimit.maximumCount = limits.maxControlFrames
        configuration.controlFrameRateLimit.windowLength = TimeAmount(limits.rateWindow)
        return configuration
    }

    private static func streamConfiguration(_ settings: Gateway.Settings) -> NIOHTTP2Handler.StreamConfiguration {
        let limits = settings.http2
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        configuration.streamResetFrameRateLimit.maximumCount = limits.maxResets
        configuration.streamResetFrameRateLimit.windowLength = TimeAmount(limits.rateWindow)
        configuration.streamErrorRateLimit.maximumCount = limits.maxResets
        configuration.streamErrorRateLimit.windowLength = TimeAmount(limits.rateWindow)
        return configuration
    }
}
