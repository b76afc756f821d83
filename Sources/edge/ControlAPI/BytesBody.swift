import ControlModel
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// An answer in bytes.
struct BytesBody: ResponseGenerator {
    private let bytes: Data

    init(_ bytes: Data) { self.bytes = bytes }

    func response(from request: Request, context: some RequestContext) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: ByteFrames.contentType, .contentLength: String(bytes.count), .cacheControl: "no-store",
            ],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
