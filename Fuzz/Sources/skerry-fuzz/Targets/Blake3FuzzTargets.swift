@testable import Blake3

/// Decoders of the hash tree. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum Blake3FuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] {
        let blob = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        return [
            "verified-stream": { stream($0, blob) },
            "outboard": { outboard($0, blob) },
            "digest-text": digestText,
        ]
    }

    /// The first byte chooses pieces and range. Above 127 the rest is a stream; else it is a list of edits to the right
    /// stream, three bytes each: so hashes stay right where nothing was changed.
    private static func stream(_ input: [UInt8], _ blob: [UInt8]) -> String? {
        guard let mode = input.first else { return nil }
        let range = mode & 1 == 0 ? nil : 10_000..<10_000 + Int(mode & 0x3e) << 10
        var bytes = Array(input.dropFirst())
        if mode < 128 {
            guard let right = encoded(blob, range) else { return "the right stream cannot be made" }
            bytes = edited(right, bytes)
            if bytes == right, decode(bytes, blob, range, pieces: 1 << 20).failure != nil { return "right, refused" }
        }
        let whole = decode(bytes, blob, range, pieces: 1 << 20)
        if let problem = whole.problem { return problem }
        let parts = decode(bytes, blob, range, pieces: 1 + Int(mode) * 7)
        if let problem = parts.problem { return problem }
        if whole.byteCount != parts.byteCount || whole.failure != parts.failure {
            return "in pieces: \(parts.byteCount) bytes, \(parts.failure ?? "-"); whole: \(whole.byteCount), "
                + (whole.failure ?? "-")
        }
        return nil
    }

    private static func encoded(_ blob: [UInt8], _ range: Range<Int>?) -> [UInt8]? {
        var hasher = BlockHasher()
        blob.withUnsafeBytes { hasher.update($0) }
        let known = hasher.finalize()
        var output: [UInt8] = []
        do {
            var encoder = try VerifiedStreamEncoder(
                byteCount: blob.count, blockValues: known.blockValues, range: range)
            while try encoder.next(
                into: &output,
                read: { offset, buffer in buffer.copyBytes(from: blob[offset..<offset + buffer.count]) })
            {}
            return output
        } catch {
            return nil
        }
    }

    private static func edited(_ stream: [UInt8], _ edits: [UInt8]) -> [UInt8] {
        var stream = stream
        for start in stride(from: 0, to: edits.count - 2, by: 3) {
            let place = (Int(edits[start]) << 8 | Int(edits[start + 1])) * 2
            if edits[start + 2] == 0 {
                stream.removeLast(min(stream.count, place))
            } else if place < stream.count {
                stream[place] ^= edits[start + 2]
            }
        }
        return stream
    }

    /// What a decoder gave out and how it ended; a problem is a wrong byte.
    private static func decode(
        _ stream: [UInt8], _ blob: [UInt8], _ range: Range<Int>?, pieces: Int
    ) -> (byteCount: Int, failure: String?, problem: String?) {
        var decoder = VerifiedStreamDecoder(root: Blake3.hash(blob), range: range)
        var byteCount = 0
        var problem: String?
        do {
            for start in stride(from: 0, to: stream.count, by: pieces) {
                try stream[start..<min(stream.count, start + pieces)].withUnsafeBytes { piece in
                    try decoder.update(piece) { offset, bytes in
                        byteCount += bytes.count
                        guard offset >= 0, offset + bytes.count <= blob.count,
                            blob[offset..<offset + bytes.count].elementsEqual(bytes)
                        else { return problem = "wrong bytes at \(offset) were given out" }
                    }
                }
            }
            try decoder.finish()
            return (byteCount, nil, problem)
        } catch {
            return (byteCount, (error as? Blake3Error).map { "\($0.code)" } ?? "\(error)", problem)
        }
    }

    /// The first byte chooses: an outboard as it is, or edits to a right one.
    private static func outboard(_ input: [UInt8], _ blob: [UInt8]) -> String? {
        guard let mode = input.first else { return nil }
        var builder = OutboardBuilder()
        guard (try? blob.withUnsafeBytes({ try builder.update($0) })) != nil else { return "no outboard" }
        let right = builder.finalize()
        let rest = Array(input.dropFirst())
        let bytes = mode < 128 ? edited(right.encoded, rest) : rest
        // An outboard does not prove the size: only with it, the whole is proved.
        _ = try? Outboard(encoded: bytes, root: right.root)
        guard let read = try? Outboard(encoded: bytes, root: right.root, byteCount: blob.count) else {
            return bytes == right.encoded ? "the right outboard is refused" : nil
        }
        return read == right ? nil : "another outboard has the same root"
    }

    private static func digestText(_ input: [UInt8]) -> String? {
        guard let digest = Digest(hex: String(decoding: input, as: UTF8.self)) else { return nil }
        return Digest(hex: digest.hex) == digest ? nil : "\(digest.hex) is read as another digest"
    }
}
