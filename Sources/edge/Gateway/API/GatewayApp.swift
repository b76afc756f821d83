/// What a name stands for at this moment.
public enum GatewayApp: Sendable {
    /// A static site.
    case site(SiteRelease)
    /// A function that answers every path.
    case function(FunctionRelease)
    /// Content of an origin, at every path.
    case origin(OriginRelease)
    /// Machines that answer every path.
    case machine(MachineRelease)
    /// Several of those, by path.
    case composite(CompositeRelease)
    /// A known name that cannot be served yet, for example while its manifest is being fetched. Clients get a 503 with
    /// `reason` and are asked to come back.
    case unavailable(reason: String)
}
