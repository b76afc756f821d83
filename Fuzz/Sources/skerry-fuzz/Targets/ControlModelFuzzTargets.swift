import ControlModel
import Foundation

/// Decoders of the control API's answers. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum ControlModelFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] { ["byte-frames": byteFrames] }

    /// The first two bytes are the longest frame that is allowed.
    private static func byteFrames(_ input: [UInt8]) -> String? {
        guard input.count >= 2 else { return nil }
        let most = Int(input[0]) << 8 | Int(input[1])
        let bytes = Data(input.dropFirst(2))
        guard let frames = ByteFrames.decode(bytes, maxFrameBytes: most) else { return nil }
        guard frames.allSatisfy({ $0.count <= most }) else { return "a frame is too long" }
        return ByteFrames.encode(frames) == bytes ? nil : "frames are written otherwise than they were read"
    }

    /// Small valid inputs by target and name.
    static func seeds() -> [String: [String: [UInt8]]] {
        let frames = Array(ByteFrames.encode([Data(), Data([1]), Data([2, 3])]))
        return ["byte-frames": ["three": [0, 2] + frames, "too-long": [0, 1] + frames, "none": [0, 0]]]
    }
}
