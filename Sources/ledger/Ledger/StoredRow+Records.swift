import Blake3
import Foundation
import Identity

extension AccountRecord: StoredRow {
    init(path: Digest, decoder: inout RowDecoder) throws(LedgerError) {
        self.init(AccountID(path))
        nonce = try decoder.uint64()
        balance = try decoder.uint64()
        nameCount = try decoder.uint64()
        nodeCount = try decoder.uint64()
        channelCount = try decoder.uint64()
    }
}

extension NodeRecord: StoredRow {
    init(path: Digest, decoder: inout RowDecoder) throws(LedgerError) {
        let key = try decoder.publicKey()
        let operatorAccount = AccountID(try decoder.digest())
        guard let peer = try decoder.endpoint() else {
            throw LedgerError(.malformed, "The row of node \(key.node.short) has no endpoint for peers")
        }
        let gateway = try decoder.endpoint()
        let nonce = try decoder.uint64()
        self.init(
            id: key.node, publicKey: key, operatorAccount: operatorAccount, peer: peer, gateway: gateway, nonce: nonce,
            registeredSequence: try decoder.uint64())
        stake = try decoder.uint64()
        for _ in 0..<(try decoder.count(elementByteCount: 24)) {
            unstaking.append(
                Unstaking(
                    amount: try decoder.uint64(), releaseEpoch: try decoder.uint64(),
                    sequence: try decoder.uint64()))
        }
        participation = try Participation(decoder: &decoder)
        barredUntilEpoch = try decoder.uint64()
        standing = try NodeStanding(decoder: &decoder)
        try decodeParts(&decoder)
    }
}

extension NodeRecord.Participation {
    fileprivate init(decoder: inout RowDecoder) throws(LedgerError) {
        let kind = try decoder.byte()
        let epoch = try decoder.uint64()
        switch kind {
        case 0: self = .never
        case 1: self = .since(epoch: epoch)
        case 2: self = .left(epoch: epoch)
        default: throw LedgerError(.malformed, "A node's row has participation of kind \(kind)")
        }
    }
}

extension NameRecord: StoredRow {
    init(path: Digest, decoder: inout RowDecoder) throws(LedgerError) {
        let name = try AppName(checking: try decoder.text())
        let owner = AccountID(try decoder.digest())
        let releases = try NameRecord.releases(&decoder)
        let liveHistory = try NameRecord.releases(&decoder)
        var candidate: Candidate?
        if try decoder.bool() {
            candidate = Candidate(release: try ReleaseID(decoder: &decoder), percent: try decoder.byte())
        }
        let domainCount = try decoder.uint64()
        self.init(
            name: name, owner: owner, releases: releases, liveHistory: liveHistory, candidate: candidate,
            domainCount: domainCount, claimedSequence: try decoder.uint64())
    }

    private static func releases(_ decoder: inout RowDecoder) throws(LedgerError) -> [ReleaseID] {
        var releases: [ReleaseID] = []
        for _ in 0..<(try decoder.count(elementByteCount: ReleaseID.characterCount)) {
            releases.append(try ReleaseID(decoder: &decoder))
        }
        return releases
    }
}

extension ReleaseID {
    fileprivate init(decoder: inout RowDecoder) throws(LedgerError) {
        let text = try decoder.text()
        guard let id = ReleaseID(text) else {
            throw LedgerError(.malformed, "A row has a release id of \(text.utf8.count) bytes that is none")
        }
        self = id
    }
}

extension ReleaseRecord: StoredRow {
    init(path: Digest, decoder: inout RowDecoder) throws(LedgerError) {
        let name = try AppName(checking: try decoder.text())
        let id = try ReleaseID(decoder: &decoder)
        let code = try decoder.byte()
        guard let kind = ReleaseKind.allCases.first(where: { $0.code == code }) else {
            throw LedgerError(.malformed, "A release's row has kind \(code); is this software current?")
        }
        self.init(
            name: name, id: id, kind: kind, manifest: BlobID(try decoder.digest()),
            manifestByteCount: try decoder.uint64(), message: try decoder.text(), settings: try decoder.data(),
            publisher: AccountID(try decoder.digest()), publishedMilliseconds: try decoder.int64(),
            publishedSequence: try decoder.uint64())
        try decodeParts(&decoder)
    }
}

extension DomainRecord: StoredRow {
    init(path: Digest, decoder: inout RowDecoder) throws(LedgerError) {
        self.init(
            domain: try DomainName(checking: try decoder.text()), name: try AppName(checking: try decoder.text()),
            boundSequence: try decoder.uint64())
    }
}

extension ChannelRecord: StoredRow {
    init(path: Digest, decoder: inout RowDecoder) throws(LedgerError) {
        let id = ChannelID(try decoder.digest())
        let payer = AccountID(try decoder.digest())
        let payerKey = try decoder.publicKey()
        let payee = NodeID(try decoder.digest())
        let expires = try decoder.int64()
        let opened = try decoder.uint64()
        let deposit = try decoder.uint64()
        let settled = try decoder.uint64()
        let closing = try decoder.bool() ? try decoder.int64() : nil
        var chains: [Chain] = []
        for _ in 0..<(try decoder.count(elementByteCount: 90)) { chains.append(try Chain(decoder: &decoder)) }
        self.init(
            id: id, payer: payer, payerKey: payerKey, payee: payee, expiresMilliseconds: expires,
            openedSequence: opened, deposit: deposit, settled: settled, closingMilliseconds: closing, chains: chains)
    }
}

extension ChannelRecord.Chain {
    fileprivate init(decoder: inout RowDecoder) throws(LedgerError) {
        let code = try decoder.byte()
        guard let commodity = Commodity.allCases.first(where: { $0.code == code }) else {
            throw LedgerError(.malformed, "A channel's row has commodity \(code); is this software current?")
        }
        self.init(
            NewChannel.Chain(
                commodity: commodity, anchor: try decoder.link(), unitPrice: try decoder.uint64(),
                maxUnits: try decoder.uint64()))
        try ChannelLink.check(try decoder.byte())
        settledUnits = try decoder.uint64()
        link = try decoder.link()
        linkUnits = try decoder.uint64()
    }
}

extension AllowedMember: StoredRow {
    init(path: Digest, decoder: inout RowDecoder) throws(LedgerError) { self.init(id: try decoder.digest()) }
}

extension AnchorRecord: StoredRow {
    init(path: Digest, decoder: inout RowDecoder) throws(LedgerError) {
        self.init(anchor: try decoder.link(), channel: ChannelID(try decoder.digest()))
    }
}
