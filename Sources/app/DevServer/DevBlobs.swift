import Gateway
import Identity
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#endif

/// The app's files, read from the folder when they are asked for.
struct DevBlobs: GatewayBlobs {
    let state: DevState

    func hot(_ id: BlobID) -> ByteBuffer? { nil }

    func open(_ id: BlobID, on eventLoop: any EventLoop) -> EventLoopFuture<any GatewayBlob> {
        guard case .loaded(let loaded) = state.content, let path = loaded.app.locations[id] else {
            return eventLoop.makeFailedFuture(DevBlobs.missing("the app"))
        }
        return NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
            let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw DevBlobs.missing(path) }
            return try DevBlob(descriptor, path)
        }
    }

    static func missing(_ path: String) -> GatewayError {
        GatewayError(.blobNotFound, "The file \(path) cannot be read any more; load the page again", origin: .node)
    }
}

/// One open file.
private final class DevBlob: GatewayBlob {
    let byteCount: Int
    private let descriptor: Int32
    private let path: String

    init(_ descriptor: Int32, _ path: String) throws {
        var info = stat()
        guard fstat(descriptor, &info) == 0 else {
            Glibc.close(descriptor)
            throw DevBlobs.missing(path)
        }
        self.descriptor = descriptor
        self.path = path
        byteCount = Int(info.st_size)
    }

    deinit { Glibc.close(descriptor) }

    func demand(_ bytes: Range<Int>) {}

    func block(_ index: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { [self] in
            let start = index * GatewayBlock.byteCount
            let length = min(GatewayBlock.byteCount, byteCount - start)
            guard length > 0 else { return ByteBuffer() }
            var buffer = ByteBuffer()
            var done = 0
            while done < length {
                let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length - done) { bytes in
                    max(0, pread(descriptor, bytes.baseAddress, length - done, off_t(start + done)))
                }
                guard count > 0 else { throw DevBlobs.missing(path) }
                done += count
            }
            return buffer
        }
    }

    /// The descriptor goes with the last reference, so that a block that is being read still can be.
    func close() {}
}
