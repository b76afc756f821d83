import Client
import Foundation
import Identity
import Ledger
import Node

#if canImport(Glibc)
    import Glibc
#endif

/// Puts the genesis of a new network into a node's folder.
struct GenesisInstallation {
    /// The genesis' file.
    let file: String
    /// The id that it must have; nil for any.
    let expected: NetworkID?

    /// Reads a genesis.
    ///
    /// - Throws: ``CommandError`` if the file cannot be read or is no genesis.
    static func read(_ file: String) throws -> Genesis {
        let bytes: Data?
        do {
            bytes = try FileHandle(forReadingFrom: URL(fileURLWithPath: file)).read(upToCount: Genesis.maxByteCount + 1)
        } catch {
            throw CommandError("Cannot read the genesis \(file): \(SystemFailure.reason(error))")
        }
        do { return try Genesis(decoding: bytes ?? Data()) } catch {
            throw CommandError(
                "\(file) is no genesis, is damaged, or is another version's (\(error.message)); get it again from whoever made "
                    + "the network, or from the folder of one of its nodes")
        }
    }

    /// Checks the genesis and copies it, byte for byte. When this returns, it is durable. One that is there already stays.
    ///
    /// - Throws: ``CommandError`` if it is another one than expected, does not list `node`, or the folder is another
    ///   network's.
    func run(into folder: NodeFolder, of node: NodeID) throws -> Genesis {
        let genesis = try GenesisInstallation.read(file)
        if let expected, genesis.networkID != expected {
            throw CommandError(
                "\(file) is the genesis of network \(genesis.networkID), not of \(expected); get the right file")
        }
        guard genesis.nodes.contains(where: { $0.publicKey.node == node }) else {
            throw CommandError(
                "The genesis of \"\(genesis.networkName)\" does not list the node \(node): when that network runs, bring the "
                    + "node onto it with `skerry node join`")
        }
        if FileManager.default.fileExists(atPath: folder.genesis) {
            let present = try folder.readGenesis().networkID
            guard present == genesis.networkID else {
                throw CommandError("The node in \(folder.path) is on network \(present); choose another folder")
            }
            return genesis
        }
        try genesis.bytes.write(to: URL(fileURLWithPath: folder.genesis), options: .atomic)
        sync()
        return genesis
    }
}
