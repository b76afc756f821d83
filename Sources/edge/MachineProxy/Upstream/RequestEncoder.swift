import Gateway
import NIOCore
import Streams

/// Writes the head of a request for a machine (RFC 9112 section 3).
enum RequestEncoder {
    /// How the body goes out.
    enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
    }

    static func framing(_ request: MachineRequest) -> Framing {
        guard request.upgrade == nil else { return .none }
        if case .bytes(let bytes) = request.body {
            // A method whose meaning is its body says so even when that is empty (RFC 9110 section 8.6).
            let isNamed = request.bodyBytes == nil || ["POST", "PUT", "PATCH"].contains(request.method)
            return bytes.readableBytes > 0 || isNamed ? .length(bytes.readableBytes) : .none
        }
        return request.bodyBytes.map { .length($0) } ?? .chunked
    }

    /// Whether the request can be written so that it is read as one: what comes from other nodes and from functions
    /// passes here as well.
    static func isSound(_ request: MachineRequest) -> Bool {
        guard isToken(request.method), request.target.utf8.first == UInt8(ascii: "/"),
            request.target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), request.upgrade.map(isValue) ?? true
        else { return false }
        return request.headers.allSatisfy { isField($0.name, $0.value) }
    }

    /// Whether a field may stand in a message, and says nothing about how that is framed.
    static func isField(_ name: String, _ value: String) -> Bool {
        isToken(name) && isValue(value) && !framingFields.contains(name.lowercased())
    }

    private static let framingFields: Set<String> = ["content-length", "transfer-encoding", "connection", "upgrade"]
    private static let symbols = Set("!#$%&'*+-.^_`|~".utf8)

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                byte &- 0x61 < 26 || byte &- 0x41 < 26 || byte &- 0x30 < 10 || symbols.contains(byte)
            }
    }

    private static func isValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 == 9 || $0 >= 0x20 && $0 != 0x7f }
    }

    static func write(_ request: MachineRequest, _ framing: Framing, to buffer: inout ByteBuffer) {
        buffer.writeString(request.method)
        buffer.writeStaticString(" ")
        buffer.writeString(request.target)
        buffer.writeStaticString(" HTTP/1.1\r\n")
        for (name, value) in request.headers {
            buffer.writeString(name)
            buffer.writeStaticString(": ")
            buffer.writeString(value)
            buffer.writeStaticString("\r\n")
        }
        switch framing {
        case .none: break
        case .length(let count):
            buffer.writeStaticString("content-length: ")
            buffer.writeString(String(count))
            buffer.writeStaticString("\r\n")
        case .chunked: buffer.writeStaticString("transfer-encoding: chunked\r\n")
        }
        if let upgrade = request.upgrade {
            buffer.writeStaticString("connection: upgrade\r\nupgrade: ")
            buffer.writeString(upgrade)
            buffer.writeStaticString("\r\n")
        }
        buffer.writeStaticString("\r\n")
    }

    /// A part of a chunked body (RFC 9112 section 7.1).
    static func chunk(_ part: ByteBuffer, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        var chunk = allocator.buffer(capacity: part.readableBytes + 20)
        chunk.writeString(String(part.readableBytes, radix: 16))
        chunk.writeStaticString("\r\n")
        chunk.writeImmutableBuffer(part)
        chunk.writeStaticString("\r\n")
        return chunk
    }
}
