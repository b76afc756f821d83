import Blake3
import Foundation
import Identity
import SwiftProtobuf
import Wire

extension LedgerAction {
    init(_ message: LedgerPBTransactionBody.OneOf_Action) throws(LedgerError) {
        switch message {
        case .registerNode(let node):
            self = .registerNode(
                publicKey: try PublicKey.decode(node.publicKey, what: "node key"), peer: try Endpoint(node.peer),
                gateway: node.hasGateway ? try Endpoint(node.gateway) : nil, possessionProof: node.possessionProof)
        case .updateNode(let node):
            self = .updateNode(
                NodeID(try Digest.decode(node.nodeID, what: "node id")), peer: try Endpoint(node.peer),
                gateway: node.hasGateway ? try Endpoint(node.gateway) : nil)
        case .claimName(let claim):
            self = .claimName(try AppName(checking: claim.name))
        case .transferName(let transfer):
            self = .transferName(
                try AppName(checking: transfer.name),
                to: AccountID(try Digest.decode(transfer.toAccount, what: "new owner's account id")))
        case .publishRelease(let release):
            self = .publishRelease(try AppName(checking: release.name), try NewRelease(release))
        case .promoteRelease(let promotion):
            self = .promoteRelease(try AppName(checking: promotion.name), try ReleaseID.decode(promotion.release))
        case .rollBack(let rollBack):
            self = .rollBack(
                try AppName(checking: rollBack.name),
                to: rollBack.hasRelease ? try ReleaseID.decode(rollBack.release) : nil)
        }
    }

    var message: LedgerPBTransactionBody.OneOf_Action {
        switch self {
        case .registerNode(let publicKey, let peer, let gateway, let possessionProof):
            return .registerNode(
                .with {
                    $0.publicKey = publicKey.bytes
                    $0.peer = LedgerPBEndpoint(peer)
                    if let gateway { $0.gateway = LedgerPBEndpoint(gateway) }
                    $0.possessionProof = possessionProof
                })
        case .updateNode(let node, let peer, let gateway):
            return .updateNode(
                .with {
                    $0.nodeID = node.digest.data
                    $0.peer = LedgerPBEndpoint(peer)
                    if let gateway { $0.gateway = LedgerPBEndpoint(gateway) }
                })
        case .claimName(let name):
            return .claimName(.with { $0.name = name.description })
        case .transferName(let name, let account):
            return .transferName(
                .with {
                    $0.name = name.description
                    $0.toAccount = account.digest.data
                })
        case .publishRelease(let name, let release):
            return .publishRelease(release.message(name))
        case .promoteRelease(let name, let release):
            return .promoteRelease(
                .with {
                    $0.name = name.description
                    $0.release = release.description
                })
        case .rollBack(let name, let release):
            return .rollBack(
                .with {
                    $0.name = name.description
                    if let release { $0.release = release.description }
                })
        }
    }
}

extension NewRelease {
    fileprivate init(_ message: LedgerPBPublishRelease) throws(LedgerError) {
        let kind: ReleaseKind
        switch message.kind {
        case .site: kind = .site
        case .function: kind = .function
        case .unspecified, .UNRECOGNIZED:
            throw LedgerError(.malformed, "The release is of an unknown kind; use site or function")
        }
        self.init(
            kind: kind, manifest: BlobID(try Digest.decode(message.manifest, what: "manifest's digest")),
            manifestByteCount: message.manifestBytes, message: message.message, settings: message.settings)
    }

    fileprivate func message(_ name: AppName) -> LedgerPBPublishRelease {
        .with {
            $0.name = name.description
            switch kind {
            case .site: $0.kind = .site
            case .function: $0.kind = .function
            }
            $0.manifest = manifest.digest.data
            $0.manifestBytes = manifestByteCount
            $0.message = message
            $0.settings = settings
        }
    }
}

extension ReleaseID {
    fileprivate static func decode(_ text: String) throws(LedgerError) -> ReleaseID {
        guard let id = ReleaseID(text) else {
            throw LedgerError(.malformed, "\"\(text.prefix(characterCount))\" is no release id: 10 of 0-9 and a-z")
        }
        return id
    }
}
