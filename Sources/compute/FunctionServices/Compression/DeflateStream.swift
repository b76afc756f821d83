import CZlib
import NIOCore

/// One zlib stream: takes bytes, gives bytes, a bounded number at a time.
///
/// Memory: 256 KiB for compressing, 40 KiB for decompressing. Used by one task at a time.
final class DeflateStream {
    enum Direction: String, Codable, Sendable {
        case compress, decompress
    }

    /// Why a stream cannot go on.
    struct Damaged: Error, Equatable, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    /// What one step gives at most, however far its input expands.
    static let maxOutputBytes = 64 << 10
    /// What one step takes at most, however little becomes of it.
    static let maxInputBytes = 64 << 10
    /// What zlib suggests: 256 KiB, and most of what more would gain.
    private static let memoryLevel: CInt = 8

    private let direction: Direction
    /// On the heap: zlib's state refers to this address.
    private let stream: UnsafeMutablePointer<z_stream>
    private var input = ByteBuffer()
    private var isLastInput = false
    /// There may be more output without more input.
    private var wasFull = false
    private(set) var isFinished = false

    init(_ format: CompressionFormat, _ direction: Direction) throws(Damaged) {
        self.direction = direction
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = CInt(MemoryLayout<z_stream>.size)
        let status =
            switch direction {
            case .compress:
                deflateInit2_(
                    stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, format.windowBits, Self.memoryLevel, Z_DEFAULT_STRATEGY,
                    ZLIB_VERSION, size)
            case .decompress: inflateInit2_(stream, format.windowBits, ZLIB_VERSION, size)
            }
        guard status == Z_OK else {
            stream.deallocate()
            throw Damaged("there is no memory for another compression")
        }
    }

    deinit {
        switch direction {
        case .compress: deflateEnd(stream)
        case .decompress: inflateEnd(stream)
        }
        stream.deallocate()
    }

    /// Takes the next input. What came before must have been worked off: ``step()`` gave nil.
    func feed(_ bytes: ByteBuffer) { input = bytes }

    /// There is no more input.
    func finish() { isLastInput = true }

    /// The next output, 64 KiB at most and possibly none; nil if more input is needed, or all is done.
    ///
    /// - Throws: ``Damaged`` for compressed data that is damaged, cut off, or followed by something else.
    func step() throws(Damaged) -> ByteBuffer? {
        if isFinished {
            guard input.readableBytes == 0 else { throw Damaged("something follows the end of the compressed data") }
            return nil
        }
        if input.readableBytes == 0, !isLastInput, !wasFull { return nil }
        let (output, consumed, status) = run()
        input.moveReaderIndex(forwardBy: consumed)
        wasFull = output.readableBytes == Self.maxOutputBytes
        switch status {
        case Z_STREAM_END: isFinished = true
        case Z_OK: break
        case Z_BUF_ERROR:
            // No progress: all input is used up, and without an end there is nothing to wait for.
            if isLastInput, output.readableBytes == 0 { throw Damaged("the compressed data is cut off") }
        case Z_NEED_DICT: throw Damaged("the compressed data needs a dictionary, which this format forbids")
        case Z_MEM_ERROR: throw Damaged("there is no memory for the compression")
        default: throw Damaged("the compressed data is damaged\(reason)")
        }
        return output
    }

    private var reason: String { stream.pointee.msg.map { ": \(String(cString: $0))" } ?? "" }

    private func run() -> (output: ByteBuffer, consumed: Int, status: CInt) {
        var output = ByteBufferAllocator().buffer(capacity: Self.maxOutputBytes)
        let length = min(input.readableBytes, Self.maxInputBytes)
        let isWhole = length == input.readableBytes
        let status = input.withUnsafeReadableBytes { bytes -> CInt in
            let source = bytes.bindMemory(to: UInt8.self)
            stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            stream.pointee.avail_in = CUnsignedInt(length)
            var status = Z_OK
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.maxOutputBytes) { space in
                let room = min(space.count, Self.maxOutputBytes)
                stream.pointee.next_out = space.bindMemory(to: UInt8.self).baseAddress
                stream.pointee.avail_out = CUnsignedInt(room)
                switch direction {
                case .compress: status = deflate(stream, isLastInput && isWhole ? Z_FINISH : Z_NO_FLUSH)
                case .decompress: status = inflate(stream, Z_NO_FLUSH)
                }
                return room - Int(stream.pointee.avail_out)
            }
            return status
        }
        let consumed = length - Int(stream.pointee.avail_in)
        // Both pointers are valid in here only.
        stream.pointee.next_in = nil
        stream.pointee.next_out = nil
        return (output, consumed, status)
    }
}
