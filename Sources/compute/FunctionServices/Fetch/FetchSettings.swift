public import NIOCore
public import Outbound

/// Limits of functions' calls to other servers.
public struct FetchSettings: Sendable {
    /// Which addresses may be reached. Default: public ones. Tests and `skerry dev` allow loopback here.
    public var addresses = AddressGuard()
    /// PEM certificates of authorities that are trusted besides the system's. Default: none.
    public var extraTrustRoots: [String] = []
    /// Time for connecting to one address, TLS included. Default 10 s.
    public var connectTimeout: TimeAmount = .seconds(10)
    /// Time from the call to the answer's headers: lookups, connecting, sending the body, redirects. Default 60 s.
    public var headTimeout: TimeAmount = .seconds(60)
    /// Longest wait for the next bytes of an answer's body, while somebody wants them. Default 60 s.
    public var idleTimeout: TimeAmount = .seconds(60)
    /// How long an unused connection is kept. Default 30 s.
    public var keepAlive: TimeAmount = .seconds(30)
    /// Addresses of one name that are tried, one after the other, if connecting fails. Default 3.
    public var maxAddresses = 3
    /// Calls of one app that are open at a time, until the end of the answer's body. Default 256.
    public var maxConcurrentPerApp = 256
    /// Calls of all apps that are open at a time. Default 2,048; each may use a socket and 256 KiB.
    public var maxConcurrent = 2_048
    /// Calls that an app may begin each second, for long. Default 200.
    public var callsPerSecond = 200.0
    /// Calls that an app may begin at once. Default 1,000.
    public var callBurst = 1_000.0
    /// Name lookups of one app at a time. Default 4, a quarter of the resolver's threads.
    public var maxLookupsPerApp = 4
    /// Clients that are kept, one for each app, host and address. Default 512; those in use are not counted out.
    public var maxClients = 512
    /// The `user-agent` of calls that have none. Default `Skerry`.
    public var userAgent = "Skerry"

    /// The defaults.
    public init() {}
}
