import ArgumentParser
import Client
import Foundation
import Simulator

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run the nodes' logic by the thousand in one process, on a clock and a network that are made up.",
        discussion: """
            Time, latencies, faults and attackers are drawn from the seed: the same seed and options give the same \
            figures to the last digit. `docs/design/simulator.md` says what the model holds and what it leaves out.
            """,
        subcommands: [SimulateMembership.self, SimulateDiscovery.self, SimulateExchange.self])
}

/// How a simulation shows what it found out.
struct SimulationOutput: ParsableArguments {
    @Flag(help: "Print the options and results as JSON.")
    var json = false

    @Option(help: ArgumentHelp("Write the plot to this file as SVG.", valueName: "file"), completion: .file())
    var svg: String?

    func validate() throws {
        guard let svg else { return }
        let folder = URL(fileURLWithPath: svg).deletingLastPathComponent().path
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw ValidationError("--svg: \(folder) is not a folder that can be written to; make it or choose another")
        }
    }

    /// Shows the report; throws if a promise was broken, with the command that replays the run.
    func show(_ report: some SimulationReport, seed: UInt64, took: Duration) throws {
        if let svg {
            do {
                try Data(report.plot.svg().utf8).write(to: URL(fileURLWithPath: svg), options: .atomic)
            } catch {
                throw CommandError("Cannot write the plot to \(svg): \(SystemFailure.reason(error))")
            }
        }
        if json {
            try Terminal.printJSON(report)
        } else {
            for line in Human.table(report.rows) { Terminal.print(line) }
            Terminal.note("seed \(seed), \(Human.seconds(took)) of real time")
        }
        guard report.violations.isEmpty else {
            throw CommandError(
                "The run broke a promise: \(report.violations.joined(separator: "; ")). "
                    + "Replay it with: \(Self.replay(seed: seed))")
        }
    }

    /// Shows how far a run is.
    static func progress(_ share: Double) { Terminal.progress("simulated \(Int(share * 100)) %") }

    private static func replay(seed: UInt64) -> String {
        var words = ["skerry"] + CommandLine.arguments.dropFirst()
        if !words.contains(where: { $0 == "--seed" || $0.hasPrefix("--seed=") }) { words += ["--seed", "\(seed)"] }
        return words.joined(separator: " ")
    }
}

/// The seed of a run, drawn if none is given.
struct SeedOption: ParsableArguments {
    @Option(help: "Names the run. Default: drawn, and printed.")
    var seed: UInt64?

    /// The given seed, or a drawn one that is short enough to be typed.
    var value: UInt64 { seed ?? UInt64.random(in: 1...999_999) }
}

/// Numbers as people write them.
enum SimulationNumber {
    /// "0.2" or "20%".
    static func share(_ text: String) throws -> Double {
        let isPercent = text.hasSuffix("%")
        guard let number = Double(isPercent ? String(text.dropLast()) : text), number.isFinite else {
            throw ValidationError("\"\(text)\" is not a share; write 0.2 or 20%")
        }
        let share = isPercent ? number / 100 : number
        guard (0...1).contains(share) else {
            throw ValidationError("\"\(text)\" is not a share; choose 0 to 1, or 0% to 100%")
        }
        return share
    }

    /// Seconds of "90", "90s", "10m" or "2h".
    static func seconds(_ text: String) throws -> Double {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3_600]
        let unit = text.last.flatMap { units[$0] }
        guard let number = Double(unit == nil ? text : String(text.dropLast())), number.isFinite else {
            throw ValidationError("\"\(text)\" is not a time; write 90s, 10m or 2h")
        }
        let seconds = number * (unit ?? 1)
        guard (0...NetworkOptions.maxSeconds).contains(seconds) else {
            throw ValidationError(
                "\"\(text)\" is out of range; choose 0s to \(Int(NetworkOptions.maxSeconds / 3_600))h")
        }
        return seconds
    }
}
