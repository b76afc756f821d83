import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The header section of a connection's last request, checked. Most clients send the same bytes with each request: then
/// comparing them is all that is left to do.
struct RepeatedFields: Sendable {
    /// Longer header sections are read anew each time: an idle connection keeps no more than this.
    static let maxBytes = 2_048

    /// The field lines and the empty line at their end.
    private let section: ByteBuffer
    let minorVersion: Int
    let fields: HTTPFields
    let authority: HTTPAuthority?
    let keepsAlive: Bool

    var byteCount: Int { section.readableBytes }

    /// Nil for a section that is too long. Copies it, so that the connection's buffer is free again.
    init?(
        _ head: ByteBuffer, from start: Int, lines: [HTTPFields.Line], known: HTTPFields.Known,
        _ request: HTTPRequestHead
    ) {
        let count = head.readableBytes - start
        guard count <= RepeatedFields.maxBytes else { return nil }
        var section = ByteBuffer()
        section.reserveCapacity(count)
        _ = head.withUnsafeReadableBytes { section.writeBytes($0[start...]) }
        self.section = section
        let offset = Int32(start)
        let moved = lines.map { line in
            HTTPFields.Line(
                name: line.name.lowerBound - offset..<line.name.upperBound - offset,
                value: line.value.lowerBound - offset..<line.value.upperBound - offset)
        }
        fields = HTTPFields(head: section, lines: moved, known: known)
        minorVersion = request.minorVersion
        authority = request.authority
        keepsAlive = request.keepsAlive
    }

    /// Whether `bytes` begin with the same section.
    func begins(_ bytes: UnsafeRawBufferPointer.SubSequence) -> Bool {
        let bytes = UnsafeRawBufferPointer(rebasing: bytes)
        guard bytes.count >= byteCount, let other = bytes.baseAddress else { return false }
        return section.withUnsafeReadableBytes { own in
            own.baseAddress.map { memcmp($0, other, own.count) == 0 } ?? false
        }
    }
}
