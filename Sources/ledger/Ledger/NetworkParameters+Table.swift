extension NetworkParameters {
    /// A parameter as a number: how it is called, what it may be, and where it is kept.
    private struct Entry: Sendable {
        let name: String
        /// What a genesis may hold.
        let range: ClosedRange<UInt64>
        /// What it may be set to: a network that began with less, before there was this limit, goes on with it.
        let settable: ClosedRange<UInt64>
        let read: @Sendable (NetworkParameters) -> UInt64
        /// Nil from ``write`` stands for a number that the parameter cannot hold.
        let write: @Sendable (inout NetworkParameters, UInt64) -> Void?

        init(
            _ name: String, _ path: any WritableKeyPath<NetworkParameters, UInt32> & Sendable,
            _ range: ClosedRange<UInt64>
        ) {
            self.name = name
            self.range = range
            settable = range
            read = { UInt64($0[keyPath: path]) }
            write = { parameters, value in UInt32(exactly: value).map { parameters[keyPath: path] = $0 } }
        }

        init(
            _ name: String, _ path: any WritableKeyPath<NetworkParameters, UInt64> & Sendable,
            _ range: ClosedRange<UInt64>, settableFrom least: UInt64? = nil
        ) {
            self.name = name
            self.range = range
            settable = (least ?? range.lowerBound)...range.upperBound
            read = { $0[keyPath: path] }
            write = { $0[keyPath: path] = $1 }
        }

        init(
            _ name: String, _ range: ClosedRange<UInt64>, read: @escaping @Sendable (NetworkParameters) -> UInt64,
            write: @escaping @Sendable (inout NetworkParameters, UInt64) -> Void?
        ) {
            self.name = name
            self.range = range
            settable = range
            self.read = read
            self.write = write
        }
    }

    private static let entries: [Entry] = [
        Entry("transaction_bytes", \.transactionBytes, 1_024...UInt64(SignedTransaction.maxPlainByteCount)),
        Entry("releases_kept_per_name", \.releasesKeptPerName, 3...1_024),
        Entry("names_per_account", \.namesPerAccount, 0...1_000_000),
        Entry("nodes_per_account", \.nodesPerAccount, 0...1_000_000),
        Entry("settings_bytes", \.settingsBytes, 0...UInt64(SignedTransaction.maxPlainByteCount)),
        Entry("manifest_bytes", \.manifestBytes, 1...(1 << 32)),
        Entry("replicas", \.replicas, 1...64),
        Entry("open_accounts", 0...1, read: { $0.openAccounts ? 1 : 0 }, write: { $0.openAccounts = $1 == 1 }),
        Entry("accounts", \.accounts, 0...(1 << 40)),
        Entry(
            "door", 1...UInt64(AdmissionDoor.allCases.count), read: { UInt64($0.door.code) },
            write: { parameters, code in AdmissionDoor(code: code).map { parameters.door = $0 } }),
        Entry("minimum_stake", \.minimumStake, 0...maxUnits),
        Entry("transaction_fee", \.transactionFee, 0...maxUnits),
        Entry("name_fee", \.nameFee, 0...maxUnits),
        Entry("domains_per_name", \.domainsPerName, 0...10_000),
        Entry("unstake_lock_epochs", \.unstakeLockEpochs, 1...100_000),
        Entry("epoch_ms", \.epochMilliseconds, 1_000...(1 << 40)),
        Entry("committee_size", \.committeeSize, 4...1_000),
        Entry("whole_committee_up_to", \.wholeCommitteeUpTo, 4...1_000),
        Entry("beacon_restarts", \.beaconRestarts, 0...16),
        Entry("barred_epochs", \.barredEpochs, 0...100_000),
        Entry("beacon_penalty", \.beaconPenalty, 0...maxUnits),
        Entry("fault_penalty_permille", \.faultPenaltyPermille, 0...1_000),
        Entry("checkpoint_entries", \.checkpointEntries, 1...1_000_000),
        Entry("checkpoint_ms", \.checkpointMilliseconds, 100...(1 << 40)),
        Entry(
            "channel_grace_ms", \.channelGraceMilliseconds, 0...(1 << 40), settableFrom: leastChannelGraceMilliseconds),
        Entry("channel_steps_per_reveal", \.channelStepsPerReveal, 1...1_048_576),
        Entry("observers_per_node", \.observersPerNode, 1...1_000),
        Entry("settlement_bytes", \.settlementBytes, 0...UInt64(SignedTransaction.maxProvenByteCount)),
        Entry("nodes_pay", 0...1, read: { $0.nodesPay ? 1 : 0 }, write: { $0.nodesPay = $1 == 1 }),
        Entry("free_units", \.freeUnits, 0...(1 << 40)),
    ]

    /// The names of all parameters, as in the genesis' encoding; see ``value(of:)``.
    public static var names: [String] { entries.map(\.name) }

    /// A parameter as a number: switches are 0 or 1, the door is 1 (open), 2 (allowlist) or 3 (attested). Nil for a name
    /// that is none.
    public func value(of name: String) -> UInt64? {
        NetworkParameters.entries.first { $0.name == name }?.read(self)
    }

    /// Changes a parameter by its name.
    ///
    /// - Throws: `.badParameter` for a name that is none or a value out of its range; nothing is changed then.
    public mutating func set(_ name: String, to value: UInt64) throws(LedgerError) {
        guard let entry = NetworkParameters.entries.first(where: { $0.name == name }) else {
            throw LedgerError(
                .badParameter,
                "No parameter is called \"\(name.prefix(64))\"; there are \(NetworkParameters.names.joined(separator: ", "))"
            )
        }
        var changed = self
        if entry.settable.contains(value) { entry.write(&changed, value) }
        if !entry.settable.contains(value) || entry.read(changed) != value {
            throw NetworkParameters.outOfRange(entry.name, value, entry.settable, .badParameter)
        }
        try changed.checkSettings(.badParameter)
        self = changed
    }

    /// - Throws: `.badGenesis` for a value out of its range.
    func validate() throws(LedgerError) {
        for entry in NetworkParameters.entries where !entry.range.contains(entry.read(self)) {
            throw NetworkParameters.outOfRange(entry.name, entry.read(self), entry.range, .badGenesis)
        }
        try checkSettings(.badGenesis)
    }

    /// A release's settings travel in a transaction.
    private func checkSettings(_ code: LedgerError.Code) throws(LedgerError) {
        guard settingsBytes <= transactionBytes else {
            throw LedgerError(
                code,
                "The parameter settings_bytes is \(settingsBytes); it must not be above transaction_bytes, which is "
                    + "\(transactionBytes)")
        }
    }

    private static func outOfRange(
        _ name: String, _ value: UInt64, _ range: ClosedRange<UInt64>, _ code: LedgerError.Code
    ) -> LedgerError {
        LedgerError(code, "The parameter \(name) is \(value); it must be \(range.lowerBound) to \(range.upperBound)")
    }
}
