import ArgumentParser
import Blake3
import Client
import ControlModel
import Foundation
import Identity
import NIOCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

struct BlobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blob", abstract: "Content-addressed blobs: add, get, keep, check and collect them.",
        subcommands: [
            Add.self, Get.self, Import.self, Export.self, List.self, Stat.self, Hash.self, Pin.self, Unpin.self,
            Verify.self, Collect.self,
        ])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Store a file on a node and print its id.",
            discussion: """
                When the command returns, the blob is durable on that node and kept there until this account unpins \
                it; every other node can fetch it.
                """)

        @Argument(help: "A file, or - for standard input.", completion: .file())
        var path: String

        @Flag(help: "Do not pin the blob: the node may drop it when it needs the room.")
        var noPin = false

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let client = try node.client(key: try account.load())
            let info = path == "-" ? try await addStandardInput(client) : try await addFile(client)
            if !noPin, let id = BlobID(info.id) { _ = try await client.pin([id]) }
            if node.data.json { try Terminal.printJSON(info) } else { Terminal.print(info.id) }
        }

        private func addFile(_ client: NodeClient) async throws -> BlobInfo {
            let (digest, byteCount) = try Blake3.hashFile(
                path: path, threads: ProcessInfo.processInfo.activeProcessorCount)
            let id = BlobID(digest)
            if let known = try await client.blob(id) { return known }
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw ClientError(.fileUnusable, "Cannot read \(path): \(String(cString: strerror(errno)))")
            }
            defer { close(descriptor) }
            let meter = Meter("uploading", total: byteCount)
            let chunks = FileChunks(descriptor: descriptor) { meter.add($0.readableBytes) }
            return try await client.upload(id, chunks, byteCount: byteCount)
        }

        private func addStandardInput(_ client: NodeClient) async throws -> BlobInfo {
            let hasher = Mutex(Blake3Hasher())
            let meter = Meter("uploading", total: nil)
            let chunks = FileChunks(descriptor: STDIN_FILENO) { bytes in
                meter.add(bytes.readableBytes)
                hasher.withLock { hasher in bytes.withUnsafeReadableBytes { hasher.update($0) } }
            }
            let info = try await client.upload(chunks)
            guard info.id == BlobID(hasher.withLock { $0.finalize() }).description else {
                throw ClientError(.corrupt, "The node stored something else than it was sent; use another node")
            }
            return info
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fetch a blob through a node and verify it.",
            discussion: """
                Written to a file, the blob appears only once its digest is right. On standard output the digest is \
                checked at the end: look at the exit status. A range is as good as the gateway's own verification.
                """)

        @Argument(help: "A blob id: a CID or 64 hexadecimal digits.")
        var id: BlobID

        @Option(
            name: .output,
            help: ArgumentHelp("The file to write; - or nothing for standard output.", valueName: "file"),
            completion: .file())
        var output = "-"

        @Option(help: ArgumentHelp("Only these bytes, first and last, as in 0-99.", valueName: "first-last"))
        var range: String?

        @OptionGroup var node: NodeOption

        func run() async throws {
            let download = BlobDownload(gateway: try await node.gateway())
            if let range = try parsedRange() { return try await get(range, download) }
            if output == "-" {
                _ = try await download.stream(id, to: STDOUT_FILENO, name: "standard output")
                return
            }
            let start = ContinuousClock.now
            let meter = Meter("fetching", total: nil)
            let sources = FetchWatch(id: id, client: try node.client())
            let watching = Task { await sources.follow { meter.annotate($0) } }
            defer { watching.cancel() }
            let count = try await download.save(id, to: output) { meter.set($0, total: $1) }
            let duration = ContinuousClock.now - start
            if node.data.json {
                let report = Report(
                    id: id.description, file: output, byteCount: count, seconds: duration / .seconds(1))
                return try Terminal.printJSON(report)
            }
            Terminal.note(
                "\(Human.bytes(count)) in \(Human.seconds(duration)) (\(Human.rate(count, duration))), verified"
                    + sources.summary())
        }

        /// What `--json` prints of a whole blob in a file.
        private struct Report: Encodable {
            var id: String
            var file: String
            var byteCount: Int
            var seconds: Double
        }

        private func get(_ range: ClosedRange<Int>, _ download: BlobDownload) async throws {
            if output == "-" {
                _ = try await download.streamUnverified(id, range: range, to: STDOUT_FILENO, name: "standard output")
                return
            }
            let descriptor = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                throw ClientError(.fileUnusable, "Cannot write \(output): \(String(cString: strerror(errno)))")
            }
            defer { close(descriptor) }
            _ = try await download.streamUnverified(id, range: range, to: descriptor, name: output)
        }

        private func parsedRange() throws -> ClosedRange<Int>? {
            guard let range else { return nil }
            let ends = range.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard ends.count == 2, let first = ends[0], let last = ends[1], first >= 0, last >= first else {
                throw ValidationError("--range takes first and last byte, as in 0-99, not \"\(range)\"")
            }
            return first...last
        }
    }

    struct Stat: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show what a node stores of a blob.")

        @Argument(help: "A blob id: a CID or 64 hexadecimal digits.")
        var id: BlobID

        @OptionGroup var node: NodeOption

        func run() async throws {
            guard let info = try await node.client().blob(id) else {
                throw ClientError(
                    .badInput, "This node does not store \(id); `skerry blob get` fetches it from the others")
            }
            if node.data.json { return try Terminal.printJSON(info) }
            Terminal.print("id      \(info.id)")
            Terminal.print("hex     \(info.hex)")
            Terminal.print("bytes   \(info.byteCount)")
            Terminal.print("blocks  \(info.blockCount)")
        }
    }

    struct Hash: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print a file's blob id without storing it.")

        @Argument(help: "A file, or - for standard input.", completion: .file())
        var path: String

        @Flag(help: "Print the 64 hexadecimal digits that b3sum prints.")
        var hex = false

        @Option(help: "How many threads hash a large file (1 to 256). Default: one a core.")
        var threads: Int = ProcessInfo.processInfo.activeProcessorCount

        @Flag(help: "Print JSON for scripts.")
        var json = false

        private struct Report: Codable {
            var id: String
            var hex: String
            var byteCount: Int
        }

        func validate() throws {
            guard (1...256).contains(threads) else {
                throw ValidationError("--threads must be 1 to 256, not \(threads)")
            }
        }

        func run() throws {
            let (digest, byteCount) =
                path == "-"
                ? try Blake3.hashStream(descriptor: STDIN_FILENO, name: "standard input", threads: threads)
                : try Blake3.hashFile(path: path, threads: threads)
            let id = BlobID(digest)
            if json { return try Terminal.printJSON(Report(id: id.description, hex: id.hex, byteCount: byteCount)) }
            Terminal.print(hex ? id.hex : id.description)
        }
    }
}
