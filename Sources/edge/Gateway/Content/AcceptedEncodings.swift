import Manifests

/// What a client says about content codings (RFC 9110 section 12.5.3). Reads bytes as they came and allocates nothing.
struct AcceptedEncodings: Equatable {
    /// Weights in thousandths; nil where nothing is said.
    private var brotli: UInt16?
    private var gzip: UInt16?
    private var zstd: UInt16?
    private var identity: UInt16?
    private var others: UInt16?

    /// Nothing is said: only the content as it is.
    init() {}

    /// - Parameter text: The value of one `Accept-Encoding` field.
    init(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            let bytes = UnsafeRawBufferPointer(bytes)
            read(bytes[bytes.startIndex..<bytes.endIndex])
        }
    }

    /// Adds what one field line says. What cannot be read counts as not said.
    mutating func read(_ bytes: UnsafeRawBufferPointer.SubSequence) {
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: ",")) ?? bytes.endIndex
            readMember(bytes[start..<end])
            start = end < bytes.endIndex ? end + 1 : end
        }
    }

    private mutating func readMember(_ member: UnsafeRawBufferPointer.SubSequence) {
        let semicolon = member.firstIndex(of: UInt8(ascii: ";")) ?? member.endIndex
        let name = AcceptedEncodings.trimmed(member[..<semicolon])
        var weight: UInt16 = 1_000
        if semicolon < member.endIndex {
            guard let given = AcceptedEncodings.weight(AcceptedEncodings.trimmed(member[(semicolon + 1)...])) else {
                return
            }
            weight = given
        }
        switch name.count {
        case 1: if name.first == UInt8(ascii: "*") { others = weight }
        case 2: if HTTPCharacters.matches(name, "br") { brotli = weight }
        case 4:
            if HTTPCharacters.matches(name, "gzip") { gzip = weight }
            if HTTPCharacters.matches(name, "zstd") { zstd = weight }
        case 6: if HTTPCharacters.matches(name, "x-gzip") { gzip = weight }
        case 8: if HTTPCharacters.matches(name, "identity") { identity = weight }
        default: break
        }
    }

    /// The variant that the client likes best, the smallest of equals; nil for the content as it is, which is also what
    /// a client gets that takes nothing of what there is.
    func choose(_ variants: [SiteManifest.Variant]) -> SiteManifest.Variant? {
        // Without a word on it the content as it is is acceptable, but a coding that was asked for is better.
        var best = identity ?? (others == 0 ? 0 : 1)
        var chosen: SiteManifest.Variant?
        for variant in variants {
            let weight = weight(variant.encoding)
            guard weight > 0, weight >= best else { continue }
            if let chosen, weight == best, chosen.byteCount <= variant.byteCount { continue }
            best = weight
            chosen = variant
        }
        return chosen
    }

    private func weight(_ encoding: ContentEncoding) -> UInt16 {
        switch encoding {
        case .brotli: brotli ?? others ?? 0
        case .gzip: gzip ?? others ?? 0
        case .zstd: zstd ?? others ?? 0
        }
    }

    private static func trimmed(
        _ bytes: UnsafeRawBufferPointer.SubSequence
    ) -> UnsafeRawBufferPointer.SubSequence {
        var bytes = bytes
        while let first = bytes.first, first == 0x20 || first == 9 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 9 { bytes.removeLast() }
        return bytes
    }

    /// `q=` and a number from 0 to 1 with at most three decimals, in thousandths.
    private static func weight(_ bytes: UnsafeRawBufferPointer.SubSequence) -> UInt16? {
        guard (3...7).contains(bytes.count) else { return nil }
        let start = bytes.startIndex
        guard HTTPCharacters.lowercased(bytes[start]) == UInt8(ascii: "q"), bytes[start + 1] == UInt8(ascii: "=") else {
            return nil
        }
        let whole = bytes[start + 2]
        guard whole == UInt8(ascii: "0") || whole == UInt8(ascii: "1") else { return nil }
        var value = UInt16(whole - UInt8(ascii: "0")) * 1_000
        if bytes.count > 3 {
            guard bytes[start + 3] == UInt8(ascii: ".") else { return nil }
            var unit: UInt16 = 100
            for digit in bytes[(start + 4)...] {
                guard HTTPCharacters.isDigit(digit) else { return nil }
                value += UInt16(digit - UInt8(ascii: "0")) * unit
                unit /= 10
            }
        }
        return value <= 1_000 ? value : nil
    }
}
