import CLibFuzzer
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// All targets behind one name each, and the engine of libFuzzer.
///
/// `skerry-fuzz list` names the targets, `skerry-fuzz seeds <folder>` writes small valid inputs for each, and
/// `skerry-fuzz <target> <libFuzzer's arguments>` runs one.
@main
struct SkerryFuzz {
    static func main() throws {
        let arguments = CommandLine.arguments
        switch arguments.dropFirst().first {
        case "list": print(try Targets.all().keys.sorted().joined(separator: "\n"))
        case "seeds" where arguments.count == 3: try Seeds.write(to: arguments[2])
        case .some(let name) where Chosen.target != nil: fuzz(name)
        default:
            FileHandle.standardError.write(
                Data("usage: skerry-fuzz list | seeds <folder> | <target> <libFuzzer's arguments>\n".utf8))
            exit(64)
        }
    }

    private static func fuzz(_ name: String) {
        // libFuzzer sees the name of the target as that of the program.
        var count = CommandLine.argc - 1
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
        let status = LLVMFuzzerRunDriver(&count, &arguments) { data, size in
            let input = Array(UnsafeBufferPointer(start: data, count: size))
            if let problem = Chosen.target?(input) {
                FileHandle.standardError.write(Data("FINDING: \(problem)\n".utf8))
                abort()
            }
            return 0
        }
        exit(status)
    }
}

/// The target that was asked for: the engine calls back without a context.
private enum Chosen {
    static let target: Targets.Target? = CommandLine.arguments.dropFirst().first.flatMap { name in
        do {
            return try Targets.all()[name]
        } catch {
            FileHandle.standardError.write(Data("skerry-fuzz: \(error)\n".utf8))
            return nil
        }
    }
}

/// The targets of all rooms.
enum Targets {
    typealias Target = @Sendable ([UInt8]) -> String?

    static func all() throws -> [String: Target] {
        let rooms = [
            Blake3FuzzTargets.make(), IdentityFuzzTargets.make(), BlobStoreFuzzTargets.make(),
            ManifestsFuzzTargets.make(), AppManifestsFuzzTargets.make(), PeeringFuzzTargets.make(),
            try ExchangeFuzzTargets.make(),
            try MembershipFuzzTargets.make(), try DiscoveryFuzzTargets.make(), try LedgerFuzzTargets.make(),
            EtcdLogFuzzTargets.make(), ControlModelFuzzTargets.make(), SecretsFuzzTargets.make(),
            CertificatesFuzzTargets.make(),
            GatewayFuzzTargets.make(), RecordingsFuzzTargets.make(), FunctionsFuzzTargets.make(),
            HTTPCacheFuzzTargets.make(), try NodeFuzzTargets.make(),
            OriginsFuzzTargets.make(), ChannelsFuzzTargets.make(), AckProofsFuzzTargets.make(),
            OutboundFuzzTargets.make(), ImagesFuzzTargets.make(), VolumesFuzzTargets.make(),
            MachinesFuzzTargets.make(),
        ]
        return rooms.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
    }
}
