import FunctionServices
import Functions
import NIOCore
import Outbound
import Testing

/// One way to misbehave, and what must come of it.
struct HostileTenant: Sendable, CustomTestStringConvertible {
    static let tenant = "evil/tenant"

    let name: String
    /// The outcomes that are right: an error's code, or what the attack says itself.
    let expected: Set<String>
    var change: @Sendable (inout FunctionPool.Settings) -> Void = { _ in }
    /// Carries it out and says what came of it.
    let attack: @Sendable (PoolFixture) async throws -> String

    var testDescription: String { name }

    init(
        _ name: String, _ expected: Set<String>,
        change: @escaping @Sendable (inout FunctionPool.Settings) -> Void = { _ in },
        attack: @escaping @Sendable (PoolFixture) async throws -> String
    ) {
        self.name = name
        self.expected = expected
        self.change = change
        self.attack = attack
    }

    /// One request whose handler runs `code`; the outcome is its error's code, or the text that it answers.
    init(
        _ name: String, _ expected: Set<String>, cpu: Duration = .milliseconds(150), deadline: TimeAmount? = nil,
        code: String
    ) {
        self.init(name, expected, change: { $0.cpuLimit = cpu }) { fixture in
            try await Self.outcome(of: Self.handler(code), fixture, deadline: deadline)
        }
    }

    static func handler(_ code: String) -> String { "export default { async fetch(request, env) { \(code) } }" }

    static func outcome(
        of module: String, _ fixture: PoolFixture, deadline: TimeAmount? = nil
    ) async throws -> String {
        do {
            return try await fixture.call(module, tenant: tenant, deadline: deadline.map { .now() + $0 }).text
        } catch let error as FunctionError {
            return error.code.rawValue
        }
    }
}

/// The node's real services, with names that resolve where they should not, and a file that belongs to somebody else.
struct HostileSurroundings: FunctionAssets, NameResolver {
    func asset(at path: String, of version: FunctionVersion) async throws -> FunctionAsset? {
        guard version.tenant != HostileTenant.tenant else { return nil }
        return FunctionAsset(contentType: "text/plain", etag: "\"1\"", body: .bytes(ByteBuffer(string: "not for you")))
    }

    func addresses(of name: String) async throws -> [IPAddress] {
        let known = ["loopback.test": "127.0.0.1", "metadata.test": "169.254.169.254", "six.test": "::1"]
        return known[name].flatMap { IPAddress($0) }.map { [$0] } ?? []
    }
}
