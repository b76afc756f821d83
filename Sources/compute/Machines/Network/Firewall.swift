import Glibc

/// What keeps machines from the host, from each other and from private networks.
enum Firewall: Sendable, Hashable {
    /// Nothing does: no machine may run.
    case none
    /// A filter on each machine's own link that lets only answers out (tc with a classic BPF program).
    case filter(tc: String)
    /// nftables: answers, and connections to public addresses.
    case nft(String)

    /// Addresses that no machine may reach: this network, private, shared, loopback, link-local, test, multicast and
    /// reserved ones (RFC 6890 and RFC 5771), and Azure's metadata service, which looks public.
    static let privateRanges = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    ]

    /// The name servers of a `resolv.conf` that machines can reach, at most three (resolver(5)).
    static func reachableServers(_ text: String) -> [String] {
        let servers = text.split(separator: "\n").compactMap { line -> String? in
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count >= 2, words[0] == "nameserver", let address = number(words[1]) else { return nil }
            let isPrivate = privateRanges.contains { range in
                let parts = range.split(separator: "/")
                guard parts.count == 2, let base = number(parts[0]), let bits = UInt32(parts[1]), bits > 0 else {
                    return true
                }
                return (address ^ base) >> (32 - bits) == 0
            }
            return isPrivate ? nil : String(words[1])
        }
        return Array(servers.prefix(3))
    }

    private static func number(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard let part else { return nil }
            value = value << 8 | UInt32(part)
        }
        return value
    }

    /// The best one that the host has.
    static func find(path: String?) async -> Firewall {
        if let nft = Tool.find("nft", path: path) {
            let trial = "table inet skerry_trial_\(getpid()) { }\ndelete table inet skerry_trial_\(getpid())\n"
            if let result = try? await Tool.run([nft, "-f", "-"], input: trial), result.isSuccess { return .nft(nft) }
        }
        if let tc = Tool.find("tc", path: path) { return .filter(tc: tc) }
        return .none
    }

    /// The rules of one node. Its machines' links begin with `prefix`; `block` are their addresses, `host` is what they
    /// know the node by, and `services` are TCP ports of `host` that they may reach.
    static func rules(table: String, prefix: String, block: String, host: String, services: [UInt16]) -> String {
        let ports = services.map(String.init).joined(separator: ", ")
        let allowed = services.isEmpty ? "" : "    ip daddr \(host) tcp dport { \(ports) } accept\n"
        let ranges = privateRanges.joined(separator: ", ")
        return """
            table inet \(table) { }
            delete table inet \(table)
            table inet \(table) {
              chain to_host {
                type filter hook input priority -5; policy accept;
                iifname "\(prefix)*" jump from_machine
              }
              chain from_machine {
                ip saddr != \(block) drop
                ct state established,related accept
            \(allowed)    drop
              }
              chain across {
                type filter hook forward priority -5; policy accept;
                iifname "\(prefix)*" jump out
                oifname "\(prefix)*" jump back
              }
              chain out {
                ip saddr != \(block) drop
                oifname "\(prefix)*" drop
                meta nfproto ipv6 drop
                ip daddr { \(ranges) } drop
                accept
              }
              chain back {
                ct state established,related accept
                drop
              }
              chain translate {
                type nat hook postrouting priority 100; policy accept;
                ip saddr \(block) oifname != "\(prefix)*" masquerade
              }
            }

            """
    }

    /// A program in classic BPF for a link's incoming Ethernet frames: passes ARP, and TCP segments over IPv4 from
    /// `address` that open no connection (SYN without ACK) unless they go to one of `services`; drops all else.
    /// The verdicts are tc's: 0 passes, 2 drops (tc-bpf(8), direct action).
    static func program(address: UInt32, services: [UInt16]) -> [Instruction] {
        // Jumps are counted from the next instruction; the last two are "pass" and "drop".
        var code: [Instruction] = [
            .init(0x28, 0, 0, 12),  // the frame's type
            .toPass(whenEqual: 0x0806),
            .toDrop(unlessEqual: 0x0800),
            .init(0x20, 0, 0, 26),  // its sender
            .toDrop(unlessEqual: address),
            .init(0x30, 0, 0, 23),  // its protocol
            .toDrop(unlessEqual: 6),
            .init(0x28, 0, 0, 20),  // a fragment's offset: later fragments have no flags to look at
            .init(0x45, 0xFE, 0, 0x1FFF),  // drop when any bit is set
            .init(0xB1, 0, 0, 14),  // X is the length of the IP header
            .init(0x50, 0, 0, 27),  // TCP's flags
            .init(0x54, 0, 0, 0x12),  // SYN and ACK
            .init(0x15, 0, 0xFF, 0x02),  // pass unless it opens a connection
        ]
        if !services.isEmpty {
            code.append(.init(0x48, 0, 0, 16))  // its destination port
            for port in services { code.append(.toPass(whenEqual: UInt32(port))) }
        }
        code.append(.init(0x06, 0, 0, 2))  // drop
        code.append(.init(0x06, 0, 0, 0))  // pass
        return resolve(code)
    }

    /// One instruction; jumps of 0xFF go to "pass" and those of 0xFE to "drop".
    struct Instruction: Hashable {
        var code: UInt16
        var whenTrue: UInt8
        var whenFalse: UInt8
        var value: UInt32

        init(_ code: UInt16, _ whenTrue: UInt8, _ whenFalse: UInt8, _ value: UInt32) {
            self.code = code
            self.whenTrue = whenTrue
            self.whenFalse = whenFalse
            self.value = value
        }

        static func toPass(whenEqual value: UInt32) -> Instruction { .init(0x15, 0xFF, 0, value) }
        static func toDrop(unlessEqual value: UInt32) -> Instruction { .init(0x15, 0, 0xFE, value) }
    }

    private static func resolve(_ code: [Instruction]) -> [Instruction] {
        code.enumerated().map { index, instruction in
            // Only jumps have targets, and the last two instructions are none.
            guard instruction.code & 0x07 == 0x05 else { return instruction }
            var instruction = instruction
            let pass = UInt8(code.count - 1 - index - 1)
            let drop = pass - 1
            if instruction.whenTrue == 0xFF { instruction.whenTrue = pass }
            if instruction.whenTrue == 0xFE { instruction.whenTrue = drop }
            if instruction.whenFalse == 0xFF { instruction.whenFalse = pass }
            if instruction.whenFalse == 0xFE { instruction.whenFalse = drop }
            return instruction
        }
    }

    /// The program as tc reads it.
    static func bytecode(_ program: [Instruction]) -> String {
        "\(program.count),"
            + program.map { "\($0.code) \($0.whenTrue) \($0.whenFalse) \($0.value)" }.joined(separator: ",")
    }
}
