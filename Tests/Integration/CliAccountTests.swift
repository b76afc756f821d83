import ControlModel
import Foundation
import Testing

@Suite("Accounts on the command line", .serialized)
struct CliAccountTests {
    private struct Key: Decodable {
        var account: String
    }

    private func newAccount(_ network: TestNetwork, _ file: String) async throws -> (id: String, file: String) {
        let path = network.folder + "/" + file
        let key: Key = try await network.expectSuccess("account", "new", path, "--json").json()
        return (key.account, path)
    }

    private func balance(_ network: TestNetwork, _ account: String, node: Int = 1) async throws -> UInt64 {
        let info: AccountInfo = try await network.expectSuccess(
            "account", "balance", account, "--node", "\(node)", "--json"
        ).json()
        return info.balance
    }

    @Test("Units move between accounts, and never more than there are")
    func transfers() async throws {
        try await TestNetwork.with(nodes: 2) { network in
            let mine: Key = try await network.expectSuccess("account", "show", "--json").json()
            let (other, key) = try await newAccount(network, "other.key")
            try await network.expectFailure("account", "new", key, saying: "exists already")
            try await network.expectFailure("account", "balance", other, saying: "does not know the account")

            try await network.expectSuccess("account", "transfer", other, "250")
            #expect(try await balance(network, other, node: 2) == 250)
            #expect(try await balance(network, mine.account) == 1_000_000_000 - 250)
            try await network.expectSuccess("account", "transfer", mine.account, "250", "--key", key)
            #expect(try await balance(network, other) == 0)

            try await network.expectFailure(
                "account", "transfer", mine.account, "1", "--key", key, saying: "ledger/insufficient-balance")
            try await network.expectFailure("account", "transfer", other, "0", saying: "Usage")
            try await network.expectFailure("account", "transfer", other, "9223372036854775808", saying: "Usage")
            #expect(try await balance(network, mine.account) == 1_000_000_000)
        }
    }

    @Test("Only governors make units and change parameters")
    func governors() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            let (other, key) = try await newAccount(network, "other.key")
            try await network.expectSuccess("account", "mint", other, "42")
            #expect(try await balance(network, other) == 42)
            try await network.expectFailure(
                "account", "mint", other, "42", "--key", key, saying: "ledger/not-authorised")

            try await network.expectSuccess("network", "params", "set", "name_fee", "40")
            let list: ParameterList = try await network.expectSuccess("network", "params", "--json").json()
            #expect(list["name_fee"] == 40)
            #expect(list.supply == 1_000_000_000 + 1_000 + 42)
            try await network.expectFailure(
                "network", "params", "set", "name_fee", "0", "--key", key, saying: "ledger/not-authorised")
            try await network.expectFailure(
                "network", "params", "set", "no_such_thing", "1", saying: "ledger/bad-parameter")

            // A fee is taken from whoever claims a name, and only once.
            try network.write("paid", to: "site/index.html")
            try await network.expectSuccess("deploy", network.folder + "/site", "--name", "paid", "--key", key)
            #expect(try await balance(network, other) == 2)
            try await network.expectFailure(
                "deploy", network.folder + "/site", "--name", "another", "--key", key,
                saying: "ledger/insufficient-balance")
        }
    }

    @Test("A name is claimed before there is an app, and given to another account with all that it leads to")
    func names() async throws {
        try await TestNetwork.with(nodes: 2) { network in
            let mine: Key = try await network.expectSuccess("account", "show", "--json").json()
            let (other, key) = try await newAccount(network, "other.key")
            try await network.expectSuccess("names", "claim", "later")
            try await network.expectFailure("names", "claim", "later", "--key", key, saying: "ledger/name-taken")
            try network.write("one", to: "site/index.html")
            _ = try await network.deploy(network.folder + "/site", "shop")

            try await network.expectFailure(
                "names", "transfer", "shop", mine.account, "--yes", "--key", key, saying: "ledger/not-authorised")
            try await network.expectFailure("names", "transfer", "shop", mine.account, saying: "your own")
            try await network.expectFailure(
                "names", "transfer", "nothing", other, "--yes", saying: "ledger/unknown-name")
            try await network.expectFailure("names", "transfer", "shop", other, saying: "Add --yes to do it")
            try await network.expectSuccess("names", "transfer", "shop", other, "--yes")
            #expect(try await names(network) == ["later"])
            #expect(try await names(network, key: key) == ["shop"])

            try await network.expectFailure("releases", "rollback", "shop", saying: "belongs to the account")
            let node = try await network.status().nodes[1]
            #expect(try await network.request(node, host: "shop", "/").text == "one")
            try network.write("two", to: "site/index.html")
            try await network.expectSuccess("deploy", network.folder + "/site", "--name", "shop", "--key", key)
            try await eventually("the new owner's release is served") {
                try await network.request(node, host: "shop", "/").text == "two"
            }
        }
    }

    /// The names that a key's account owns.
    private func names(_ network: TestNetwork, key: String? = nil) async throws -> [String] {
        let list: NameList = try await network.run(
            ["names", "list", "--mine", "--json"] + (key.map { ["--key", $0] } ?? [])
        ).json()
        return list.names.map(\.name)
    }

    @Test("A release is tried out by a share of the visitors, promoted, and taken back; a domain is bound")
    func promote() async throws {
        try await TestNetwork.with(nodes: 2) { network in
            for text in ["one", "two"] {
                try network.write(text, to: "site/index.html")
                _ = try await network.deploy(network.folder + "/site", "app")
            }
            var info: NameInfo = try await network.expectSuccess("releases", "list", "app", "--json").json()
            let (first, second) = (info.releases[0].id, info.releases[1].id)
            #expect(info.live == second)

            try await network.expectSuccess("promote", "app", first, "--percent", "25")
            info = try await network.expectSuccess("releases", "list", "app", "--json").json()
            #expect(info.live == second)
            #expect(info.candidate == first)
            #expect(info.releases.map(\.percent) == [25, 75])
            #expect(try await network.expectSuccess("releases", "list", "app").output.contains("live, 75%"))

            try await network.expectSuccess("releases", "rollback", "app")
            info = try await network.expectSuccess("releases", "list", "app", "--json").json()
            #expect(info.candidate == nil)
            #expect(info.live == second)
            try await network.expectSuccess("promote", "app", first)
            info = try await network.expectSuccess("releases", "list", "app", "--json").json()
            #expect(info.live == first)
            try await network.expectFailure("promote", "app", first, "--percent", "101", saying: "1 to 100")

            try await network.expectFailure("domains", "add", "Shop.example.org", "app", saying: "Usage")
            #expect(try await network.expectSuccess("domains", "list", "app").output.contains("DOMAIN"))
        }
    }
}
