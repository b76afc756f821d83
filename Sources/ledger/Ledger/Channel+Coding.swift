import Blake3
import Foundation
import Identity
import Stark
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
            try ChannelLink.check(chain.linkFunction)
            chains.append(
                Chain(
                    commodity: try Commodity(chain.commodity),
                    anchor: try PoseidonLink.decode(chain.anchor, what: "anchor"), unitPrice: chain.unitPrice,
                    maxUnits: chain.maxUnits))
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
                    $0.linkFunction = UInt32(ChannelLink.poseidon)
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
            lane = .reveal(link: try PoseidonLink.decode(reveal.link, what: "revealed link"), steps: reveal.steps)
        case .voucher(let voucher)?: lane = .voucher(units: voucher.units, signature: voucher.signature)
        case .proven(let proven)?:
            lane = .proof(
                from: try PoseidonLink.decode(proven.from, what: "link that is settled"),
                link: try PoseidonLink.decode(proven.link, what: "proven link"), steps: proven.steps)
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
            case .proof(let from, let link, let steps):
                $0.proven = .with {
                    $0.from = from.data
                    $0.link = link.data
                    $0.steps = steps
                }
            }
        }
    }
}
