import Crypto
import Foundation
import Identity
import NIOSSL
import SwiftASN1
import Testing
import X509

@testable import Certificates

private typealias Failure = Certificates.CertificateError

@Suite("Certificates and their folder")
struct CertificateMaterialTests {
    /// Runs `body` with a folder that is removed afterwards.
    private func with(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("skerry-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test("Cover their names exactly and wildcards for one label")
    func names() throws {
        let material = try CertificateMaterial.selfSigned(for: ["a.de", "*.B.de"])
        for name in ["a.de", "x.b.de"] { #expect(material.covers(name), "\(name)") }
        for name in ["b.de", "x.y.b.de", "x.a.de", ".b.de", "de", ""] { #expect(!material.covers(name), "\(name)") }
        #expect(material.notBefore < Date() && material.notAfter > Date())
    }

    @Test("Have the name for renewal information that RFC 9773 gives in section 4.1")
    func renewalID() throws {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let issuer: [UInt8] = [
            0x69, 0x88, 0x5B, 0x6B, 0x87, 0x46, 0x40, 0x41, 0xE1, 0xB3, 0x7B, 0x84, 0x7B, 0xA0, 0xAE, 0x2C, 0xDE, 0x01,
            0xC8, 0xD4,
        ]
        func chain(_ serial: [UInt8], _ extensions: [Certificate.Extension]) throws -> CertificateChain {
            let name = try DistinguishedName { CommonName("example.com") }
            let certificate = try Certificate(
                version: .v3, serialNumber: .init(bytes: serial), publicKey: key.publicKey,
                notValidBefore: Date() - 60, notValidAfter: Date() + 60, issuer: name, subject: name,
                signatureAlgorithm: .ecdsaWithSHA256, extensions: try Certificate.Extensions(extensions),
                issuerPrivateKey: key)
            return try CertificateChain(pem: try certificate.serializeAsPEM().pemString)
        }
        let identified = try Certificate.Extension(AuthorityKeyIdentifier(keyIdentifier: issuer[...]), critical: false)
        #expect(try chain([0x87, 0x65, 0x43, 0x21], [identified]).renewalID == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE")
        #expect(try chain([0x17], [identified]).renewalID == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.Fw")
        #expect(try chain([0x17], []).renewalID == nil)
    }

    @Test("Are refused with another's key, and when they are none")
    func pairs() throws {
        let (one, two) = (
            try CertificateMaterial.selfSigned(for: ["a.de"]), try CertificateMaterial.selfSigned(for: ["a.de"])
        )
        #expect(throws: Failure.self) {
            try CertificateMaterial(chainPEM: one.chainPEM, keyPEM: two.keyPEM)
        }
        for chain in ["", "x", one.keyPEM, String(repeating: one.chainPEM, count: 9)] {
            #expect(throws: Failure.self) { try CertificateMaterial(chainPEM: chain, keyPEM: one.keyPEM) }
        }
    }

    @Test("Answer TLS-ALPN-01 as RFC 8737 says")
    func challenge() throws {
        let answer = ChallengeAnswer(domain: "a.de", token: "tok", keyAuthorization: "tok.print")
        let material = try answer.certificate()
        #expect(material.names == ["a.de"])
        let certificate = try Certificate(pemEncoded: material.chainPEM)
        let found = try #require(certificate.extensions[oid: [1, 3, 6, 1, 5, 5, 7, 1, 31]])
        #expect(found.critical && found.value.count == 34 && found.value.prefix(2) == [4, 32])
        #expect(answer.isWellFormed)
        for (token, text) in [("t/k", "t/k.p"), ("", ".p"), ("tok", "other.p"), ("tok", "tok")] {
            #expect(!ChallengeAnswer(domain: "a.de", token: token, keyAuthorization: text).isWellFormed)
        }
    }

    @Test("Ask for a certificate with the name in it")
    func request() throws {
        let request = try SigningRequest(for: ["a.de"])
        let read = try CertificateSigningRequest(derEncoded: Array(request.bytes))
        let names = try read.attributes.extensionRequest?.extensions.subjectAlternativeNames
        #expect(names.map { Array($0) } == [.dnsName("a.de")])
    }

    @Test("Are in the folder in no readable form, and only for the node that wrote them")
    func vault() throws {
        try with { folder in
            let key = SigningKey()
            let vault = try CertificateVault(path: folder, nodeKey: key)
            let material = try CertificateMaterial.selfSigned(for: ["a.de"])
            #expect(try vault.certificate(for: "a.de") == nil)
            try vault.keep(material, for: "a.de")
            #expect(try vault.certificate(for: "a.de") == material)
            let account = try vault.accountKey()
            #expect(try vault.accountKey().rawRepresentation == account.rawRepresentation)
            #expect(vault.domains() == ["a.de"])
            for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
                let bytes = try #require(FileManager.default.contents(atPath: folder + "/" + file))
                #expect(bytes.range(of: Data("PRIVATE".utf8)) == nil)
                #expect(bytes.range(of: account.rawRepresentation) == nil)
                let mode = try FileManager.default.attributesOfItem(atPath: folder + "/" + file)[.posixPermissions]
                #expect(mode as? Int == 0o600)
            }
            let other = try CertificateVault(path: folder, nodeKey: SigningKey())
            #expect(throws: Failure.self) { try other.certificate(for: "a.de") }
            #expect(throws: Failure.self) { try other.accountKey() }
            // A file in another's place is found out.
            try FileManager.default.copyItem(atPath: folder + "/a.de.sealed", toPath: folder + "/b.de.sealed")
            #expect(throws: Failure.self) { try vault.certificate(for: "b.de") }
            for name in ["../x.de", "", ".de", "a/b.de", "A.de"] {
                #expect(throws: Failure.self) { try vault.keep(material, for: name) }
            }
            vault.forget("a.de")
            #expect(try vault.certificate(for: "a.de") == nil)
        }
    }
}

@Suite("Certificates of handshakes")
struct CertificateBookTests {
    static func book() -> CertificateBook {
        let make: CertificateBook.MakeContext = { chain, key in
            try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
        }
        return CertificateBook(make: make, makeChallenge: make)
    }

    @Test("Are the name's own, a wildcard's, or the node's own; none for others, which is heard of")
    func names() throws {
        let book = CertificateBookTests.book()
        #expect(book.context(for: nil) == nil)
        try book.setFallback([.selfSigned(for: ["localhost", "*.localhost"])])
        try book.put(.selfSigned(for: ["a.de"]), for: "a.de")
        try book.put(.selfSigned(for: ["*.b.de"]), for: "*.b.de")
        let own = try #require(book.context(for: "a.de"))
        let wild = try #require(book.context(for: "x.b.de"))
        let local = try #require(book.context(for: "app.localhost"))
        #expect(own !== wild && wild !== local && book.context(for: nil) === local)
        #expect(book.context(for: "a.de") === own, "made once")
        let missing = Missing()
        book.onMissing { missing.note($0) }
        #expect(book.context(for: "c.de") == nil && missing.names == ["c.de"])
        try book.put(.selfSigned(for: ["a.de"]), for: "a.de")
        #expect(book.context(for: "a.de") !== own)
        book.remove("a.de")
        #expect(book.context(for: "a.de") == nil)
    }

    @Test("Answer challenges for their own domain only, one at a time, until it is over")
    func challenges() throws {
        let book = CertificateBookTests.book()
        let one = ChallengeAnswer(domain: "a.de", token: "one", keyAuthorization: "one.p")
        let two = ChallengeAnswer(domain: "a.de", token: "two", keyAuthorization: "two.p")
        try book.publish(one)
        #expect(book.keyAuthorization(token: "one", host: "a.de") == "one.p")
        #expect(book.keyAuthorization(token: "one", host: nil) == "one.p")
        #expect(book.keyAuthorization(token: "one", host: "b.de") == nil)
        #expect(book.challengeContext(for: "a.de") != nil && book.challengeContext(for: "b.de") == nil)
        try book.publish(two)
        #expect(book.keyAuthorization(token: "one", host: "a.de") == nil)
        book.withdraw(one)
        #expect(book.challengeContext(for: "a.de") != nil)
        book.withdraw(two)
        #expect(book.challengeContext(for: "a.de") == nil && book.keyAuthorization(token: "two", host: nil) == nil)
        #expect(throws: Failure.self) {
            try book.publish(ChallengeAnswer(domain: "a.de", token: "../x", keyAuthorization: "../x.p"))
        }
        for index in 0..<CertificateBook.maxChallenges {
            try book.publish(
                ChallengeAnswer(domain: "d\(index).de", token: "t\(index)", keyAuthorization: "t\(index).p"))
        }
        #expect(throws: Failure.self) { try book.publish(one) }
    }
}
