import Blake3
import Foundation
import Identity
import SwiftProtobuf
import Wire

extension NewRelease {
    init(_ message: LedgerPBPublishRelease) throws(LedgerError) {
        let kind: ReleaseKind
        switch message.kind {
        case .site: kind = .site
        case .function: kind = .function
        case .origin: kind = .origin
        case .composite: kind = .composite
        case .machine: kind = .machine
        case .unspecified, .UNRECOGNIZED:
            throw LedgerError(
                .malformed, "The release is of an unknown kind; use site, function, origin, composite or machine")
        }
        self.init(
            kind: kind, manifest: BlobID(try Digest.decode(message.manifest, what: "manifest's digest")),
            manifestByteCount: message.manifestBytes, message: message.message, settings: message.settings,
            sizeClass: message.sizeClass.isEmpty ? nil : try SizeClass(checking: message.sizeClass),
            replicas: message.replicas,
            secretsEnvelope: message.secretsEnvelope.isEmpty
                ? nil : try Digest.decode(message.secretsEnvelope, what: "digest of the secrets' envelope"))
    }

    func message(_ name: AppName) -> LedgerPBPublishRelease {
        .with {
            $0.name = name.description
            switch kind {
            case .site: $0.kind = .site
            case .function: $0.kind = .function
            case .origin: $0.kind = .origin
            case .composite: $0.kind = .composite
            case .machine: $0.kind = .machine
            }
            $0.manifest = manifest.digest.data
            $0.manifestBytes = manifestByteCount
            $0.message = message
            $0.settings = settings
            $0.sizeClass = sizeClass?.description ?? ""
            $0.replicas = replicas
            $0.secretsEnvelope = secretsEnvelope?.data ?? Data()
        }
    }
}

extension ReleaseID {
    static func decode(_ text: String) throws(LedgerError) -> ReleaseID {
        guard let id = ReleaseID(text) else {
            throw LedgerError(.malformed, "\"\(text.prefix(characterCount))\" is no release id: 10 of 0-9 and a-z")
        }
        return id
    }
}
