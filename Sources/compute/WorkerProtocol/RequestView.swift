/// A ``Frame/request(id:head:body:continues:)`` read where its bytes lie: making texts and arrays of them would cost a
/// worker more than answering does.
public struct RequestView {
    /// The request's id on this socket.
    public let id: UInt64
    /// The body's first part; as valid as the bytes that the view was made of.
    public let body: UnsafeRawBufferPointer
    /// More of the body follows.
    public let continues: Bool

    private let method: UnsafeRawBufferPointer
    private let url: UnsafeRawBufferPointer
    private let fields: FrameCursor
    private let fieldCount: Int

    /// Reads a frame's bytes after the length prefix; nil for a frame of another type.
    ///
    /// - Throws: ``WireError`` for what ``Frame/decode(_:)`` refuses.
    public init?(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var cursor = FrameCursor(bytes)
        guard try cursor.integer("type") as UInt8 == FrameType.request.rawValue else { return nil }
        id = try cursor.integer("id")
        method = try cursor.span("method", limit: WireLimits.maxHeaderBytes)
        url = try cursor.span("URL", limit: WireLimits.maxURLBytes)
        fieldCount = try cursor.headerCount()
        fields = cursor
        for _ in 0..<fieldCount {
            _ = try cursor.span("header name", limit: WireLimits.maxHeaderBytes)
            _ = try cursor.span("header value", limit: WireLimits.maxHeaderBytes)
        }
        body = try cursor.span("body", limit: WireLimits.maxFrameBytes)
        continues = try cursor.flag("continuation")
        try cursor.end(of: FrameType.request.rawValue)
    }

    /// Replaces `lines` by the head in UTF-8: a line each for the method, the URL, and the name and the value of every
    /// field, with a line feed between two.
    ///
    /// Line feeds in a method or a URL are left out, as URLs have none; so are fields with one, which cannot come from
    /// HTTP.
    public func writeHead(to lines: inout [UInt8]) {
        lines.removeAll(keepingCapacity: true)
        append(method, to: &lines)
        lines.append(Self.lineFeed)
        append(url, to: &lines)
        var cursor = fields
        for _ in 0..<fieldCount {
            // The fields have been read once.
            guard let name = try? cursor.span("header name", limit: WireLimits.maxHeaderBytes),
                let value = try? cursor.span("header value", limit: WireLimits.maxHeaderBytes)
            else { return }
            if name.contains(Self.lineFeed) || value.contains(Self.lineFeed) { continue }
            lines.append(Self.lineFeed)
            lines.append(contentsOf: name)
            lines.append(Self.lineFeed)
            lines.append(contentsOf: value)
        }
    }

    private static let lineFeed = UInt8(ascii: "\n")

    private func append(_ text: UnsafeRawBufferPointer, to lines: inout [UInt8]) {
        if text.contains(Self.lineFeed) {
            lines.append(contentsOf: text.lazy.filter { $0 != Self.lineFeed })
        } else {
            lines.append(contentsOf: text)
        }
    }
}
