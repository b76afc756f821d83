import Foundation
import Ledger
import LedgerLog

#if canImport(Glibc)
    import Glibc
#endif

/// A folder for the logs and the words of `ledger-exerciser`s; it goes with the object.
final class KillFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/skerry-kills-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func ledger(_ node: Int) -> String { path + "/ledger\(node).sqlite" }
}

/// A running `ledger-exerciser`, which is beside the tests, where the build puts it.
final class ExercisedNode {
    private let process = Process()

    init(_ number: Int, folder: String, engine: String) throws {
        let program = CommandLine.arguments[0]
        let words = Said.file(folder, number)
        if !FileManager.default.fileExists(atPath: words) { try Data().write(to: URL(filePath: words)) }
        let output = try FileHandle(forWritingTo: URL(filePath: words))
        try output.seekToEnd()
        process.executableURL = URL(
            filePath: program[..<(program.lastIndex(of: "/") ?? program.startIndex)] + "/ledger-exerciser")
        process.arguments = [folder, "\(number)", engine]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        try process.run()
        try output.close()
    }

    func kill9() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func pause() { kill(process.processIdentifier, SIGSTOP) }

    func resume() { kill(process.processIdentifier, SIGCONT) }
}

/// What the exercisers said.
struct Said: CustomStringConvertible {
    private(set) var tried: Set<TransactionID> = []
    private(set) var acknowledged: [HistoryChecker.Acknowledgement] = []
    private(set) var refusals: [Substring] = []
    private(set) var failures = 0
    private(set) var halts: [Substring] = []

    init(_ folder: String) throws {
        for number in 0..<3 {
            let text = (try? String(contentsOfFile: Said.file(folder, number), encoding: .utf8)) ?? ""
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                switch (words.first, words.dropFirst().first, words.dropFirst(2).first) {
                case ("try", let id?, _): TransactionID(String(id)).map { _ = tried.insert($0) }
                case ("ack", let id?, let sequence?):
                    guard let id = TransactionID(String(id)), let sequence = UInt64(sequence) else { continue }
                    acknowledged.append(HistoryChecker.Acknowledgement(id: id, sequence: sequence))
                case ("refused", let code?, _): refusals.append(code)
                case ("halted", let code?, _): halts.append(code)
                default: failures += 1
                }
            }
        }
    }

    var description: String {
        "\(acknowledged.count) of \(tried.count) transfers acknowledged, \(failures) answers lost on the way"
    }

    static func file(_ folder: String, _ number: Int) -> String { folder + "/said\(number)" }

    /// The number of acknowledgments so far.
    private static func acknowledgements(_ folder: String, besides: Int?) -> Int {
        (0..<3).filter { $0 != besides }.reduce(0) { count, number in
            let text = (try? String(contentsOfFile: file(folder, number), encoding: .utf8)) ?? ""
            return count + text.split(separator: "\n").count { $0.hasPrefix("ack ") }
        }
    }

    /// Waits until somebody acknowledged something more.
    static func waitForNews(_ folder: String, besides: Int? = nil) async throws {
        let before = acknowledgements(folder, besides: besides)
        for _ in 0..<600 {
            if acknowledgements(folder, besides: besides) > before { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Failure("nothing was acknowledged for a minute")
    }

    /// Who wrote last: the node that orders.
    static func lastSpeaker(_ folder: String) throws -> Int {
        let dates = try (0..<3).map { number in
            try FileManager.default.attributesOfItem(atPath: file(folder, number))[.modificationDate] as? Date
                ?? .distantPast
        }
        return dates.indices.max { dates[$0] < dates[$1] } ?? 0
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct SystemlessRandom {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
