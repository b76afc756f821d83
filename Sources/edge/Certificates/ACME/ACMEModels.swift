import Foundation

/// Where a certificate authority's services are (RFC 8555, section 7.1.1).
struct ACMEDirectory: Decodable, Sendable {
    struct Meta: Decodable, Sendable {
        var termsOfService: String?
        var externalAccountRequired: Bool?
    }
    var newNonce: String
    var newAccount: String
    var newOrder: String
    /// Where it says when to renew (RFC 9773); nil if it does not.
    var renewalInfo: String?
    var meta: Meta?
}

/// A name that is to be certified.
struct ACMEIdentifier: Codable, Sendable, Hashable {
    var type: String
    var value: String
}

/// An order (RFC 8555, section 7.1.3).
struct ACMEOrder: Decodable, Sendable {
    var status: String
    var authorizations: [String]
    var finalize: String
    var certificate: String?
    var error: ACMEProblem?
}

/// What the authority wants to see for one name (RFC 8555, section 7.1.4).
struct ACMEAuthorization: Decodable, Sendable {
    var identifier: ACMEIdentifier
    var status: String
    var challenges: [ACMEChallenge]
}

/// One way to show it (RFC 8555, section 8).
struct ACMEChallenge: Decodable, Sendable {
    var type: String
    var url: String
    var status: String
    var token: String?
    var error: ACMEProblem?
}

/// Why something was refused (RFC 7807; RFC 8555, section 6.7).
struct ACMEProblem: Decodable, Sendable {
    struct Part: Decodable, Sendable {
        var type: String?
        var detail: String?
        var identifier: ACMEIdentifier?
    }
    var type: String?
    var detail: String?
    var status: Int?
    var subproblems: [Part]?

    static let namespace = "urn:ietf:params:acme:error:"

    /// The error's name without its namespace, such as `badNonce`.
    var kind: String {
        guard let type else { return "" }
        return type.hasPrefix(ACMEProblem.namespace) ? String(type.dropFirst(ACMEProblem.namespace.count)) : type
    }

    /// What it says, for people: one line of bounded length.
    var text: String {
        var parts = [detail ?? kind]
        parts += (subproblems ?? []).prefix(4).compactMap { part in
            part.detail.map { detail in part.identifier.map { "\($0.value): \(detail)" } ?? detail }
        }
        let line = parts.joined(separator: "; ").map { $0.isNewline ? " " : $0 }
        return String(line.prefix(ACMELimits.maxDetailCharacters))
    }
}
