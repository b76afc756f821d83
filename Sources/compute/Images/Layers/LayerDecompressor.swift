import CZlib
import CZstd

/// Takes compressed bytes as they come and gives what they stand for, at most a quarter of a megabyte at a time.
///
/// Used by one thread at a time.
final class LayerDecompressor {
    private enum Engine {
        case none
        case gzip(UnsafeMutablePointer<z_stream>)
        case zstd(OpaquePointer)
    }

    private static let outputBytes = 256 << 10

    private let engine: Engine
    private let output: UnsafeMutableRawBufferPointer
    /// Whether a member or frame has begun and not ended.
    private var isInside = false
    private var hasBegun = false

    /// - Throws: ``ImageError`` `.badCompression` when there is no memory.
    init(_ compression: LayerCompression) throws(ImageError) {
        switch compression {
        case .none: engine = .none
        case .gzip:
            let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            stream.initialize(to: z_stream())
            // 32 KiB window; 16 says gzip.
            guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK else {
                stream.deallocate()
                throw ImageError(.badCompression, "There is no memory for unpacking a layer")
            }
            engine = .gzip(stream)
        case .zstd:
            guard let stream = ZSTD_createDStream() else {
                throw ImageError(.badCompression, "There is no memory for unpacking a layer")
            }
            _ = ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, LayerLimits.maxWindowLog)
            engine = .zstd(stream)
        }
        output = .allocate(byteCount: Self.outputBytes, alignment: 64)
    }

    deinit {
        switch engine {
        case .none: break
        case .gzip(let stream):
            inflateEnd(stream)
            stream.deallocate()
        case .zstd(let stream): ZSTD_freeDStream(stream)
        }
        output.deallocate()
    }

    /// - Parameter emit: Gets what comes out, in order; valid during the call only.
    /// - Throws: ``ImageError`` `.badCompression`, and what `emit` throws.
    func feed(
        _ input: UnsafeRawBufferPointer, _ emit: (UnsafeRawBufferPointer) throws(ImageError) -> Void
    ) throws(ImageError) {
        guard !input.isEmpty else { return }
        hasBegun = true
        switch engine {
        case .none: try emit(input)
        case .gzip(let stream): try inflate(stream, input, emit)
        case .zstd(let stream): try decompress(stream, input, emit)
        }
    }

    /// There is no more input.
    ///
    /// - Throws: ``ImageError`` `.truncated` when more would have to follow.
    func finish() throws(ImageError) {
        if case .none = engine { return }
        guard hasBegun, !isInside else { throw ImageError(.truncated, "The compressed layer is cut off") }
    }

    private func inflate(
        _ stream: UnsafeMutablePointer<z_stream>, _ input: UnsafeRawBufferPointer,
        _ emit: (UnsafeRawBufferPointer) throws(ImageError) -> Void
    ) throws(ImageError) {
        // zlib counts in 32 bits; parts are far smaller, but nothing here says so.
        var rest = input
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 24))
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
            stream.pointee.next_in = UnsafeMutablePointer(mutating: part.bindMemory(to: UInt8.self).baseAddress)
            stream.pointee.avail_in = CUnsignedInt(part.count)
            defer { stream.pointee.next_in = nil }
            var isFull = false
            while stream.pointee.avail_in > 0 || isFull {
                if !isInside, stream.pointee.avail_in > 0 {
                    // The next member (RFC 1952, section 2.2).
                    inflateReset(stream)
                    isInside = true
                }
                stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
                stream.pointee.avail_out = CUnsignedInt(output.count)
                let status = CZlib.inflate(stream, Z_NO_FLUSH)
                let count = output.count - Int(stream.pointee.avail_out)
                isFull = count == output.count && status != Z_STREAM_END
                switch status {
                case Z_OK: break
                case Z_STREAM_END: isInside = false
                case Z_BUF_ERROR: isFull = false
                default:
                    let reason = stream.pointee.msg.map { String(cString: $0) } ?? "code \(status)"
                    throw ImageError(.badCompression, "The layer's gzip data is damaged: \(reason)")
                }
                if count > 0 { try emit(UnsafeRawBufferPointer(rebasing: output.prefix(count))) }
                if status == Z_BUF_ERROR, count == 0 { break }
            }
        }
    }

    private func decompress(
        _ stream: OpaquePointer, _ input: UnsafeRawBufferPointer,
        _ emit: (UnsafeRawBufferPointer) throws(ImageError) -> Void
    ) throws(ImageError) {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var isFull = false
        while source.pos < source.size || isFull {
            var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
            // 0 says that a frame has ended; the next call begins another one (RFC 8878, section 3.1).
            let result = ZSTD_decompressStream(stream, &target, &source)
            guard ZSTD_isError(result) == 0 else {
                let reason = String(cString: ZSTD_getErrorName(result))
                throw ImageError(
                    .badCompression, "The layer's zstd data is damaged or needs too much memory: \(reason)")
            }
            isInside = result != 0
            isFull = target.pos == target.size && result != 0
            if target.pos > 0 { try emit(UnsafeRawBufferPointer(rebasing: output.prefix(target.pos))) }
        }
    }
}
