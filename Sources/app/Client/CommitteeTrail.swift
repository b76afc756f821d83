import Blake3
import Foundation
import Ledger

/// How far a verifier has followed a network: the committee that it reached, and the newest state that it proved.
struct CommitteeTrail: Sendable {
    private(set) var light: LightClient
    /// The newest checkpoint that a certificate proved.
    private(set) var newest: Checkpoint?

    /// Begins with the genesis, whose id the caller has checked.
    init(genesis: Genesis) { light = LightClient(genesis: genesis) }

    /// Follows the committees up to the one that a certificate is of, as far as `handovers` lead.
    ///
    /// A hand-over by the certificate itself is left for later, since its committee signed this certificate too.
    ///
    /// - Returns: The hand-overs that were taken.
    /// - Throws: `.wrongNetwork` or `.badCertificate`.
    mutating func follow(_ handovers: [Handover], to certificate: Certificate) throws(LedgerError) -> [Handover] {
        let target = certificate.checkpoint
        var taken: [Handover] = []
        for handover in handovers where handover.certificate.checkpoint.sequence < target.sequence {
            // What was taken before may be listed again.
            guard handover.certificate.checkpoint.sequence > light.sequence else { continue }
            try light.accept(handover)
            taken.append(handover)
        }
        return taken
    }

    /// Believes a certificate of the committee that was reached.
    ///
    /// - Throws: `LedgerError` `.wrongNetwork` or `.badCertificate`; ``ClientError`` `.wentBack` or `.forked` if it is
    ///   not the same as, or newer than, what was proved before.
    mutating func believe(_ certificate: Certificate) throws -> Checkpoint {
        try checkAge(certificate.checkpoint)
        let checkpoint = try light.verify(certificate)
        if let newest, newest.sequence == checkpoint.sequence, newest != checkpoint {
            throw ClientError(
                .forked,
                "The committee signed two states after entry \(checkpoint.sequence): \(newest.stateRoot) before, now "
                    + "\(checkpoint.stateRoot). Believe neither and ask the network's operators")
        }
        newest = checkpoint
        return checkpoint
    }

    /// - Throws: ``ClientError`` `.wentBack` for a checkpoint before the newest one.
    func checkAge(_ checkpoint: Checkpoint) throws {
        guard let newest, checkpoint.sequence < newest.sequence else { return }
        throw ClientError(
            .wentBack,
            "The node's newest certificate is of entry \(checkpoint.sequence), but the state after entry "
                + "\(newest.sequence) was proved before; ask another node")
    }
}

extension CommitteeTrail {
    /// The cache file's content.
    private struct File: Codable {
        var version = 1
        var network: String
        var committee: Data
        var epoch: UInt64
        var sequence: UInt64
        var newest: Data?
    }

    /// The cache file's size in bytes at most: a committee has 64 a member.
    private static let maxFileBytes = 1 << 20

    /// Reads what ``save(to:)`` wrote; nil if there is no file.
    ///
    /// - Throws: ``ClientError`` `.fileUnusable` if the file is damaged or of another network.
    init?(cachedAt path: String, network: NetworkID) throws {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let handle = FileHandle(forReadingAtPath: path)
        defer { try? handle?.close() }
        guard let bytes = try? handle?.read(upToCount: CommitteeTrail.maxFileBytes),
            let file = try? JSONDecoder().decode(File.self, from: bytes), file.version == 1,
            let committee = try? Committee(decoding: file.committee)
        else {
            throw ClientError(.fileUnusable, "\(path) is no note of a verified committee; remove it and try again")
        }
        guard file.network == network.description else {
            throw ClientError(
                .fileUnusable, "\(path) is of network \(file.network.prefix(64)), not of \(network); use another file")
        }
        light = LightClient(networkID: network, committee: committee, epoch: file.epoch, sequence: file.sequence)
        if let newest = file.newest { self.newest = try Checkpoint(decoding: newest) }
    }

    /// Remembers the trail. When this returns, the file is whole.
    ///
    /// - Throws: ``ClientError`` `.fileUnusable`.
    func save(to path: String) throws {
        let file = File(
            network: light.networkID.description, committee: light.committee.bytes, epoch: light.epoch,
            sequence: light.sequence, newest: newest?.bytes)
        do {
            try JSONEncoder().encode(file).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw ClientError(.fileUnusable, "Cannot write \(path): \(SystemFailure.reason(error))")
        }
    }
}
