import CBrotli
import CZlib
import CZstd
import Manifests

/// Content codings in one step, as well as they can be: what is made once at a deployment is sent many times.
enum ContentCompressor {
    /// Content up to this size gets Brotli's best quality, which takes about a second for each MiB.
    private static let bestQualityBytes = 2 << 20
    private static let brotliQuality: (best: Int32, large: Int32) = (11, 9)
    /// A window of 4 MiB, which every client has.
    private static let brotliWindow: Int32 = 22
    /// Below the levels whose window is larger than the 8 MiB that clients must have (RFC 9659).
    private static let zstdLevel: Int32 = 19
    private static let zlibLevel: Int32 = 9
    /// 32 KiB, and 16 for the gzip format.
    private static let gzipWindow: Int32 = 15 + 16
    private static let gzipMemory: Int32 = 8

    /// - Returns: Nil if the library refuses.
    static func compress(_ bytes: [UInt8], _ encoding: ContentEncoding) -> [UInt8]? {
        switch encoding {
        case .brotli: brotli(bytes)
        case .gzip: gzip(bytes)
        case .zstd: zstd(bytes)
        }
    }

    /// Whether `encoded` is exactly `bytes` in this coding.
    static func isEncoded(_ encoded: [UInt8], _ encoding: ContentEncoding, of bytes: [UInt8]) -> Bool {
        // One byte more, so that content that is longer does not fit exactly.
        let room = bytes.count + 1
        let decoded: [UInt8] = [UInt8](unsafeUninitializedCapacity: room) { space, count in
            switch encoding {
            case .brotli:
                var size = room
                let result = BrotliDecoderDecompress(encoded.count, encoded, &size, space.baseAddress)
                count = result == BROTLI_DECODER_RESULT_SUCCESS ? size : 0
            case .gzip: count = inflate(encoded, into: space)
            case .zstd:
                let size = ZSTD_decompress(space.baseAddress, room, encoded, encoded.count)
                count = ZSTD_isError(size) == 0 ? size : 0
            }
        }
        return !bytes.isEmpty && decoded == bytes
    }

    private static func brotli(_ bytes: [UInt8]) -> [UInt8]? {
        let room = BrotliEncoderMaxCompressedSize(bytes.count)
        guard room > 0 else { return nil }
        let quality = bytes.count <= bestQualityBytes ? brotliQuality.best : brotliQuality.large
        let encoded: [UInt8] = [UInt8](unsafeUninitializedCapacity: room) { space, count in
            var size = room
            let result = BrotliEncoderCompress(
                quality, brotliWindow, BROTLI_MODE_GENERIC, bytes.count, bytes, &size, space.baseAddress)
            count = result == 0 ? 0 : size
        }
        return encoded.isEmpty ? nil : encoded
    }

    private static func zstd(_ bytes: [UInt8]) -> [UInt8]? {
        let room = ZSTD_compressBound(bytes.count)
        let encoded: [UInt8] = [UInt8](unsafeUninitializedCapacity: room) { space, count in
            let size = ZSTD_compress(space.baseAddress, room, bytes, bytes.count, zstdLevel)
            count = ZSTD_isError(size) == 0 ? size : 0
        }
        return encoded.isEmpty ? nil : encoded
    }

    private static func gzip(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        guard
            deflateInit2_(
                &stream, zlibLevel, Z_DEFLATED, gzipWindow, gzipMemory, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        let room = Int(deflateBound(&stream, UInt(bytes.count)))
        var input = bytes
        let encoded: [UInt8] = input.withUnsafeMutableBufferPointer { input in
            [UInt8](unsafeUninitializedCapacity: room) { space, count in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = space.baseAddress
                stream.avail_out = UInt32(room)
                count = deflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.total_out) : 0
            }
        }
        return encoded.isEmpty ? nil : encoded
    }

    private static func inflate(_ encoded: [UInt8], into space: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var stream = z_stream()
        guard
            inflateInit2_(&stream, gzipWindow, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return 0 }
        defer { inflateEnd(&stream) }
        var encoded = encoded
        return encoded.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            stream.next_out = space.baseAddress
            stream.avail_out = UInt32(space.count)
            return CZlib.inflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.total_out) : 0
        }
    }
}
