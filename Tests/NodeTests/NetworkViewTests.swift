import Testing

@testable import Node

struct NetworkViewTests {
    @Test(
        "Hosts of one network or one domain are one group, however many names somebody gives to them",
        arguments: [
            ("10.1.2.3", "10.1"), ("10.1.255.255", "10.1"), ("10.2.0.1", "10.2"), ("2001:db8::1", "20010db8"),
            ("2001:db8:ffff::2", "20010db8"), ("a.example.org", "example.org"), ("B.a.Example.ORG.", "example.org"),
            ("example.org", "example.org"), ("localhost", "localhost"), ("", ""), ("...", ""),
        ])
    func groups(host: String, group: String) {
        #expect(NetworkView.addressGroup(ofHost: host) == group)
    }
}
