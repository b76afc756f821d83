import Outbound

/// Finds the addresses of origins, and refuses those that apps may not reach.
///
/// A name is looked up once for each request, all its addresses are judged, and connections go to a judged address: what a
/// second lookup would say has no effect.
struct OriginAddresses: Sendable {
    let guardian: AddressGuard
    /// What may have addresses that are not public, and ports of other protocols.
    let allowed: [AllowedHost]
    let resolver: any NameResolver

    /// The addresses to try, the preferred one first; at least one.
    ///
    /// - Throws: ``OriginError``: refused, unknown, or not looked up in time.
    func find(_ url: HTTPURL) async throws -> [IPAddress] {
        let isFree = allowed.contains { $0.allows(url.host, port: url.port) }
        switch url.host {
        case .address(let address):
            if !isFree {
                try checkPort(of: url, "\(address)")
                try check(address, of: url)
            }
            return [address]
        case .name(let name):
            if !isFree { try checkPort(of: url, name) }
            let found = try await lookUp(name)
            guard !found.isEmpty else {
                throw OriginError(
                    .unreachable, "the origin's name \(name) has no address; check its spelling and its DNS")
            }
            if !isFree { for address in found { try check(address, of: url) } }
            return found
        }
    }

    private func checkPort(of url: HTTPURL, _ host: String) throws {
        guard BlockedPorts.contains(url.port) else { return }
        throw OriginError(
            .refusedAddress, "port \(url.port) of \(host) belongs to another protocol than HTTP; use another port")
    }

    private func check(_ address: IPAddress, of url: HTTPURL) throws {
        guard let reason = guardian.refusal(of: address) else { return }
        if allowed.contains(where: { $0.allows(address, port: url.port) }) { return }
        throw OriginError(
            .refusedAddress,
            "the origin \(url.hostAndPort) has the address \(address), which is \(reason); "
                + "the node's operator can allow it in `origins.allowedHosts`")
    }

    private func lookUp(_ name: String) async throws -> [IPAddress] {
        do {
            return try await resolver.addresses(of: name)
        } catch SystemNameResolver.Failure.timeout {
            throw OriginError(
                .timeout, "the origin's name \(name) could not be looked up in time; check the node's DNS")
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw OriginError(.unreachable, "the origin's name \(name) could not be looked up: \(error)")
        }
    }
}
