/// One release of one app: what a worker is loaded with.
public struct FunctionVersion: Hashable, Sendable, CustomStringConvertible {
    /// The app's owner and name. Two tenants never share a process.
    public var tenant: String
    /// The immutable release.
    public var release: String

    /// Names a version.
    public init(tenant: String, release: String) {
        self.tenant = tenant
        self.release = release
    }

    /// A release has one tenant: its id is enough to tell versions apart as a rule.
    public func hash(into hasher: inout Hasher) { hasher.combine(release) }

    /// Whose app it is: what stands before the tenant's first slash.
    var owner: Substring { tenant[..<(tenant.utf8.firstIndex(of: UInt8(ascii: "/")) ?? tenant.endIndex)] }

    /// Tenant and release, for log lines.
    public var description: String { "\(tenant)@\(release)" }
}
