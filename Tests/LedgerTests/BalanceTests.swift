import Identity
import Testing

@testable import Ledger

/// Units: who may move and make them, and that none is lost.
@Suite struct BalanceTests {
    private func transfer(_ key: SigningKey, _ amount: UInt64) -> LedgerAction {
        .transfer(to: key.publicKey.account, amount: amount)
    }

    @Test func theGenesisCountsItsUnits() throws {
        let world = try World()
        #expect(world.state.supply == 2_000_000)
        #expect(world.balance(world.alice) == 1_000_000)
        #expect(world.state.audit().problems == [])
    }

    @Test func transfersMoveUnits() throws {
        var world = try World()
        #expect(try world.refusal(transfer(world.bob, 400_000), by: world.alice) == nil)
        #expect(world.balance(world.alice) == 600_000)
        #expect(world.balance(world.bob) == 1_400_000)
        #expect(try world.refusal(transfer(world.bob, 600_001), by: world.alice) == .insufficientBalance)
        #expect(try world.refusal(transfer(world.bob, .max), by: world.alice) == .insufficientBalance)
        #expect(try world.refusal(transfer(world.bob, 0), by: world.alice) == .badAmount)
        #expect(try world.refusal(transfer(world.alice, 1), by: world.alice) == .selfTransfer)
        #expect(try world.refusal(transfer(world.bob, 1), by: world.helper, as: .node) == .notAuthorised)
        #expect(try world.refusal(transfer(world.bob, 600_000), by: world.alice) == nil)
        #expect(world.balance(world.alice) == 0)
        #expect(world.state.audit().problems == [])
    }

    @Test func theFirstTransferMakesAnAccount() throws {
        var world = try World { $0.accounts = 3 }
        #expect(try world.refusal(transfer(world.bob, 1), by: world.stranger) == .unknownSigner)
        #expect(try world.refusal(transfer(world.stranger, 10), by: world.alice) == nil)
        #expect(try world.refusal(transfer(try World.key(9), 10), by: world.alice) == .limitReached)
        #expect(try world.refusal(transfer(world.bob, 4), by: world.stranger) == nil)
        #expect(world.balance(world.stranger) == 6)
        #expect(world.state.accounts.count == 3)
    }

    @Test func mintingIsForGovernorsOfDevelopmentNetworks() throws {
        var world = try World()
        let room = NetworkParameters.maxUnits - 2_000_000
        let bob = world.bob.publicKey.account
        #expect(try world.refusal(.mint(to: bob, amount: 5), by: world.bob) == .notAuthorised)
        #expect(try world.refusal(.mint(to: bob, amount: 5), by: world.helper, as: .node) == .notAuthorised)
        #expect(try world.refusal(.mint(to: bob, amount: 0), by: world.alice) == .badAmount)
        #expect(try world.refusal(.mint(to: bob, amount: room + 1), by: world.alice) == .badAmount)
        #expect(try world.refusal(.mint(to: bob, amount: .max), by: world.alice) == .badAmount)
        #expect(try world.refusal(.mint(to: bob, amount: room), by: world.alice) == nil)
        #expect(world.state.supply == NetworkParameters.maxUnits)
        #expect(try world.refusal(.mint(to: bob, amount: 1), by: world.alice) == .badAmount)
        #expect(try world.refusal(transfer(world.alice, world.balance(world.bob)), by: world.bob) == nil)
        #expect(world.state.audit().problems == [])

        let sober = try Genesis(
            networkName: "sober", timeMilliseconds: 0, accounts: world.genesis.accounts, nodes: world.genesis.nodes,
            sequencers: world.genesis.sequencers, governors: world.genesis.governors)
        var state = LedgerState(genesis: sober)
        let mint = try TransactionBuilder(networkID: sober.networkID, key: world.alice)
            .sign(.mint(to: bob, amount: 1), nonce: 1)
        #expect(state.execute(mint, timeMilliseconds: 0).refusal?.code == .unsupported)
    }

    @Test func appliedTransactionsOfAccountsCostTheFee() throws {
        var world = try World { $0.transactionFee = 100 }
        let helper = world.helper.publicKey.node
        #expect(try world.refusal(transfer(world.bob, 999_901), by: world.alice) == .insufficientBalance)
        #expect(try world.refusal(transfer(world.bob, 999_850), by: world.alice) == nil)
        #expect(world.balance(world.alice) == 50)
        #expect(world.state.treasury == 100)
        #expect(try world.refusal(.claimName(AppName(checking: "a")), by: world.alice) == .insufficientBalance)
        // Nodes are free, and so is what could lower the fee.
        let endpoint = try Endpoint(host: "h", port: 1)
        let update = LedgerAction.updateNode(helper, peer: endpoint, gateway: nil)
        #expect(try world.refusal(update, by: world.helper, as: .node) == nil)
        #expect(try world.refusal(update, by: world.helper, as: .node) == .alreadyDone)
        let lower = LedgerAction.changeParameter(.value(name: "transaction_fee", 50))
        #expect(try world.refusal(lower, by: world.alice) == nil)
        #expect(try world.refusal(.claimName(AppName(checking: "a")), by: world.alice) == nil)
        #expect(world.balance(world.alice) == 0)
        #expect(world.state.treasury == 150)
        #expect(world.state.audit().problems == [])
    }

    @Test func aStrangerWithoutUnitsCannotPayAFee() throws {
        var world = try World { parameters in
            parameters.openAccounts = true
            parameters.transactionFee = 1
        }
        #expect(try world.refusal(.claimName(AppName(checking: "a")), by: world.stranger) == .insufficientBalance)
        #expect(world.state.accounts.count == 2)
    }

    @Test func namesCostTheirFee() throws {
        var world = try World { $0.nameFee = 600_000 }
        #expect(try world.refusal(.claimName(AppName(checking: "a")), by: world.alice) == nil)
        #expect(world.state.treasury == 600_000)
        #expect(try world.refusal(.claimName(AppName(checking: "b")), by: world.alice) == .insufficientBalance)
        #expect(world.state.audit().problems == [])
    }

    @Test func anAuditFindsWhatIsWrong() throws {
        var world = try World()
        world.state.chain.supply += 1
        #expect(world.state.audit().problems.count == 1)
        var record = try #require(world.state.account(world.alice.publicKey.account))
        record.balance += 1
        record.nameCount += 1
        world.state.accountTable.put(record)
        #expect(world.state.audit().problems.count == 1)
        record.balance = .max
        world.state.accountTable.put(record)
        #expect(world.state.audit().problems.count == 3)
    }
}
