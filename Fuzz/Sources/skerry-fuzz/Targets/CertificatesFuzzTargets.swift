import Foundation

@testable import Certificates

/// Decoders of what resolvers and certificate authorities answer. A target takes any bytes and says what was read
/// wrongly; nil if nothing was.
enum CertificatesFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    private static let name = "_skerry.a.de"

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] { ["dns-answer": dns, "acme-answer": acme] }

    /// The first byte says what was asked; what follows it has the right number and question if its second bit is set.
    private static func dns(_ input: [UInt8]) -> String? {
        guard let first = input.first else { return nil }
        let type: DNSRecordType = first % 2 == 0 ? .txt : .cname
        var bytes = Array(input.dropFirst())
        if first & 2 != 0, let query = DNSMessage.query(id: 7, name: name, type: type) {
            // A header for as many answers as the input says, and the question.
            bytes = [0, 7, 0x81, 0x80, 0, 1, 0, bytes.first ?? 0, 0, 0, 0, 0] + query.dropFirst(12) + bytes.dropFirst()
        }
        guard let answer = DNSMessage.answer(bytes, id: 7, name: name, type: type) else { return nil }
        guard answer.records.count <= DNSMessage.maxRecords else { return "too many records were read" }
        for record in answer.records {
            let names: [String]
            switch record.value {
            case .cname(let target): names = [record.name, target]
            case .txt(let text):
                names = [record.name]
                // Bytes that are no UTF-8 become characters of three bytes.
                if text.utf8.count > 3 * DNSMessage.maxTextBytes { return "a text is too long" }
            }
            for name in names where !name.isEmpty {
                guard DNSMessage.query(id: 0, name: name, type: .txt) != nil else { return "\(name) is no name" }
            }
        }
        return nil
    }

    /// An answer's body, and the fields with it: bodies of all kinds are read from the same bytes.
    private static func acme(_ input: [UInt8]) -> String? {
        let text = String(decoding: input.prefix(40), as: UTF8.self)
        let answer = ACMEAnswer(status: 400, fields: ["retry-after": text], body: Data(input))
        if let seconds = answer.retryAfter(now: Date(timeIntervalSince1970: 0)),
            !(0...ACMELimits.maxRetryAfterSeconds).contains(seconds)
        {
            return "a pause of \(seconds) s was read"
        }
        let failure = ACMEClient.failure(answer)
        if failure.message.count > ACMELimits.maxDetailCharacters + 200 || failure.message.contains("\n") {
            return "people would be told too much: \(failure.message.count) characters"
        }
        _ = try? ACMEClient.decode(ACMEDirectory.self, answer)
        _ = try? ACMEClient.decode(ACMEOrder.self, answer)
        _ = try? ACMEClient.decode(ACMEAuthorization.self, answer)
        if let advice = try? ACMEClient.decode(ACMERenewal.self, answer).advice(retryAfter: nil) {
            if advice.window.isEmpty { return "an empty window was read" }
            if advice.explanation?.count ?? 0 > 200 { return "people would be told too much" }
        }
        // What other nodes send is as little to be trusted.
        if HandshakeContent.isServers(Data(input)), input.count < 100 { return "\(input.count) bytes of a handshake" }
        if let chain = try? CertificateChain(pem: String(decoding: input, as: UTF8.self)) { _ = chain.renewalID }
        if let material = try? JSONDecoder().decode(CertificateMaterial.self, from: Data(input)) {
            _ = try? CertificateMaterial(chainPEM: material.chainPEM, keyPEM: material.keyPEM)
        }
        return nil
    }

    /// Small valid inputs by target and name.
    static func seeds() -> [String: [String: [UInt8]]] {
        let text: [UInt8] = [0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 9, 0, 6, 2, 104, 105, 2, 33, 33]
        let alias: [UInt8] = [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 4, 1, 98, 0xc0, 20]
        return [
            "dns-answer": [
                "text": [2, 1] + text, "alias": [3, 1] + alias, "both": [2, 2] + alias + text, "raw": [0, 0, 7, 0x81],
            ],
            "acme-answer": [
                "problem": Array(#"{"type":"urn:ietf:params:acme:error:badNonce","detail":"x","subproblems":[]}"#.utf8),
                "order": Array(#"{"status":"ready","authorizations":["u"],"finalize":"f","certificate":"c"}"#.utf8),
                "renewal": Array(
                    #"{"suggestedWindow":{"start":"2025-01-02T04:00:00Z","end":"2025-01-03T04:00:00Z"}}"#.utf8),
                "handshake": [UInt8](repeating: 0x20, count: 64)
                    + Array("TLS 1.3, server CertificateVerify\0".utf8) + [UInt8](repeating: 9, count: 32),
                "date": Array("Sun, 06 Nov 1994 08:49:37 GMT".utf8), "seconds": Array("120".utf8),
            ],
        ]
    }
}
