import ArgumentParser
import Certificates
import Client
import ControlModel
import Foundation
import Identity
import Ledger

struct DomainsVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Look at a domain's proof and certificate, from here and from a node.",
        discussion: "Fails if the proof is not in the DNS, or the node does not serve the domain.")

    @Argument(help: "The domain.")
    var domain: DomainName

    @OptionGroup var dns: ResolverOption
    @OptionGroup var node: NodeOption

    private struct Report: Codable {
        var domain: String
        var name: String
        var recordName: String
        var recordText: String
        var alias: String?
        /// Whether the proof is seen from here.
        var isProved: Bool
        var problem: String?
        var node: DomainReport
    }

    func run() async throws {
        let client = try node.client()
        let seen = try await client.domain(domain)
        guard let name = seen.app.flatMap({ AppName($0) }) else {
            throw CommandError("\(domain) is bound to no app; bind it with `skerry domains add \(domain) <app>`")
        }
        guard let owner = try await client.name(name).flatMap({ AccountID($0.owner) }) else {
            throw CommandError("The app \(name) has no owner")
        }
        let proof = try await dns.proof(domain, name, owner: owner, zone: seen.zone, try node.ledger())
        var problem: String?
        switch await dns.check(proof) {
        case .proved: break
        case .absent(let found): problem = found
        case .unknown(let reason): problem = reason
        }
        if node.data.json {
            try Terminal.printJSON(
                Report(
                    domain: domain.description, name: name.description, recordName: proof.recordName,
                    recordText: proof.text, alias: proof.target, isProved: problem == nil, problem: problem, node: seen)
            )
        } else {
            print(name, proof, problem, seen)
        }
        if problem != nil || !seen.isServed { throw ExitCode.failure }
    }

    private func print(_ name: AppName, _ proof: DomainProof, _ problem: String?, _ seen: DomainReport) {
        Terminal.print("\(domain) is bound to \(name)")
        if let problem {
            Terminal.print("proof:        not seen from here: \(Terminal.safe(problem))")
            Terminal.print(ResolverOption.instructions(proof))
        } else {
            Terminal.print("proof:        seen from here")
        }
        let atNode = seen.problem.map { ": \(Terminal.safe($0))" } ?? ""
        Terminal.print("node:         \(seen.isServed ? "serves the domain" : "does not serve the domain")\(atNode)")
        Terminal.print("certificate:  \(DomainsVerifyCommand.text(seen.certificate))")
    }

    private static func text(_ certificate: DomainReport.Certificate?) -> String {
        guard let certificate else { return "the node holds none" }
        var parts: [String] = []
        if let end = certificate.notAfter {
            parts.append(end > Date() ? "until \(end.ISO8601Format())" : "ended \(end.ISO8601Format())")
        } else {
            parts.append("none yet")
        }
        if certificate.isBorrowed == true, certificate.notAfter != nil {
            parts.append("its key is on nodes that serve the app")
        }
        if let problem = certificate.problem { parts.append(Terminal.safe(problem)) }
        if let next = certificate.nextAttempt { parts.append("next attempt \(next.ISO8601Format())") }
        return parts.joined(separator: "; ")
    }
}
