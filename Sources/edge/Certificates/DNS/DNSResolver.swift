import Foundation
public import NIOCore

/// Asks a recursive resolver for TXT and CNAME records: over UDP, and over TCP where an answer does not fit.
///
/// Answers are taken only from the address that was asked, to the port that asked, for the number and the question that
/// were asked; both numbers are random (RFC 5452). What is not signed can still be forged by who sits on the path: ask a
/// resolver that you trust, on the machine or near it.
public struct DNSResolver: Sendable {
    /// Where and how long is asked.
    public struct Settings: Sendable, Equatable {
        /// Resolvers as `host:port`, in order; empty for those of `/etc/resolv.conf`.
        public var servers: [String] = []
        /// How long one server may take for one try.
        public var timeout = TimeAmount.seconds(2)
        /// Rounds through all servers.
        public var rounds = 2

        public init() {}
    }

    /// Servers that are asked at most.
    static let maxServers = 4
    static let port = 53
    /// The longest answer over TCP that is read, in bytes.
    static let maxAnswerBytes = 65_535

    private let settings: Settings
    private let group: any EventLoopGroup

    public init(settings: Settings = Settings(), group: any EventLoopGroup) {
        self.settings = settings
        self.group = group
    }

    /// Looks at the DNS for a proof.
    public func check(_ proof: DomainProof) async -> DomainProof.Verdict {
        var problem = ""
        func records(_ name: String, _ type: DNSRecordType) async -> [DNSRecord]? {
            do { return try await self.records(of: name, type) } catch {
                problem = (error as? CertificateError)?.message ?? "\(error)"
                return nil
            }
        }
        let texts = await records(proof.recordName, .txt)
        let byText = proof.verdict(texts: texts, aliases: [])
        if byText == .proved || proof.target == nil {
            return proof.verdict(texts: texts, aliases: [], problem: problem)
        }
        let aliases = await records(proof.domain, .cname)
        return proof.verdict(texts: texts, aliases: aliases, problem: problem)
    }

    /// The records of a name: empty if there are none of that type, or no such name.
    ///
    /// - Throws: ``CertificateError`` `.dnsFailed` if no server gave an answer.
    public func records(of name: String, _ type: DNSRecordType) async throws -> [DNSRecord] {
        let servers = settings.servers.isEmpty ? DNSResolver.systemServers() : settings.servers
        var problem = "there is no resolver in /etc/resolv.conf"
        for _ in 0..<max(1, settings.rounds) {
            for server in servers.prefix(DNSResolver.maxServers) {
                do {
                    let answer = try await ask(server, name, type)
                    switch answer.responseCode {
                    case 0, 3: return answer.records
                    default: problem = "\(server) answered with code \(answer.responseCode)"
                    }
                } catch let error as CertificateError {
                    problem = error.message
                } catch {
                    try Task.checkCancellation()
                    problem = "\(server) gave no answer: \(error)"
                }
            }
        }
        throw CertificateError(.dnsFailed, "The DNS cannot be asked for \(name): \(problem)")
    }

    private func ask(_ server: String, _ name: String, _ type: DNSRecordType) async throws -> DNSMessage.Answer {
        guard let (host, port) = DNSResolver.address(server) else {
            throw CertificateError(.badSettings, "\"\(server)\" is no resolver: write an address, as in 127.0.0.1:53")
        }
        let id = UInt16.random(in: .min ... .max)
        guard let query = DNSMessage.query(id: id, name: name, type: type) else {
            throw CertificateError(.dnsFailed, "\"\(name.prefix(255))\" is no name of the DNS")
        }
        let question = DNSExchange.Question(id: id, name: name, type: type)
        let answer = try await DNSExchange.datagram(
            query, question, host: host, port: port, timeout: settings.timeout, group: group)
        guard answer.isTruncated else { return answer }
        return try await DNSExchange.stream(
            query, question, host: host, port: port, timeout: settings.timeout, group: group)
    }

    /// Splits `127.0.0.1:5353`, `[::1]:5353`, `127.0.0.1` or `::1`.
    static func address(_ text: String) -> (host: String, port: Int)? {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let host = String(text[text.index(after: text.startIndex)..<end])
            let rest = text[text.index(after: end)...]
            if rest.isEmpty { return (host, port) }
            guard rest.first == ":", let port = UInt16(rest.dropFirst()) else { return nil }
            return (host, Int(port))
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        switch parts.count {
        case 1 where !text.isEmpty: return (text, port)
        case 2:
            guard let port = UInt16(parts[1]), !parts[0].isEmpty else { return nil }
            return (String(parts[0]), Int(port))
        case 3...: return (text, port)
        default: return nil
        }
    }

    /// The resolvers of `/etc/resolv.conf`.
    static func systemServers() -> [String] {
        guard let bytes = FileManager.default.contents(atPath: "/etc/resolv.conf") else { return [] }
        return servers(in: String(decoding: bytes.prefix(1 << 16), as: UTF8.self))
    }

    static func servers(in text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard words.count > 1, words[0] == "nameserver" else { return nil }
            return words[1].contains(":") ? "[\(words[1])]:\(port)" : "\(words[1]):\(port)"
        }
    }
}
