import Testing

@testable import Machines

/// The filter on machines' links, carried out by a small interpreter of classic BPF.
@Suite("What keeps machines from the host")
struct FirewallTests {
    private static let machine: UInt32 = 0x0A_D5_01_02

    /// What the program says of a frame: 0 passes, 2 drops.
    private func run(_ program: [Firewall.Instruction], _ frame: [UInt8]) -> UInt32? {
        var a: UInt32 = 0, x: UInt32 = 0, index = 0
        func load(_ at: Int, _ count: Int) -> UInt32? {
            guard at + count <= frame.count else { return nil }
            var value: UInt32 = 0
            for byte in frame[at..<(at + count)] { value = value << 8 | UInt32(byte) }
            return value
        }
        while index < program.count {
            let step = program[index]
            index += 1
            let value = Int(step.value)
            switch step.code {
            case 0x28, 0x20, 0x30:
                guard let loaded = load(value, step.code == 0x28 ? 2 : step.code == 0x20 ? 4 : 1) else { return 2 }
                a = loaded
            case 0x48, 0x50:
                guard let loaded = load(Int(x) + value, step.code == 0x48 ? 2 : 1) else { return 2 }
                a = loaded
            case 0xB1:
                guard let loaded = load(value, 1) else { return 2 }
                x = 4 * (loaded & 15)
            case 0x54: a &= step.value
            case 0x15: index += Int(a == step.value ? step.whenTrue : step.whenFalse)
            case 0x45: index += Int(a & step.value != 0 ? step.whenTrue : step.whenFalse)
            case 0x06: return step.value
            default: return nil
            }
        }
        return nil
    }

    private func frame(
        type: UInt16 = 0x0800, from: UInt32 = FirewallTests.machine, protocol number: UInt8 = 6, port: UInt16 = 22,
        flags: UInt8 = 0x02, fragment: UInt16 = 0, options: Int = 0
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 14 + 20 + options + 20)
        bytes[12] = UInt8(type >> 8)
        bytes[13] = UInt8(type & 255)
        bytes[14] = 0x40 | UInt8((20 + options) / 4)
        bytes[20] = UInt8(fragment >> 8)
        bytes[21] = UInt8(fragment & 255)
        bytes[23] = number
        for index in 0..<4 { bytes[26 + index] = UInt8(truncatingIfNeeded: from >> UInt32(24 - 8 * index)) }
        let segment = 14 + 20 + options
        bytes[segment + 2] = UInt8(port >> 8)
        bytes[segment + 3] = UInt8(port & 255)
        bytes[segment + 13] = flags
        return bytes
    }

    @Test("Answers pass and new connections do not, whatever options the packet has", arguments: [0, 4, 40])
    func connections(options: Int) {
        let program = Firewall.program(address: Self.machine, services: [])
        #expect(run(program, frame(flags: 0x02, options: options)) == 2)
        for flags: UInt8 in [0x12, 0x10, 0x18, 0x11, 0x04] {
            #expect(run(program, frame(flags: flags, options: options)) == 0)
        }
    }

    @Test("ARP passes; other protocols, senders, fragments and cut frames do not")
    func others() {
        let program = Firewall.program(address: Self.machine, services: [])
        #expect(run(program, frame(type: 0x0806)) == 0)
        #expect(run(program, frame(type: 0x86DD, flags: 0x10)) == 2)
        #expect(run(program, frame(from: Self.machine + 1, flags: 0x10)) == 2)
        for number: UInt8 in [1, 17, 47, 132] { #expect(run(program, frame(protocol: number, flags: 0x10)) == 2) }
        #expect(run(program, frame(flags: 0x10, fragment: 1)) == 2)
        #expect(run(program, Array(frame(flags: 0x10).prefix(30))) == 2)
    }

    @Test("Ports of the node that are meant for machines are reached, and no other")
    func services() {
        let program = Firewall.program(address: Self.machine, services: [8_080, 9_090])
        #expect(run(program, frame(port: 8_080)) == 0)
        #expect(run(program, frame(port: 9_090, options: 8)) == 0)
        #expect(run(program, frame(port: 8_081)) == 2)
        #expect(run(program, frame(port: 8_080, flags: 0x10)) == 0)
        #expect(Firewall.bytecode([.init(6, 0, 0, 2), .init(0x15, 1, 2, 3)]) == "2,6 0 0 2,21 1 2 3")
    }

    @Test("The rules let machines reach public addresses and the node's services only")
    func rules() {
        let rules = Firewall.rules(
            table: "t", prefix: "skabc-", block: "10.213.4.0/24", host: "10.213.4.1", services: [8_080])
        for line in [
            "iifname \"skabc-*\" jump from_machine", "ip daddr 10.213.4.1 tcp dport { 8080 } accept", "drop",
            "169.254.0.0/16", "10.0.0.0/8", "ip saddr 10.213.4.0/24 oifname != \"skabc-*\" masquerade",
        ] { #expect(rules.contains(line)) }
        let none = Firewall.rules(table: "t", prefix: "p-", block: "10.0.0.0/24", host: "10.0.0.1", services: [])
        #expect(!none.contains("dport"))
    }

    @Test("Only name servers that machines can reach are told to them")
    func servers() {
        let text = """
            # comment
            nameserver 127.0.0.53
            nameserver 192.168.1.1
            nameserver 168.63.129.16
            nameserver 9.9.9.9
            nameserver\t1.1.1.1
            nameserver fd00::1
            nameserver 1.1.1
            nameserver 256.1.1.1
            options edns0
            nameserver 8.8.8.8
            nameserver 8.8.4.4
            """
        #expect(Firewall.reachableServers(text) == ["9.9.9.9", "1.1.1.1", "8.8.8.8"])
        #expect(Firewall.reachableServers("nameserver 172.32.0.1\nnameserver 172.31.0.1") == ["172.32.0.1"])
    }
}
