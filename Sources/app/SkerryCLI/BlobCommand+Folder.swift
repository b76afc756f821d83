import ArgumentParser
import Client
import Foundation
import Identity

/// Whole folders under one blob id.
extension BlobCommand {
    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Store a folder on a node and print the id of its manifest.",
            discussion: """
                Every file becomes a blob, and a manifest that names them becomes the folder's id. The node keeps all \
                of them until this account unpins the manifest. Hidden files are left out, except .well-known.
                """)

        @Argument(help: "A folder.", completion: .directory)
        var folder: String

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let meter = Meter("uploading", total: nil)
            let transfer = FolderTransfer(client: try node.client(key: try account.load()))
            let result = try await transfer.importFolder(folder) { meter.set($0, total: $1) }
            if node.data.json { return try Terminal.printJSON(result) }
            Terminal.note(
                "\(result.files) files (\(Human.bytes(result.bytes))), \(result.transferred) blobs were new to the node"
                    + (result.hidden > 0 ? "; \(result.hidden) hidden entries left out" : ""))
            Terminal.print(result.id)
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a folder that was imported or deployed as a site to the disk, verified.")

        @Argument(help: "The id of the folder's manifest.")
        var id: BlobID

        @Argument(help: "The folder to write; it must not exist, or be empty.", completion: .directory)
        var folder: String

        @OptionGroup var node: NodeOption

        func run() async throws {
            let meter = Meter("fetching", total: nil)
            let transfer = FolderTransfer(client: try node.client())
            let result = try await transfer.exportFolder(id, to: folder, gateway: try await node.gateway()) {
                meter.set($0, total: $1)
            }
            if node.data.json { return try Terminal.printJSON(result) }
            Terminal.print("\(result.files) files (\(Human.bytes(result.bytes))) in \(folder), verified")
        }
    }
}
