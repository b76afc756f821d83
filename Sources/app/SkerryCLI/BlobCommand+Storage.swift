import ArgumentParser
import Client
import ControlModel
import Foundation
import Identity

/// What a node keeps: listing, pins, checking, collecting.
extension BlobCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "List the blobs that a node stores.",
            discussion: """
                In order of their digests. PINS counts who keeps a blob; REFS the stored manifests that name it. STATE is \
                "missing" for a blob that is to be kept and is not here: it was lost, or has not come yet; the node goes \
                on asking its peers for it.
                """,
            aliases: ["list"])

        @Flag(help: "Only blobs that somebody pinned.")
        var pinned = false

        @Flag(help: "Only blobs that nobody pinned.")
        var unpinned = false

        @Option(help: "At most so many; 0 lists all.")
        var limit = 100

        @OptionGroup var node: NodeOption

        func validate() throws {
            if pinned && unpinned { throw ValidationError("--pinned and --unpinned exclude each other") }
            if limit < 0 { throw ValidationError("--limit must be 0 or more, not \(limit)") }
        }

        func run() async throws {
            let client = try node.client()
            let isPinned: Bool? = pinned ? true : unpinned ? false : nil
            var rows: [BlobRow] = []
            var after: String?
            var isTruncated = false
            repeat {
                let wanted = limit == 0 ? BlobPage.maxCount : min(BlobPage.maxCount, limit - rows.count)
                let page = try await client.blobs(after: after, limit: wanted, isPinned: isPinned)
                rows += page.blobs
                after = page.next
                isTruncated = limit > 0 && rows.count >= limit && after != nil
            } while after != nil && !isTruncated
            if node.data.json { return try Terminal.printJSON(rows) }
            let table = rows.map { row in
                [
                    row.id, row.isMissing == true ? "missing" : "stored", row.byteCount.map { Human.bytes($0) } ?? "-",
                    "\(row.pinnedBy.count)", "\(row.referenceCount)",
                    row.usedMilliseconds.map { Human.date(milliseconds: $0) } ?? "-",
                ]
            }
            for line in Human.table([["ID", "STATE", "SIZE", "PINS", "REFS", "USED"]] + table) { Terminal.print(line) }
            if isTruncated { Terminal.note("There are more; --limit 0 lists all") }
        }
    }

    struct Pin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have a node keep blobs until they are unpinned.",
            discussion:
                "The node first fetches what it lacks. When the command returns, blobs and pins are durable there.")

        @Argument(help: "Blob ids: CIDs or 64 hexadecimal digits.")
        var ids: [BlobID]

        @Flag(help: "The blobs are manifests of folders: keep all files of them.")
        var folder = false

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let report = try await node.client(key: try account.load()).pin(ids, asFolders: folder)
            if node.data.json { return try Terminal.printJSON(report) }
            Terminal.print("pinned \(report.changed) \(report.changed == 1 ? "blob" : "blobs") for \(report.owner)")
        }
    }

    struct Unpin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End pins of this account.",
            discussion: """
                The blobs stay until the node needs the room, or `skerry blob gc` removes them when nobody has used them \
                for a day.
                """)

        @Argument(help: "Blob ids: CIDs or 64 hexadecimal digits.")
        var ids: [BlobID]

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let report = try await node.client(key: try account.load()).unpin(ids)
            if node.data.json { return try Terminal.printJSON(report) }
            Terminal.print("unpinned \(report.changed) \(report.changed == 1 ? "blob" : "blobs") of \(report.owner)")
        }
    }

    struct Collect: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "gc", abstract: "Remove what nobody keeps and nobody uses.",
            discussion: """
                Blobs that are pinned, that a pinned manifest names, or that are being read stay, and so does what was \
                stored or read in the last 24 hours, unless --hours says something else. The node goes on serving \
                meanwhile.
                """)

        @Option(help: "Only what nobody has used for so many hours.")
        var hours: Double = 24

        @Flag(help: "Only say what would go.")
        var dryRun = false

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func validate() throws {
            guard hours >= 0, hours <= 876_000 else {
                throw ValidationError("--hours must be 0 to 876000, not \(hours)")
            }
        }

        func run() async throws {
            let info = try await node.client(key: try account.load())
                .collect(CollectionRequest(minimumAgeSeconds: Int(hours * 3_600), isDryRun: dryRun))
            if node.data.json { return try Terminal.printJSON(info) }
            let verb = dryRun ? "would remove" : "removed"
            Terminal.print("\(verb) \(info.blobs) blobs (\(Human.bytes(info.bytes)))")
            Terminal.print("\(verb) \(info.partials) unfinished fetches and \(info.strayFiles) stray files")
            Terminal.print("kept    \(info.keptBlobs) blobs (\(Human.bytes(info.keptBytes)))\(forAge(info))")
        }

        private func forAge(_ info: CollectionInfo) -> String {
            guard let blobs = info.youngBlobs, let bytes = info.youngBytes, blobs > 0 else { return "" }
            let time = hours == 1 ? "hour" : "\(hours.formatted()) hours"
            let age = "were used in the last \(time): see --hours"
            return ", \(blobs) of them (\(Human.bytes(bytes))) only because they \(age)"
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read and check what a node stores.",
            discussion: """
                Every byte is hashed again. A damaged blob is set aside and fetched again from the other nodes, and so is \
                one that is to be kept and is not here. The exit status is 1 when a blob stays damaged or missing.
                """)

        @Argument(help: "Blob ids; all blobs of the node if none is given.")
        var ids: [BlobID] = []

        @Flag(help: "Do not fetch damaged blobs again.")
        var noRepair = false

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let client = try node.client(key: try account.load())
            var sum = VerificationInfo(blobs: 0, bytes: 0, damaged: [], next: nil)
            let meter = Meter("verified", total: ids.isEmpty ? try await client.status().blobBytes : nil)
            if ids.isEmpty {
                repeat {
                    let step = try await client.verify(VerificationRequest(after: sum.next, repair: !noRepair))
                    add(step, to: &sum, meter)
                } while sum.next != nil
            } else {
                for start in stride(from: 0, to: ids.count, by: VerificationRequest.maxCount) {
                    let page = ids[start..<min(start + VerificationRequest.maxCount, ids.count)].map(\.description)
                    add(try await client.verify(VerificationRequest(blobs: page, repair: !noRepair)), to: &sum, meter)
                }
            }
            if node.data.json { try Terminal.printJSON(sum) } else { show(sum) }
            if sum.damaged.contains(where: { !$0.isRepaired }) { throw ExitCode.failure }
        }

        private func add(_ step: VerificationInfo, to sum: inout VerificationInfo, _ meter: Meter) {
            sum.blobs += step.blobs
            sum.bytes += step.bytes
            sum.damaged += step.damaged
            sum.next = step.next
            meter.add(step.bytes)
        }

        private func show(_ sum: VerificationInfo) {
            for damage in sum.damaged {
                Terminal.print("\(damage.isRepaired ? "repaired" : "damaged ") \(damage.id): \(damage.reason)")
            }
            let repaired = sum.damaged.count(where: \.isRepaired)
            let bad = sum.damaged.isEmpty ? "all are whole" : "\(sum.damaged.count) damaged, \(repaired) repaired"
            Terminal.print("verified \(sum.blobs) blobs (\(Human.bytes(sum.bytes))): \(bad)")
        }
    }
}
