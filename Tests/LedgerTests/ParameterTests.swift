import Identity
import Testing

@testable import Ledger

@Suite struct ParameterTests {
    private func change(_ name: String, _ value: UInt64) -> LedgerAction {
        .changeParameter(.value(name: name, value))
    }

    @Test func onlyGovernorsChangeThem() throws {
        var world = try World()
        #expect(try world.refusal(change("replicas", 3), by: world.bob) == .notAuthorised)
        #expect(try world.refusal(change("replicas", 3), by: world.sequencer, as: .node) == .notAuthorised)
        #expect(try world.refusal(change("replicas", 3), by: world.alice) == nil)
        #expect(world.state.parameters.replicas == 3)
        #expect(world.genesis.parameters.replicas == 2)
    }

    /// Every parameter's range, as the documentation of ``NetworkParameters`` has it.
    private static let ranges: [(String, ClosedRange<UInt64>)] = [
        ("transaction_bytes", 16_384...262_144), ("releases_kept_per_name", 3...1_024),
        ("names_per_account", 0...1_000_000), ("nodes_per_account", 0...1_000_000), ("settings_bytes", 0...65_536),
        ("manifest_bytes", 1...4_294_967_296), ("replicas", 1...64), ("open_accounts", 0...1),
        ("accounts", 0...1_099_511_627_776), ("door", 1...3), ("minimum_stake", 0...9_223_372_036_854_775_807),
        ("transaction_fee", 0...9_223_372_036_854_775_807), ("name_fee", 0...9_223_372_036_854_775_807),
        ("domains_per_name", 0...10_000), ("unstake_lock_epochs", 1...100_000), ("epoch_ms", 1_000...1_099_511_627_776),
        ("committee_size", 4...1_000), ("whole_committee_up_to", 4...1_000), ("beacon_restarts", 0...16),
        ("barred_epochs", 0...100_000), ("beacon_penalty", 0...9_223_372_036_854_775_807),
        ("fault_penalty_permille", 0...1_000), ("checkpoint_entries", 1...1_000_000),
        ("checkpoint_ms", 100...1_099_511_627_776), ("channel_grace_ms", 60_000...1_099_511_627_776),
        ("channel_steps_per_reveal", 1...1_048_576), ("observers_per_node", 1...1_000),
        ("settlement_bytes", 0...454_656), ("nodes_pay", 0...1), ("free_units", 0...1_099_511_627_776),
    ]

    @Test func everyNameAtItsLimitsAndOnePast() throws {
        #expect(ParameterTests.ranges.map(\.0) == NetworkParameters.names)
        for (name, range) in ParameterTests.ranges {
            var world = try World()
            for value in [range.lowerBound, range.upperBound] {
                #expect(try world.refusal(change(name, value), by: world.alice) == nil, "\(name) \(value)")
                #expect(world.state.parameters.value(of: name) == value)
                #expect(throws: Never.self) { try world.state.parameters.validate() }
            }
            let before = world.state.parameters
            for value in [range.lowerBound &- 1, range.upperBound + 1, .max, 1 << 32] where !range.contains(value) {
                let code = try world.refusal(change(name, value), by: world.alice)
                #expect(code == .badParameter, "\(name) \(value)")
            }
            #expect(world.state.parameters == before)
        }
    }

    @Test func unknownNames() throws {
        var world = try World()
        for name in ["", "Replicas", "replica", "fee\u{0}", String(repeating: "x", count: 9_999)] {
            #expect(try world.refusal(change(name, 1), by: world.alice) == .badParameter)
            #expect(world.state.parameters.value(of: name) == nil)
        }
    }

    @Test func aGenesisMayHaveLessGraceThanAnybodyMaySet() throws {
        var world = try World { $0.channelGraceMilliseconds = 0 }
        #expect(try world.refusal(change("channel_grace_ms", 0), by: world.alice) == .badParameter)
        #expect(try world.refusal(change("replicas", 3), by: world.alice) == nil)
        #expect(world.state.parameters.channelGraceMilliseconds == 0)
    }

    @Test func settingsFitATransaction() throws {
        var world = try World()
        #expect(try world.refusal(change("settings_bytes", 65_537), by: world.alice) == .badParameter)
        #expect(try world.refusal(change("transaction_bytes", 16_383), by: world.alice) == .badParameter)
        #expect(throws: LedgerError.self) { try World { $0.settingsBytes = 65_537 } }
    }

    @Test func whatIsChangedHoldsAtOnce() throws {
        var world = try World()
        let name = try AppName(checking: "a")
        try world.run(change("names_per_account", 0), by: world.alice)
        #expect(try world.refusal(.claimName(name), by: world.alice) == .limitReached)
        try world.run(change("names_per_account", 1), by: world.alice)
        #expect(try world.refusal(.claimName(name), by: world.alice) == nil)
    }
}
