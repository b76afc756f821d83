public import ControlModel
public import Ledger

/// Custom domains as a node sees them.
extension NodeClient {
    /// A domain, bound or not. Nothing of it is verified.
    public func domain(_ domain: DomainName) async throws -> DomainReport { try await get("/api/v1/domains/\(domain)") }
}
