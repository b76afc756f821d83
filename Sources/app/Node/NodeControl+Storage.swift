import BlobStore
import ControlAPI
import ControlModel
import Exchange
import Foundation
import Identity
import Manifests
import NIOCore

/// What the operator does with this node's blobs.
extension NodeControl {
    /// One step of a verification reads about so much before it answers.
    private static let verifyStepBytes = 256 << 20
    /// Missing blobs that one step asks peers for; each may take seconds.
    private static let verifyStepSearches = 4
    /// Blobs that one pin request fetches at once.
    private static let parallelFetches = 8

    func blobs(after: BlobID?, limit: Int, isPinned: Bool?) async throws -> BlobPage {
        let rows = try NodeControl.explain { try store.listing(after: after, limit: limit, isPinned: isPinned) }
        let blobs = rows.map { row in
            BlobRow(
                id: row.id.description, isMissing: row.stat == nil, byteCount: row.stat?.byteCount,
                pinnedBy: row.pinOwners.map(\.description), referenceCount: row.referenceCount,
                storedMilliseconds: row.stat?.createdAtMilliseconds, usedMilliseconds: row.usedAtMilliseconds)
        }
        return BlobPage(blobs: blobs, next: rows.count == limit ? blobs.last?.id : nil)
    }

    func fetch(of id: BlobID) -> FetchInfo? {
        guard let progress = exchange.progress(of: id) else { return nil }
        return FetchInfo(
            byteCount: progress.byteCount, heldBytes: progress.heldBytes,
            providers: progress.providers.map { provider in
                FetchInfo.Provider(
                    node: provider.node.description, bytes: provider.receivedBytes,
                    bytesPerSecond: provider.rate ?? 0, state: provider.standing.rawValue)
            })
    }

    // MARK: Pins

    func pin(_ ids: [BlobID], asFolders: Bool, by account: AccountID) async throws -> PinReport {
        let owner = try NodeControl.owner(account)
        do {
            // Pinned first: what arrives must not be evicted before the last one is here.
            try await store.pin(ids, by: owner)
            try await fetch(ids)
            if asFolders { for id in ids { try await fetchFolder(id) } }
        } catch {
            throw NodeControl.explained(error)
        }
        return PinReport(owner: owner.description, changed: Set(ids).count)
    }

    private func fetch(_ ids: [BlobID]) async throws {
        let missing = try store.missing(from: ids)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, id) in missing.enumerated() {
                if index >= NodeControl.parallelFetches { try await group.next() }
                group.addTask { try await exchange.fetchWhole(id) }
            }
            try await group.waitForAll()
        }
    }

    private func fetchFolder(_ id: BlobID) async throws {
        let bytes = try await store.readAll(id, limit: ManifestLimits.maxManifestBytes)
        guard let manifest = try? Manifest(decoding: Data(bytes.readableBytesView)) else {
            throw ControlFailure(
                status: 400, code: "blob/no-folder",
                message: "The blob \(id) is no manifest of a folder; pin it without --folder")
        }
        // Named first, for the same reason.
        try await store.setReferences(of: id, to: manifest.blobs)
        try await fetch(manifest.blobs)
    }

    func unpin(_ ids: [BlobID], by account: AccountID) async throws -> PinReport {
        let owner = try NodeControl.owner(account)
        do {
            return PinReport(owner: owner.description, changed: try await store.unpin(ids, by: owner))
        } catch {
            throw NodeControl.explained(error)
        }
    }

    private static func owner(_ account: AccountID) throws -> PinOwner {
        guard let owner = PinOwner("account:\(account)") else {
            throw ControlFailure(status: 400, code: "control/bad-account", message: "The account cannot own pins")
        }
        return owner
    }

    // MARK: Collecting and checking

    func collect(_ request: CollectionRequest) async throws -> CollectionInfo {
        do {
            let report = try await store.collect(
                CollectionPolicy(minimumAge: .seconds(request.minimumAgeSeconds), isDryRun: request.isDryRun))
            return CollectionInfo(
                blobs: report.removedBlobs, bytes: report.removedBytes, partials: report.removedPartials,
                strayFiles: report.strayFiles, keptBlobs: report.keptBlobs, keptBytes: report.keptBytes,
                youngBlobs: report.youngBlobs, youngBytes: report.youngBytes)
        } catch {
            throw NodeControl.explained(error)
        }
    }

    func verify(_ ids: [BlobID], after: BlobID?, repair: Bool) async throws -> VerificationInfo {
        var info = VerificationInfo(blobs: 0, bytes: 0, damaged: [], next: nil)
        do {
            if !ids.isEmpty {
                for id in ids { try await verify(id, repair, &info) }
                return info
            }
            var searches = 0
            for row in try store.listing(after: after, limit: VerificationRequest.maxCount) {
                if row.stat == nil {
                    await lookFor(row.id, repair, &info)
                    searches += repair ? 1 : 0
                } else {
                    try await verify(row.id, repair, &info)
                }
                info.next = row.id.description
                if info.bytes >= NodeControl.verifyStepBytes || searches >= NodeControl.verifyStepSearches {
                    return info
                }
            }
            // Fewer than a page, or nothing behind it: the end.
            let isLast =
                try info.next.flatMap(BlobID.init).map { try store.listing(after: $0, limit: 1).isEmpty } ?? true
            if isLast { info.next = nil }
            return info
        } catch {
            throw NodeControl.explained(error)
        }
    }

    /// A protected blob that is not here.
    private func lookFor(_ id: BlobID, _ repair: Bool, _ info: inout VerificationInfo) async {
        info.blobs += 1
        let isRepaired = repair ? await repairer.repairMissing(id) : false
        info.damaged.append(
            .init(
                id: id.description, reason: "it is to be kept here and is not: lost, or no peer gave it yet",
                isRepaired: isRepaired))
    }

    private func verify(_ id: BlobID, _ repair: Bool, _ info: inout VerificationInfo) async throws {
        let reason: String
        info.blobs += 1
        do {
            switch try await store.verify(id) {
            case .whole(let byteCount):
                info.bytes += byteCount
                return
            case .damaged(let why): reason = why
            case .absent: reason = "it is not stored here"
            }
        } catch let error as BlobStoreError where error.code != .closed {
            // It stays, so there is nothing to fetch; the blobs behind it are looked at all the same.
            info.damaged.append(
                .init(id: id.description, reason: "it could not be read: \(error.message)", isRepaired: false))
            return
        }
        let isRepaired = repair ? await repairer.repair(id) : false
        info.damaged.append(.init(id: id.description, reason: reason, isRepaired: isRepaired))
    }
}
