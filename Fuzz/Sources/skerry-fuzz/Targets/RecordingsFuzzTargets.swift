import Recordings

/// The decoders of recordings and receipts. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum RecordingsFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] {
        ["recording": recording, "recording-file": recordingFile, "receipt": receipt]
    }

    /// The form that is signed: what was read is written as it was.
    private static func recording(_ input: [UInt8]) -> String? {
        guard let recording = try? Recording(unverified: input) else { return nil }
        _ = recording.transcriptHash
        _ = recording.outputHash
        return recording.canonicalBytes == input ? nil : "what was read is written in another way"
    }

    private static func recordingFile(_ input: [UInt8]) -> String? {
        guard let file = try? SignedRecording(decoding: input) else { return nil }
        return file.bytes == input ? nil : "the file is not what was read"
    }

    private static func receipt(_ input: [UInt8]) -> String? {
        guard let receipt = try? SignedReceipt(decoding: input) else { return nil }
        return receipt.bytes == input ? nil : "what was read is written in another way"
    }
}
