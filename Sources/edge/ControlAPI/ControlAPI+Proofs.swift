import ControlModel
import Foundation
import Hummingbird
import Ledger

/// What lets a client verify the ledger alone: certificates, hand-overs, proofs.
extension ControlAPI {
    func addProofs(to router: Router<ControlContext>) {
        let ledger = backend.ledger
        let api = router.group("api/v1")
        api.get("ledger/certificate") { _, _ in BytesBody(try ControlAPI.certified(ledger).certificate.bytes) }
        api.get("ledger/handovers") { request, _ in
            let after = try ControlAPI.number(request, "after") ?? 0
            let handovers = try await ledger.handovers(after: after, limit: ControlAPI.maxHandovers)
            return BytesBody(ByteFrames.encode(handovers.map(\.bytes)))
        }
        for kind in ProofKey.kinds where kind != "release" {
            api.get("proofs/\(kind)s/:key") { request, context in
                let key = try ProofKey(kind: kind, key: try context.parameters.require("key"))
                return BytesBody(try await ControlAPI.proof(of: key, request, ledger))
            }
        }
        api.get("proofs/releases/:name/:release") { request, context in
            let (name, release) = (
                try context.parameters.require("name"), try context.parameters.require("release")
            )
            let key = try ProofKey(kind: "release", key: "\(name)/\(release)")
            return BytesBody(try await ControlAPI.proof(of: key, request, ledger))
        }
    }

    /// A self-contained `ProofBundle`; for a client that says after which epoch's committee it needs hand-overs, frames:
    /// the certificate, the proof, and those hand-overs.
    ///
    /// Certificate and proof are of one state: read one by one, they might not fit together.
    private static func proof(
        of key: ProofKey, _ request: Request, _ ledger: any ControlLedger
    ) async throws -> Data {
        let (certificate, state) = try certified(ledger)
        let proof = state.proof(of: key)
        if let epoch = try number(request, "after") {
            let handovers = try await ledger.handovers(after: epoch, limit: maxHandovers)
            return ByteFrames.encode([certificate.bytes, proof.bytes] + handovers.map(\.bytes))
        }
        let last = certificate.checkpoint.sequence
        let handovers = try await ledger.handovers(after: 0, limit: ProofBundle.maxHandovers + 1)
            .filter { $0.certificate.checkpoint.sequence < last }
        guard handovers.count <= ProofBundle.maxHandovers else {
            throw ControlFailure(
                status: 413, code: "control/too-many",
                message: "The network's committee changed more than \(ProofBundle.maxHandovers) times; read "
                    + "/api/v1/ledger/handovers page by page, then ask for the proof with ?after=<epoch>")
        }
        return ProofBundle(
            genesis: state.genesis, handovers: handovers, certificate: certificate, proof: proof
        ).bytes
    }

    private static func certified(
        _ ledger: any ControlLedger
    ) throws -> (certificate: Certificate, state: LedgerState) {
        guard let certified = ledger.certified else {
            throw ControlFailure(
                status: 409, code: ControlFailure.notCertifiedCode,
                message: "No committee has signed a state of this ledger that this node still knows; more than two "
                    + "thirds of the nodes' stake must be online. Try again in a minute")
        }
        return certified
    }
}

extension LedgerState {
    fileprivate func proof(of key: ProofKey) -> StateProof {
        switch key {
        case .account(let id): proof(ofAccount: id)
        case .node(let id): proof(ofNode: id)
        case .name(let name): proof(ofName: name)
        case .release(let id, let name): proof(ofRelease: id, of: name)
        case .domain(let domain): proof(ofDomain: domain)
        case .channel(let id): proof(ofChannel: id)
        }
    }
}
