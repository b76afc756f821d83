import Blake3
import Foundation
public import Identity

/// A recording as a node signed it, in the form of a `.skrec` file.
///
/// The bytes: 8 bytes that name the format and its version, the recording in canonical form, the node's key (32 bytes),
/// and its Ed25519 signature (64 bytes) over a context and the BLAKE3 hash of all bytes before it. There is no value of
/// this type whose signature was not checked.
public struct SignedRecording: Hashable, Sendable {
    private static let magic = Array("skerryR1".utf8)
    private static let context = "skerry recording v1\n"
    private static let signatureBytes = 64

    /// What happened.
    public let recording: Recording
    /// Who says so.
    public let key: PublicKey
    /// The file.
    public let bytes: [UInt8]

    /// The node that says so.
    public var node: NodeID { key.node }

    /// Signs a recording.
    ///
    /// - Throws: ``RecordingError`` `.tooLarge` beyond ``RecordingLimits/maxFileBytes``.
    public init(_ recording: Recording, key: SigningKey) throws {
        var writer = CanonicalWriter()
        writer.raw(SignedRecording.magic)
        recording.write(to: &writer)
        writer.raw(key.publicKey.bytes)
        let signature = try key.sign(SignedRecording.message(writer.bytes[...]))
        writer.raw(signature)
        guard writer.bytes.count <= RecordingLimits.maxFileBytes else {
            throw RecordingError(
                .tooLarge, "The recording has \(writer.bytes.count) bytes; the limit is \(RecordingLimits.maxFileBytes)"
            )
        }
        self.recording = recording
        self.key = key.publicKey
        bytes = writer.bytes
    }

    /// Reads a file and checks its signature. Never traps.
    ///
    /// - Throws: ``RecordingError``.
    public init(decoding bytes: [UInt8]) throws(RecordingError) {
        guard bytes.count <= RecordingLimits.maxFileBytes else {
            throw RecordingError(
                .tooLarge, "The file has \(bytes.count) bytes; recordings have at most \(RecordingLimits.maxFileBytes)")
        }
        let magic = SignedRecording.magic
        guard bytes.starts(with: magic.dropLast()), bytes.count > magic.count else {
            throw RecordingError(.malformed, "This is no recording; `skerry functions record` makes them")
        }
        guard bytes.starts(with: magic) else {
            throw RecordingError(.version, "The recording is of another version; use the skerry that made it")
        }
        let tail = bytes.count - SignedRecording.signatureBytes
        guard tail >= magic.count + PublicKey.byteCount else {
            throw RecordingError(.malformed, "The recording is cut short")
        }
        guard let key = PublicKey(Data(bytes[(tail - PublicKey.byteCount)..<tail])),
            key.isValidSignature(Data(bytes[tail...]), for: SignedRecording.message(bytes[..<tail]))
        else {
            throw RecordingError(
                .badSignature, "The recording is not what its node signed: it was changed, or damaged on its way")
        }
        var reader = CanonicalReader(bytes[magic.count..<(tail - PublicKey.byteCount)])
        recording = try Recording(reading: &reader)
        try reader.finish()
        self.key = key
        self.bytes = bytes
    }

    private static func message(_ content: ArraySlice<UInt8>) -> Data {
        let digest = content.withUnsafeBytes { Blake3.hash($0) }
        return Data(context.utf8) + digest.bytes
    }
}
