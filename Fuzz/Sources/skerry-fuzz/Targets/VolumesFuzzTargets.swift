import NIOCore

@testable import Volumes

/// Readers of snapshots of volumes. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum VolumesFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] { ["volume-snapshot": snapshot, "volume-stream": stream] }

    private static func snapshot(_ input: [UInt8]) -> String? {
        guard let snapshot = try? VolumeSnapshot(decoding: ByteBuffer(bytes: input)) else { return nil }
        return (try? VolumeSnapshot(decoding: snapshot.encoded)) == snapshot ? nil : "it is read as another one"
    }

    /// Whole and byte by byte, the same must come of it, and no path may lead outside.
    private static func stream(_ input: [UInt8]) -> String? {
        let whole = read(input, pieces: max(1, input.count))
        let parts = read(input, pieces: 1)
        if whole != parts { return "in pieces it is read differently" }
        for path in whole.paths
        where path.split(separator: UInt8(ascii: "/")).contains(where: { $0.elementsEqual("..".utf8) }) {
            return "a path leads out of the volume"
        }
        return whole.paths.count == Set(whole.paths).count ? nil : "a path comes twice"
    }

    private struct Outcome: Equatable {
        var paths: [[UInt8]] = []
        var bytes = 0
        var failure: VolumeError?
    }

    private static func read(_ input: [UInt8], pieces: Int) -> Outcome {
        var reader = VolumeStreamReader(maxEntries: 1_000, maxBytes: 1 << 20)
        var outcome = Outcome()
        do throws(VolumeError) {
            for start in stride(from: 0, to: input.count, by: pieces) {
                reader.append(ByteBuffer(bytes: input[start..<min(input.count, start + pieces)]))
                while let event = try reader.next() {
                    switch event {
                    case .entry(let entry): outcome.paths.append(entry.path)
                    case .content(let part): outcome.bytes += part.readableBytes
                    case .target(let target): outcome.bytes += target.count
                    case .end: break
                    }
                }
            }
            try reader.finish()
        } catch {
            outcome.failure = error
        }
        return outcome
    }
}
