import Blake3
import Foundation
import Identity
import SwiftProtobuf
import Wire

extension Observation {
    init(_ message: LedgerPBObservation) throws(LedgerError) {
        self.init(
            subject: NodeID(try Digest.decode(message.subject, what: "measured node's id")),
            probesAnswered: message.probesAnswered, probes: message.probes, latencyMicroseconds: message.latencyMicros,
            rate: message.rate, goodBlocks: message.goodBlocks, badBlocks: message.badBlocks)
    }

    var message: LedgerPBObservation {
        .with {
            $0.subject = subject.digest.data
            $0.probesAnswered = probesAnswered
            $0.probes = probes
            $0.latencyMicros = latencyMicroseconds
            $0.rate = rate
            $0.goodBlocks = goodBlocks
            $0.badBlocks = badBlocks
        }
    }
}

extension ParameterChange {
    init(_ message: LedgerPBChangeParameter) throws(LedgerError) {
        switch message.change {
        case .value(let value)?: self = .value(name: value.name, value.value)
        case .member(let member)?:
            self = .member(try Digest.decode(member.id, what: "member's id"), isAllowed: member.allowed)
        case nil: throw LedgerError(.malformed, "The transaction changes no parameter")
        }
    }

    var message: LedgerPBChangeParameter {
        switch self {
        case .value(let name, let value):
            .with {
                $0.value = .with {
                    $0.name = name
                    $0.value = value
                }
            }
        case .member(let id, let isAllowed):
            .with {
                $0.member = .with {
                    $0.id = id.data
                    $0.allowed = isAllowed
                }
            }
        }
    }
}

extension FaultEvidence {
    init(_ message: LedgerPBSubmitFault) throws(LedgerError) {
        switch message.evidence {
        case .forkedHeaders(let headers)?:
            self = .forkedHeaders(
                SignedHeader(header: headers.first.header, signature: headers.first.signature),
                SignedHeader(header: headers.second.header, signature: headers.second.signature))
        case .contradictingVotes(let votes)?:
            self = .contradictingVotes(
                NodeID(try Digest.decode(votes.nodeID, what: "voter's node id")), first: votes.firstCheckpoint,
                firstSignature: votes.firstSignature, second: votes.secondCheckpoint,
                secondSignature: votes.secondSignature)
        case .falseSettlement(let settlement)?:
            self = .falseSettlement(transaction: settlement.transaction, index: settlement.index)
        case nil: throw LedgerError(.malformed, "The transaction carries no evidence")
        }
    }

    var message: LedgerPBSubmitFault {
        switch self {
        case .forkedHeaders(let first, let second):
            .with {
                $0.forkedHeaders = .with {
                    $0.first = FaultEvidence.message(first)
                    $0.second = FaultEvidence.message(second)
                }
            }
        case .contradictingVotes(let node, let first, let firstSignature, let second, let secondSignature):
            .with {
                $0.contradictingVotes = .with {
                    $0.nodeID = node.digest.data
                    $0.firstCheckpoint = first
                    $0.firstSignature = firstSignature
                    $0.secondCheckpoint = second
                    $0.secondSignature = secondSignature
                }
            }
        case .falseSettlement(let transaction, let index):
            .with {
                $0.falseSettlement = .with {
                    $0.transaction = transaction
                    $0.index = index
                }
            }
        }
    }

    private static func message(_ signed: SignedHeader) -> LedgerPBSignedHeader {
        .with {
            $0.header = signed.header
            $0.signature = signed.signature
        }
    }
}
