/// The encodings of keys of Curve25519 (RFC 8410): fixed bytes around 32 that are the key.
enum Keys25519 {
    static let byteCount = 32

    /// The last byte of the object identifier 1.3.101.x.
    private static func arc(_ family: KeyAlgorithm.Family) -> UInt8 { family == .x25519 ? 110 : 112 }

    static func pkcs8(_ seed: [UInt8], _ family: KeyAlgorithm.Family) -> [UInt8] {
        [0x30, 0x2e] + secretPrefix(family) + seed
    }

    static func spki(_ key: [UInt8], _ family: KeyAlgorithm.Family) -> [UInt8] { publicPrefix(family) + key }

    /// The private key in a PKCS #8 structure; nil if it is none of this family.
    ///
    /// Attributes and the public key, which newer forms have behind the private one, are left aside.
    static func seed(pkcs8 der: [UInt8], _ family: KeyAlgorithm.Family) -> [UInt8]? {
        guard der.count >= 2, der[0] == 0x30, der[1] < 0x80, Int(der[1]) == der.count - 2 else { return nil }
        let body = Array(der[2...])
        let prefix = secretPrefix(family)
        guard body.count >= prefix.count + byteCount else { return nil }
        // Version 1 (RFC 5958) says that the public key follows.
        let isVersion1 = body[2] == 1
        var normal = body
        if isVersion1 { normal[2] = 0 }
        let end = prefix.count + byteCount
        guard normal.starts(with: prefix), isVersion1 || body.count == end || body[end] == 0xa0 else { return nil }
        return Array(body[prefix.count..<end])
    }

    /// The public key in a SubjectPublicKeyInfo structure; nil if it is none of this family.
    static func key(spki der: [UInt8], _ family: KeyAlgorithm.Family) -> [UInt8]? {
        let prefix = publicPrefix(family)
        guard der.count == prefix.count + byteCount, der.starts(with: prefix) else { return nil }
        return Array(der.suffix(byteCount))
    }

    private static func secretPrefix(_ family: KeyAlgorithm.Family) -> [UInt8] {
        [0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, arc(family), 0x04, 0x22, 0x04, 0x20]
    }

    private static func publicPrefix(_ family: KeyAlgorithm.Family) -> [UInt8] {
        [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, arc(family), 0x03, 0x21, 0x00]
    }
}
