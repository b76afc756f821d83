import Crypto
import Foundation
import Synchronization
import Testing

@testable import Certificates

/// A certificate authority that is wrong in one way, in memory: for errors that a real one hardly makes on demand.
private final class FakeAuthority: ACMETransport {
    enum Fault {
        case none, badNonces(Int), limited, limitedByDate, invalidChallenge, refused, garbage, down, terms, forgetful
    }

    private struct State {
        var fault: Fault
        var requests: [(url: String, body: Data?)] = []
        var nonce = 0
        var hasForgotten = false
    }

    private let state: Mutex<State>

    init(_ fault: Fault) { state = Mutex(State(fault: fault)) }

    var requests: [(url: String, body: Data?)] { state.withLock { $0.requests } }

    private static func json(_ text: String, _ status: Int = 200, _ fields: [String: String] = [:]) -> ACMEAnswer {
        ACMEAnswer(status: status, fields: fields, body: Data(text.utf8))
    }

    private static func problem(_ kind: String, _ status: Int, _ fields: [String: String] = [:]) -> ACMEAnswer {
        json(#"{"type":"urn:ietf:params:acme:error:\#(kind)","detail":"because of \#(kind)"}"#, status, fields)
    }

    func send(_ url: String, body: Data?, headOnly: Bool) async throws -> ACMEAnswer {
        var answer = state.withLock { state -> ACMEAnswer in
            state.requests.append((url, body))
            return FakeAuthority.answer(url, &state)
        }
        state.withLock { state in
            state.nonce += 1
            answer.fields["replay-nonce"] = "n\(state.nonce)"
        }
        return answer
    }

    private static func answer(_ url: String, _ state: inout State) -> ACMEAnswer {
        switch (url, state.fault) {
        case ("https://ca/dir", .down): return json("sorry", 503, ["retry-after": "17"])
        case ("https://ca/dir", .garbage): return json("[1]")
        case ("https://ca/dir", .terms):
            return json(
                #"{"newNonce":"https://ca/nonce","newAccount":"https://ca/acct","newOrder":"https://ca/new","meta":{"termsOfService":"https://ca/terms"}}"#
            )
        case ("https://ca/dir", _):
            return json(
                #"{"newNonce":"https://ca/nonce","newAccount":"https://ca/acct","newOrder":"https://ca/new"}"#)
        case ("https://ca/acct", _): return json("{}", 201, ["location": "https://ca/acct/1"])
        case ("https://ca/new", .badNonces(let count)) where count > 0:
            state.fault = .badNonces(count - 1)
            return problem("badNonce", 400)
        case ("https://ca/new", .limited): return problem("rateLimited", 429, ["retry-after": "120"])
        case ("https://ca/new", .limitedByDate):
            let formatter = DateFormatter()
            formatter.locale = Locale(identifier: "en_US_POSIX")
            formatter.timeZone = TimeZone(identifier: "GMT")
            formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
            return problem("rateLimited", 429, ["retry-after": formatter.string(from: Date() + 600)])
        case ("https://ca/new", .refused):
            return json(
                #"{"type":"urn:ietf:params:acme:error:rejectedIdentifier","detail":"not\nthis","subproblems":[{"detail":"policy","identifier":{"type":"dns","value":"a.de"}}]}"#,
                403)
        case ("https://ca/new", .forgetful) where !state.hasForgotten:
            state.hasForgotten = true
            return problem("accountDoesNotExist", 400)
        case ("https://ca/new", _):
            return json(
                #"{"status":"pending","authorizations":["https://ca/az"],"finalize":"https://ca/fin"}"#, 201,
                ["location": "https://ca/order"])
        case ("https://ca/az", .invalidChallenge)
        where state.requests.contains { $0.url == "https://ca/ch" || $0.url == "https://ca/tls" }:
            return json(
                #"{"identifier":{"type":"dns","value":"a.de"},"status":"invalid","challenges":[{"type":"http-01","url":"https://ca/ch","status":"invalid","token":"tok","error":{"type":"urn:ietf:params:acme:error:connection","detail":"no route"}}]}"#
            )
        case ("https://ca/az", _):
            return json(
                #"{"identifier":{"type":"dns","value":"a.de"},"status":"pending","challenges":[{"type":"dns-01","url":"https://ca/d","status":"pending","token":"tok"},{"type":"http-01","url":"https://ca/ch","status":"pending","token":"tok"},{"type":"tls-alpn-01","url":"https://ca/tls","status":"pending","token":"tok"}]}"#
            )
        default: return json("{}")
        }
    }
}

private final class Publisher: ChallengePublisher {
    let events = Mutex<[String]>([])
    func publish(_ answer: ChallengeAnswer) async { events.withLock { $0.append("+" + answer.keyAuthorization) } }
    func withdraw(_ answer: ChallengeAnswer) async { events.withLock { $0.append("-" + answer.keyAuthorization) } }
}

@Suite("Errors of certificate authorities")
struct ACMETests {
    private let key = ACMEAccountKey()

    private func issue(
        _ authority: FakeAuthority, agrees: Bool = true, attempt: Int = 0, _ publisher: Publisher = .init()
    )
        async -> CertificateError?
    {
        let issuer = CertificateAuthority(
            directory: "https://ca/dir", key: key, contact: "a@b.de", agreesToTerms: agrees, transport: authority,
            publisher: publisher)
        return await #expect(throws: CertificateError.self) {
            _ = try await issuer.issue("a.de", attempt: attempt, replacing: nil)
        }
    }

    @Test("Refused nonces are replaced, some times")
    func nonces() async throws {
        let authority = FakeAuthority(.badNonces(3))
        let client = ACMEClient(
            directory: "https://ca/dir", key: key, contact: nil, agreesToTerms: true, transport: authority)
        let (url, order) = try await client.newOrder(["a.de"])
        #expect(url == "https://ca/order" && order.status == "pending")
        let bodies = authority.requests.filter { $0.url == "https://ca/new" }.compactMap(\.body)
        #expect(bodies.count == 4 && Set(bodies).count == 4)
        let error = await issue(FakeAuthority(.badNonces(100)))
        #expect(error?.code == .authorityRefused)
    }

    @Test("An authority that forgot the account gets it again")
    func forgetful() async throws {
        let authority = FakeAuthority(.forgetful)
        let client = ACMEClient(
            directory: "https://ca/dir", key: key, contact: nil, agreesToTerms: true, transport: authority)
        _ = try await client.newOrder(["a.de"])
        #expect(authority.requests.filter { $0.url == "https://ca/acct" }.count == 2)
    }

    @Test("Limits say how long to wait, in seconds or as a date")
    func limited() async {
        let error = await issue(FakeAuthority(.limited))
        #expect(error?.code == .rateLimited && error?.retryAfterSeconds == 120)
        let dated = await issue(FakeAuthority(.limitedByDate))
        #expect((590...601).contains(dated?.retryAfterSeconds ?? 0))
    }

    @Test("A challenge that failed says why, and is withdrawn")
    func challenge() async {
        let publisher = Publisher()
        let error = await issue(FakeAuthority(.invalidChallenge), publisher)
        #expect(error?.code == .challengeFailed && error?.message.contains("no route") == true)
        let answer = key.keyAuthorization("tok")
        #expect(publisher.events.withLock { $0 } == ["+" + answer, "-" + answer])
        let tls = FakeAuthority(.invalidChallenge)
        _ = await issue(tls, attempt: 1)
        #expect(
            tls.requests.contains { $0.url == "https://ca/tls" } && !tls.requests.contains { $0.url == "https://ca/ch" }
        )
    }

    @Test("People are told in one line what the authority says")
    func told() async {
        let refused = await issue(FakeAuthority(.refused))
        #expect(refused?.message == "The certificate authority refused: not this; a.de: policy")
        let down = await issue(FakeAuthority(.down))
        #expect(down?.code == .authorityUnreachable && down?.retryAfterSeconds == 17)
        let garbage = await issue(FakeAuthority(.garbage))
        #expect(garbage?.code == .authorityRefused)
    }

    @Test("Without agreement to its terms no account is made")
    func terms() async {
        let authority = FakeAuthority(.terms)
        let error = await issue(authority, agrees: false)
        #expect(error?.code == .badSettings && error?.message.contains("https://ca/terms") == true)
        #expect(!authority.requests.contains { $0.url == "https://ca/acct" })
    }

    @Test("Requests are signed as the authority checks them")
    func signatures() async throws {
        struct Envelope: Decodable {
            var protected: String
            var payload: String
            var signature: String
        }
        func decoded(_ text: String) throws -> Data {
            var text = text.replacing("-", with: "+").replacing("_", with: "/")
            while text.utf8.count % 4 != 0 { text += "=" }
            return try #require(Data(base64Encoded: text))
        }
        let bytes = try key.signed(Data("{}".utf8), url: "https://ca/x", nonce: "n", account: nil)
        let envelope = try JSONDecoder().decode(Envelope.self, from: bytes)
        let header = try #require(
            try JSONSerialization.jsonObject(with: decoded(envelope.protected)) as? [String: Any])
        let jwk = try #require(header["jwk"] as? [String: String])
        #expect(header["alg"] as? String == "ES256" && header["nonce"] as? String == "n" && header["kid"] == nil)
        let point = try decoded(#require(jwk["x"])) + decoded(#require(jwk["y"]))
        let publicKey = try P256.Signing.PublicKey(x963Representation: Data([4]) + point)
        let signature = try P256.Signing.ECDSASignature(rawRepresentation: decoded(envelope.signature))
        #expect(publicKey.isValidSignature(signature, for: Data("\(envelope.protected).\(envelope.payload)".utf8)))
        let asAccount = try key.signed(nil, url: "https://ca/x", nonce: "n", account: "https://ca/acct/1")
        let second = try JSONDecoder().decode(Envelope.self, from: asAccount)
        #expect(second.payload.isEmpty)
        #expect(
            String(decoding: try decoded(second.protected), as: UTF8.self).contains("\"kid\":\"https://ca/acct/1\""))
    }

    /// One that says when to renew, and takes no order for the place of `old`.
    private final class RenewingAuthority: ACMETransport {
        let window = Mutex(("2025-01-02T04:00:00Z", "2025-01-03T04:00:00.5Z"))
        let orders = Mutex(0)

        func send(_ url: String, body: Data?, headOnly: Bool) async throws -> ACMEAnswer {
            let fields = ["replay-nonce": "n", "location": "https://ca/1", "retry-after": "5"]
            func json(_ text: String, _ status: Int = 200) -> ACMEAnswer {
                ACMEAnswer(status: status, fields: fields, body: Data(text.utf8))
            }
            switch url {
            case "https://ca/dir":
                return json(
                    #"{"newNonce":"https://ca/n","newAccount":"https://ca/a","newOrder":"https://ca/o","renewalInfo":"https://ca/ari"}"#
                )
            case "https://ca/ari/a.b":
                let (start, end) = window.withLock { $0 }
                return json(
                    #"{"suggestedWindow":{"start":"\#(start)","end":"\#(end)"},"explanationURL":"https://ca/why"}"#)
            case "https://ca/o":
                struct Envelope: Decodable { var payload: String }
                struct Order: Decodable { var replaces: String? }
                let envelope = try JSONDecoder().decode(Envelope.self, from: body ?? Data())
                let padded = envelope.payload + String(repeating: "=", count: (4 - envelope.payload.count % 4) % 4)
                let order = try JSONDecoder().decode(Order.self, from: Data(base64Encoded: padded) ?? Data())
                orders.withLock { $0 += 1 }
                if order.replaces == "old" {
                    return json(#"{"type":"urn:ietf:params:acme:error:alreadyReplaced"}"#, 409)
                }
                let place = order.replaces ?? "none"
                return json(#"{"status":"pending","authorizations":[],"finalize":"\#(place)"}"#, 201)
            default: return json("{}", url == "https://ca/a" ? 201 : 404)
            }
        }
    }

    @Test("Renewal information is read; an order names the certificate whose place it takes, unless that is refused")
    func renewalInformation() async throws {
        let authority = RenewingAuthority()
        let client = ACMEClient(
            directory: "https://ca/dir", key: key, contact: nil, agreesToTerms: true, transport: authority)
        let advice = try #require(try await client.renewalAdvice(for: "a.b"))
        let start = Date(timeIntervalSince1970: 1_735_790_400)
        #expect(advice.window.lowerBound == start)
        #expect(abs(advice.window.upperBound.timeIntervalSince(start) - 86_400.5) < 0.1)
        #expect(advice.askAgainSeconds == 60 && advice.explanation == "https://ca/why")
        for window in [("2025-01-03T04:00:00Z", "2025-01-02T04:00:00Z"), ("soon", "2025-01-02T04:00:00Z")] {
            authority.window.withLock { $0 = window }
            #expect(try await client.renewalAdvice(for: "a.b") == nil)
        }
        await #expect(throws: CertificateError.self) { _ = try await client.renewalAdvice(for: "other") }
        #expect(try await client.newOrder(["a.de"], replacing: "older").order.finalize == "older")
        #expect(try await client.newOrder(["a.de"], replacing: "old").order.finalize == "none")
        #expect(authority.orders.withLock { $0 } == 3)
    }
}
