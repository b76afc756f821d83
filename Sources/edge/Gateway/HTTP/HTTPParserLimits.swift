/// The limits of ``HTTPRequestParser``. All in bytes unless said otherwise; each is the largest value accepted.
public struct HTTPParserLimits: Sendable {
    /// The request line without its line end. Default 8 KiB; more is answered with 414.
    public var maxRequestLineBytes = 8 * 1024
    /// The header section: all field lines with their line ends. Default 32 KiB; more is answered with 431.
    public var maxFieldBytes = 32 * 1024
    /// The number of field lines. Default 100; more is answered with 431.
    public var maxFields = 100
    /// The line that begins a chunk: size and extensions, without its line end. Default 256.
    public var maxChunkLineBytes = 256
    /// What chunk framing may cost beyond a fair share of the data that it carries. Default 16 KiB.
    public var maxChunkOverheadBytes = 16 * 1024
    /// The trailer section. Default 8 KiB; trailers are checked and dropped.
    public var maxTrailerBytes = 8 * 1024

    /// The defaults.
    public init() {}
}
