import Outbound
import Testing

@testable import Images

@Suite struct ImageReferenceTests {
    private static let digest = "sha256:" + String(repeating: "0f", count: 32)

    @Test(arguments: [
        ("docker.io/library/nginx:1.27", "docker.io", "library/nginx", "1.27"),
        ("registry.example/app:A_b-c.1", "registry.example", "app", "A_b-c.1"),
        ("localhost:5000/team/app__x/a-b--c:1", "localhost:5000", "team/app__x/a-b--c", "1"),
        ("Registry.Example:443/app:1", "registry.example", "app", "1"), ("[::1]:5000/app:1", "[::1]:5000", "app", "1"),
        ("127.0.0.1:80/app:1", "127.0.0.1", "app", "1"), ("localhost:443/app:1", "localhost:443", "app", "1"),
    ])
    func reads(_ text: String, _ registry: String, _ repository: String, _ tag: String) throws {
        let reference = try ImageReference(checking: text)
        #expect(reference.registry == registry)
        #expect(reference.repository == repository)
        #expect(reference.tag == tag)
        #expect(reference.digest == nil)
        #expect(ImageReference(reference.description) == reference)
        let pinned = try ImageReference(checking: "\(text)@\(Self.digest)")
        #expect(pinned.digest?.description == Self.digest)
        #expect(pinned.wanted == Self.digest)
        #expect(ImageReference(pinned.description) == pinned)
    }

    @Test(arguments: [
        "", "nginx", "nginx:1", "library/nginx:1", "registry.example/app", "registry.example/App:1",
        "registry.example/a//b:1", "registry.example/-a:1", "registry.example/a_:1", "registry.example/a___b:1",
        "registry.example/a..b:1", "registry.example/../b:1", "registry.example/app:", "registry.example/app:.1",
        "registry.example/app:" + String(repeating: "t", count: 129), "registry.example/app@sha256:00",
        "registry.example/app@md5:" + String(repeating: "0", count: 32), "user@registry.example/app:1",
        "https://registry.example/app:1", "registry.example:99999/app:1", "registry.exa mple/app:1",
        "registry.example/" + String(repeating: "r", count: 256) + ":1", "registry.example/app:1?x", "127.1.:5/app:1",
        "registry.example\\@evil.example/app:1",
    ])
    func refuses(_ text: String) { #expect(ImageReference(text) == nil) }

    @Test func knowsTheHubsName() throws {
        #expect(try ImageReference(checking: "docker.io/library/nginx:1").base().host == .name("registry-1.docker.io"))
    }

    @Test func readsChallenges() throws {
        let header = #"Bearer realm="https://auth.example/token",service="reg \"x\"",scope="repository:a/b:pull,push""#
        let challenge = try #require(BearerChallenge(header))
        #expect(challenge.realm == "https://auth.example/token")
        #expect(challenge.service == #"reg "x""#)
        #expect(challenge.query == "service=reg%20%22x%22&scope=repository:a/b:pull%2Cpush")
        #expect(BearerChallenge("bearer realm=a , scope = b") == nil)
        #expect(BearerChallenge("bearer realm=a,scope=b")?.scope == "b")
        for text in [
            "", "Bearer", "Basic realm=\"x\"", "Bearer realm=", "Bearer realm=\"x", "Bearer realm=\"\"",
            "Bearer realm=\"x\",realm=\"y\"", "Bearer service=\"x\"", "Bearerrealm=\"x\"", "Bearer realm=\"x\\",
            "Bearer realm=\"" + String(repeating: "x", count: 9_000) + "\"",
        ] { #expect(BearerChallenge(text) == nil, "\(text.prefix(60))") }
    }
}
