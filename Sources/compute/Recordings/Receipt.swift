public import Blake3

/// What a node says about one invocation: which release answered what with what. Only hashes of both are in it.
public struct Receipt: Hashable, Sendable {
    /// The id that the caller got, and that the function's log shows for the request.
    public var id: String
    /// The app's name.
    public var app: String
    /// The release's id.
    public var release: String
    /// ``InvocationHasher``'s hash of the request.
    public var inputHash: Digest
    /// The request's body was passed on as it came and is not in ``inputHash``.
    public var isInputHeadOnly: Bool
    /// ``Recording/transcriptHash``; nil if the invocation was not recorded.
    public var transcriptHash: Digest?
    /// ``InvocationHasher``'s hash of the answer, or of what stood in its place.
    public var outputHash: Digest
    /// The answer's body ended before it was complete; ``outputHash`` covers what was sent.
    public var isOutputBroken: Bool
    /// The answer's status; 0 without one.
    public var status: UInt16
    /// Time from the call to the answer's head.
    public var wallMicroseconds: UInt64
    /// The ledger's epoch when the receipt was signed.
    public var epoch: UInt64
    /// When the answer was complete, in milliseconds since 1970.
    public var timeMilliseconds: UInt64

    /// Describes an invocation.
    public init(
        id: String, app: String, release: String, inputHash: Digest, isInputHeadOnly: Bool = false,
        transcriptHash: Digest? = nil, outputHash: Digest, isOutputBroken: Bool = false, status: UInt16,
        wallMicroseconds: UInt64, epoch: UInt64, timeMilliseconds: UInt64
    ) {
        self.id = id
        self.app = app
        self.release = release
        self.inputHash = inputHash
        self.isInputHeadOnly = isInputHeadOnly
        self.transcriptHash = transcriptHash
        self.outputHash = outputHash
        self.isOutputBroken = isOutputBroken
        self.status = status
        self.wallMicroseconds = wallMicroseconds
        self.epoch = epoch
        self.timeMilliseconds = timeMilliseconds
    }
}

extension Receipt {
    func write(to writer: inout CanonicalWriter) {
        writer.text(id)
        writer.text(app)
        writer.text(release)
        writer.digest(inputHash)
        writer.flag(isInputHeadOnly)
        writer.flag(transcriptHash != nil)
        if let transcriptHash { writer.digest(transcriptHash) }
        writer.digest(outputHash)
        writer.flag(isOutputBroken)
        writer.integer(status)
        writer.integer(wallMicroseconds)
        writer.integer(epoch)
        writer.integer(timeMilliseconds)
    }

    init(reading reader: inout CanonicalReader) throws(RecordingError) {
        let limit = ReceiptLimits.maxTextBytes
        let id = try reader.text("id", limit: limit)
        let app = try reader.text("app", limit: limit)
        let release = try reader.text("release", limit: limit)
        let input = try reader.digest("input hash")
        let isInputHeadOnly = try reader.flag("input flag")
        let hasTranscript = try reader.flag("transcript flag")
        let transcript: Digest? = if hasTranscript { try reader.digest("transcript hash") } else { nil }
        self.init(
            id: id, app: app, release: release, inputHash: input, isInputHeadOnly: isInputHeadOnly,
            transcriptHash: transcript, outputHash: try reader.digest("output hash"),
            isOutputBroken: try reader.flag("output flag"), status: try reader.integer("status"),
            wallMicroseconds: try reader.integer("duration"), epoch: try reader.integer("epoch"),
            timeMilliseconds: try reader.integer("time"))
    }

    private static let leaves = Blake3Hasher(deriveKeyContext: "skerry 2026-11 receipt")

    /// The leaf of the batch's tree.
    var leaf: Digest {
        var writer = CanonicalWriter()
        write(to: &writer)
        return writer.bytes.withUnsafeBytes { Receipt.leaf(of: $0[...]) }
    }

    /// The leaf of the receipt whose canonical form these bytes are.
    static func leaf(of bytes: Slice<UnsafeRawBufferPointer>) -> Digest {
        leaves.finalize(adding: UnsafeRawBufferPointer(rebasing: bytes))
    }
}
