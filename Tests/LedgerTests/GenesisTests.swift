import Foundation
import Identity
import Ledger
import Testing

@Suite struct GenesisTests {
    @Test func survivesItsBytes() throws {
        let genesis = try World().genesis
        let read = try Genesis(decoding: genesis.bytes)
        #expect(read == genesis)
        #expect(read.networkID == genesis.networkID)
        #expect(LedgerState(genesis: read).root == LedgerState(genesis: genesis).root)
    }

    @Test func theOrderOfTheListsDoesNotMatter() throws {
        let genesis = try World().genesis
        let other = try Genesis(
            networkName: genesis.networkName, timeMilliseconds: genesis.timeMilliseconds,
            parameters: genesis.parameters, accounts: genesis.accounts.reversed(), nodes: genesis.nodes.reversed(),
            sequencers: genesis.sequencers, governors: genesis.governors,
            isDevelopment: genesis.isDevelopment)
        #expect(other.networkID == genesis.networkID)
    }

    @Test func everythingIsAPartOfTheNetworkID() throws {
        let ids = try [
            World().genesis, World { $0.replicas = 3 }.genesis, World { $0.openAccounts = true }.genesis,
            World { $0.releasesKeptPerName = 5 }.genesis,
        ].map(\.networkID)
        #expect(Set(ids).count == ids.count)
    }

    @Test func operatorsBecomeAccounts() throws {
        let world = try World()
        let state = world.state
        #expect(state.accounts.count == 2)
        #expect(state.account(world.alice.publicKey.account)?.nodeCount == 1)
        #expect(state.node(world.sequencer.publicKey.node)?.operatorAccount == world.alice.publicKey.account)
        #expect(state.nodes.map(\.id) == state.nodes.map(\.id).sorted())
        #expect(state.sequence == 0)
        #expect(state.headHash == world.genesis.networkID.digest)
    }

    @Test func refusesWhatCannotStartANetwork() throws {
        let world = try World()
        let genesis = world.genesis
        func make(
            name: String = "test", time: Int64 = 0, accounts: [GenesisAccount] = [], nodes: [GenesisNode]? = nil,
            sequencers: [NodeID]? = nil
        ) throws {
            _ = try Genesis(
                networkName: name, timeMilliseconds: time, accounts: accounts, nodes: nodes ?? genesis.nodes,
                sequencers: sequencers ?? genesis.sequencers)
        }
        try make()
        #expect(throws: LedgerError.self) { try make(name: "") }
        #expect(throws: LedgerError.self) { try make(name: String(repeating: "n", count: 64)) }
        #expect(throws: LedgerError.self) { try make(time: -1) }
        #expect(throws: LedgerError.self) { try make(accounts: [genesis.accounts[0], genesis.accounts[0]]) }
        #expect(throws: LedgerError.self) { try make(nodes: [genesis.nodes[0], genesis.nodes[0]]) }
        #expect(throws: LedgerError.self) { try make(nodes: []) }
        #expect(throws: LedgerError.self) { try make(sequencers: [world.stranger.publicKey.node]) }
        #expect(throws: LedgerError.self) { try World { $0.releasesKeptPerName = 2 } }
        #expect(throws: LedgerError.self) { try World { $0.transactionBytes = 262_145 } }
        #expect(throws: LedgerError.self) { try World { $0.replicas = 0 } }
    }

    @Test func refusesOtherBytesOfTheSame() throws {
        let bytes = try World().genesis.bytes
        // An unknown field 1000 with the value 0.
        #expect(throws: LedgerError.self) { try Genesis(decoding: bytes + [0xc0, 0x3e, 0x00]) }
        #expect(throws: LedgerError.self) { try Genesis(decoding: Data()) }
        #expect(throws: LedgerError.self) { try Genesis(decoding: Data(bytes.dropLast())) }
    }
}
