import Testing

@testable import Outbound

@Suite struct AddressTests {
    @Test(arguments: [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.169.254",
        "168.63.129.16",
        "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
        "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:7f00:1",
        "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::8.8.8.8", "100::1", "2001::1", "2001:10::1",
        "2001:db8::1",
        "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:c0a8:1::", "3fff::1", "4000::1", "fc00::1", "fd12::1", "fe80::1",
        "fec0::1", "ff02::1", "2606:4700::5efe:7f00:1", "2606:4700::200:5efe:a00:1", "5f00::1",
        "fd00::5efe:8.8.8.8", "fe80::5efe:808:808", "fe80::200:5efe:8.8.8.8", "64:ff9b:1:0:0:5efe:808:808",
        "ff02::5efe:8.8.8.8", "5f00::5efe:8.8.8.8", "::5efe:8.8.8.8",
    ])
    func specialAddressesAreRefused(_ text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(AddressGuard().refusal(of: address) != nil)
    }

    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
        "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888", "2a00::1", "64:ff9b::8.8.8.8",
        "::ffff:8.8.8.8", "2002:808:808::1",
        "2606:4700::5efe:8.8.8.8", "2606:4700::200:5efe:808:808",
    ])
    func publicAddressesAreNot(_ text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(AddressGuard().refusal(of: address) == nil)
    }

    @Test func exceptionsWorkBothWays() throws {
        let block = try #require(AddressBlock("127.0.0.0/8"))
        let one = try #require(AddressBlock("8.8.8.8"))
        let guardian = AddressGuard(allowed: [block], refused: [one])
        let local = try #require(IPAddress("127.9.9.9"))
        let mapped = try #require(IPAddress("::ffff:127.0.0.1"))
        let dns = try #require(IPAddress("8.8.8.8"))
        let other = try #require(IPAddress("10.0.0.1"))
        #expect(guardian.refusal(of: local) == nil)
        #expect(guardian.refusal(of: mapped) == nil)
        #expect(guardian.refusal(of: dns) != nil)
        #expect(guardian.refusal(of: other) != nil)
    }

    @Test(arguments: [
        "127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "127.0.0.1.", "1.2.3.4.5", "256.1.1.1", "::1%lo", "[::1]",
        "",
    ])
    func oddFormsAreNoAddresses(_ text: String) { #expect(IPAddress(text) == nil) }

    @Test func textsAreCanonical() {
        #expect(IPAddress("2001:0DB8:0:0:0:0:0:1")?.description == "2001:db8::1")
        #expect(IPAddress("2001:db8::1")?.urlHost == "[2001:db8::1]")
        #expect(IPAddress("1.2.3.4")?.urlHost == "1.2.3.4")
        #expect(IPAddress(bytes: [1, 2, 3]) == nil)
        #expect(IPAddress("1.2.3.4")?.bytes == [1, 2, 3, 4])
    }

    @Test func blocks() throws {
        #expect(AddressBlock("10.0.0.1/8") == nil)
        #expect(AddressBlock("10.0.0.0/33") == nil)
        #expect(AddressBlock("10.0.0.0/x") == nil)
        #expect(AddressBlock("0.0.0.0/0")?.contains(.v4(.max)) == true)
        #expect(AddressBlock("0.0.0.0/0")?.contains(.v6(0, 0)) == false)
        #expect(AddressBlock("fe80::/10")?.contains(.v6(0xfebf << 48, 5)) == true)
        #expect(AddressBlock("fe80::/10")?.contains(.v6(0xfec0 << 48, 5)) == false)
        #expect(AddressBlock("::1")?.contains(.v6(0, 1)) == true)
        #expect(AddressBlock("2001:db8::/80")?.contains(.v6(0x2001_0db8 << 32, 0xffff_ffff_ffff)) == true)
        #expect(AddressBlock("2001:db8::/80")?.contains(.v6(0x2001_0db8 << 32, 1 << 48)) == false)
    }
}
