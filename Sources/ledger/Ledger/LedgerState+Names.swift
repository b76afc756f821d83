import Blake3
import Foundation
import Identity

extension LedgerState {
    mutating func performOnName(
        _ transaction: SignedTransaction, _ timeMilliseconds: Int64
    ) throws(LedgerError) -> ReleaseID? {
        let account = try requireAccount(transaction.signer)
        switch transaction.action {
        case .claimName(let name): try claim(name, account)
        case .transferName(let name, let owner): try transfer(name, from: account, to: owner)
        case .publishRelease(let name, let release):
            return try publish(release, name, account, nonce: transaction.nonce, timeMilliseconds)
        case .promoteRelease(let name, let release, let percent): try promote(name, release, percent, account)
        case .rollBack(let name, let release): try rollBack(name, to: release, account)
        case .bindDomain(let domain, let name?): try bind(domain, to: name, account)
        case .bindDomain(let domain, nil): try unbind(domain, account)
        default: throw LedgerError(.unsupported, "This is nothing that is done to names; update the node")
        }
        return nil
    }

    mutating func claim(_ name: AppName, _ claimant: AccountID) throws(LedgerError) {
        guard !name.isReserved else {
            throw LedgerError(.reservedName, "The name \(name) is reserved; choose another")
        }
        if let record = self.name(name) {
            let whose = record.owner == claimant ? "is yours already" : "belongs to another account; choose another"
            throw LedgerError(.nameTaken, "The name \(name) \(whose)")
        }
        var record = try counting(name: 1, try existing(claimant))
        try spend(parameters.nameFee, from: &record, for: "the name")
        accountTable.put(record)
        chain.treasury = try adding(parameters.nameFee, to: chain.treasury)
        nameTable.put(NameRecord(name: name, owner: claimant, claimedSequence: sequence &+ 1))
    }

    mutating func transfer(_ name: AppName, from account: AccountID, to owner: AccountID) throws(LedgerError) {
        var record = try owned(name, account)
        guard self.account(owner) != nil || parameters.openAccounts else {
            throw LedgerError(.unknownAccount, "The account \(owner) is not on this network; check the id")
        }
        accountTable.put(try counting(name: -1, try existing(account)))
        accountTable.put(try counting(name: 1, try existingOrNew(owner)))
        record.owner = owner
        nameTable.put(record)
    }

    mutating func publish(
        _ release: NewRelease, _ name: AppName, _ account: AccountID, nonce: UInt64, _ timeMilliseconds: Int64
    ) throws(LedgerError) -> ReleaseID {
        var record = try owned(name, account)
        try check(release)
        let id = ReleaseID(name: name, manifest: release.manifest, publisher: account, nonce: nonce)
        guard self.release(id, of: name) == nil else {
            throw LedgerError(.releaseExists, "The name \(name) has a release \(id) already; use another nonce")
        }
        if record.releases.count >= Int(parameters.releasesKeptPerName) {
            guard let dropped = record.dropOldestRelease() else {
                throw LedgerError(
                    .limitReached,
                    "The name \(name) keeps \(record.releases.count) releases, all in use; end its try-out first")
            }
            releaseTable.remove(ReleaseRecord.path(name, dropped))
        }
        record.releases.append(id)
        nameTable.put(record)
        releaseTable.put(
            ReleaseRecord(
                name: name, id: id, kind: release.kind, manifest: release.manifest,
                manifestByteCount: release.manifestByteCount, message: release.message, settings: release.settings,
                publisher: account, publishedMilliseconds: timeMilliseconds, publishedSequence: sequence &+ 1,
                sizeClass: release.sizeClass, replicas: release.replicas, secretsEnvelope: release.secretsEnvelope))
        return id
    }

    mutating func promote(
        _ name: AppName, _ release: ReleaseID, _ percent: UInt8, _ account: AccountID
    ) throws(LedgerError) {
        var record = try owned(name, account)
        try require(release, of: name)
        if percent >= 100 {
            record.promote(release, limit: Int(parameters.releasesKeptPerName))
        } else {
            guard let live = record.live else {
                throw LedgerError(
                    .noLiveRelease,
                    "No release of \(name) is live, so nobody could get another; promote one fully first")
            }
            guard release != live else {
                throw LedgerError(.alreadyDone, "The release \(release) is live for everybody already")
            }
            record.candidate = NameRecord.Candidate(release: release, percent: percent)
        }
        nameTable.put(record)
    }

    mutating func rollBack(_ name: AppName, to release: ReleaseID?, _ account: AccountID) throws(LedgerError) {
        var record = try owned(name, account)
        if release == nil, record.candidate != nil {
            record.candidate = nil
            nameTable.put(record)
            return
        }
        guard let target = release ?? record.previous else {
            throw LedgerError(
                .nothingToRollBackTo, "No release of \(name) was live before the present one; name one to promote")
        }
        try require(target, of: name)
        record.candidate = nil
        let isBack = release == nil ? record.rollBackOnce() : record.rollBack(to: target)
        if !isBack { record.promote(target, limit: Int(parameters.releasesKeptPerName)) }
        nameTable.put(record)
    }

    func owned(_ name: AppName, _ account: AccountID) throws(LedgerError) -> NameRecord {
        guard let record = self.name(name) else {
            throw LedgerError(.unknownName, "Nobody claimed the name \(name); claim it first")
        }
        guard record.owner == account else {
            throw LedgerError(
                .notAuthorised, "The name \(name) belongs to \(record.owner); only that account may change it")
        }
        return record
    }

    private func require(_ release: ReleaseID, of name: AppName) throws(LedgerError) {
        guard self.release(release, of: name) != nil else {
            throw LedgerError(
                .unknownRelease,
                "The name \(name) has no release \(release); the ledger keeps "
                    + "\(parameters.releasesKeptPerName) of a name")
        }
    }

    private func check(_ release: NewRelease) throws(LedgerError) {
        guard release.manifestByteCount <= parameters.manifestBytes else {
            throw LedgerError(
                .tooLarge,
                "The manifest has \(release.manifestByteCount) bytes; this network allows \(parameters.manifestBytes)")
        }
        guard release.message.utf8.count <= NetworkParameters.messageByteCount else {
            throw LedgerError(
                .tooLarge,
                "The message has \(release.message.utf8.count) bytes; \(NetworkParameters.messageByteCount) fit")
        }
        guard release.settings.count <= Int(parameters.settingsBytes) else {
            throw LedgerError(
                .tooLarge,
                "The settings have \(release.settings.count) bytes; this network allows \(parameters.settingsBytes)")
        }
        guard release.replicas <= NewRelease.maxReplicas else {
            throw LedgerError(
                .tooLarge, "The release asks for \(release.replicas) copies; at most \(NewRelease.maxReplicas) are made"
            )
        }
    }

    /// The account with a name more or less.
    private func counting(name change: Int, _ record: AccountRecord) throws(LedgerError) -> AccountRecord {
        var record = record
        if change > 0 {
            guard record.nameCount < UInt64(parameters.namesPerAccount) else {
                throw LedgerError(
                    .limitReached, "The account \(record.id) owns \(record.nameCount) names; it may own no more")
            }
            record.nameCount += 1
        } else {
            record.nameCount -= min(1, record.nameCount)
        }
        return record
    }
}
