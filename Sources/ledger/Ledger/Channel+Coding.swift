import Blake3
import Foundation
import Identity
import SwiftProtobuf
import Wire

extension Commodity {
    init(_ message: LedgerPBCommodity) throws(LedgerError) {
        switch message {
        case .bytes: self = .bytes
        case .compute: self = .compute
        case .unspecified, .UNRECOGNIZED:
            throw LedgerError(.malformed, "The commodity is unknown; use bytes or compute")
        }
    }

    var message: LedgerPBCommodity {
        switch self {
        case .bytes: .bytes
        case .compute: .compute
        }
    }
}

extension NewChannel {
    init(_ message: LedgerPBOpenChannel) throws(LedgerError) {
        var chains: [Chain] = []
        for chain in message.chains {
            guard let linkFunction = UInt8(exactly: chain.linkFunction) else {
                throw LedgerError(.badChannel, "The link function \(chain.linkFunction) is unknown; use 1")
            }
            chains.append(
                Chain(
                    commodity: try Commodity(chain.commodity), anchor: try Digest.decode(chain.anchor, what: "anchor"),
                    unitPrice: chain.unitPrice, maxUnits: chain.maxUnits, linkFunction: linkFunction))
        }
        self.init(
            payee: NodeID(try Digest.decode(message.payeeNode, what: "payee's node id")),
            expiresMilliseconds: message.expiresMs, chains: chains)
    }

    var message: LedgerPBOpenChannel {
        .with {
            $0.payeeNode = payee.digest.data
            $0.expiresMs = expiresMilliseconds
            $0.chains = chains.map { chain in
                .with {
                    $0.commodity = chain.commodity.message
                    $0.anchor = chain.anchor.data
                    $0.unitPrice = chain.unitPrice
                    $0.maxUnits = chain.maxUnits
                    $0.linkFunction = UInt32(chain.linkFunction)
                }
            }
        }
    }
}

extension Settlement {
    init(_ message: LedgerPBSettlement) throws(LedgerError) {
        let lane: Lane
        switch message.lane {
        case .reveal(let reveal)?:
            lane = .reveal(link: try Digest.decode(reveal.link, what: "revealed link"), steps: reveal.steps)
        case .voucher(let voucher)?: lane = .voucher(units: voucher.units, signature: voucher.signature)
        case .proof(let proof)?: lane = .proof(proof)
        case nil: throw LedgerError(.malformed, "A settlement carries a link, a voucher or a proof; this one has none")
        }
        self.init(
            channel: ChannelID(try Digest.decode(message.channel, what: "channel id")),
            commodity: try Commodity(message.commodity), lane: lane)
    }

    var message: LedgerPBSettlement {
        .with {
            $0.channel = channel.digest.data
            $0.commodity = commodity.message
            switch lane {
            case .reveal(let link, let steps):
                $0.reveal = .with {
                    $0.link = link.data
                    $0.steps = steps
                }
            case .voucher(let units, let signature):
                $0.voucher = .with {
                    $0.units = units
                    $0.signature = signature
                }
            case .proof(let proof): $0.proof = proof
            }
        }
    }
}
