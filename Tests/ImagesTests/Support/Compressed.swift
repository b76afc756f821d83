import CZlib
import CZstd

@testable import Images

/// Compresses for tests.
enum Compressed {
    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        guard
            deflateInit2_(
                &stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
                == Z_OK
        else { return [] }
        defer { deflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, CUnsignedLong(bytes.count))) + 64)
        let count = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = CUnsignedInt(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = CUnsignedInt(output.count)
                _ = deflate(&stream, Z_FINISH)
                return output.count - Int(stream.avail_out)
            }
        }
        return Array(output.prefix(count))
    }

    /// - Parameter isStreamed: Whether the frame does not say how much it holds, so that its window counts.
    static func zstd(_ bytes: [UInt8], windowLog: CInt? = nil, isStreamed: Bool = false) -> [UInt8] {
        guard let context = ZSTD_createCCtx() else { return [] }
        defer { ZSTD_freeCCtx(context) }
        if let windowLog { _ = ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog) }
        if isStreamed { _ = ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0) }
        var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count) + 64)
        return bytes.withUnsafeBytes { bytes in
            let count = output.withUnsafeMutableBytes { output in
                var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
                if isStreamed {
                    // In two steps, or the whole input is known and the window shrinks to it.
                    var first = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count / 2, pos: 0)
                    _ = ZSTD_compressStream2(context, &target, &first, ZSTD_e_continue)
                    _ = ZSTD_compressStream2(context, &target, &first, ZSTD_e_flush)
                    var rest = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: bytes.count / 2)
                    _ = ZSTD_compressStream2(context, &target, &rest, ZSTD_e_end)
                } else {
                    var all = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
                    _ = ZSTD_compressStream2(context, &target, &all, ZSTD_e_end)
                }
                return target.pos
            }
            return Array(output.prefix(count))
        }
    }

    static func make(_ bytes: [UInt8], _ compression: LayerCompression) -> [UInt8] {
        switch compression {
        case .none: bytes
        case .gzip: gzip(bytes)
        case .zstd: zstd(bytes)
        }
    }
}
