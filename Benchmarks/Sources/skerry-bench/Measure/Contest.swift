import Foundation

/// Contenders that take turns, round by round, and the table of what they did.
///
/// Machines drift by a third within minutes. So a ratio is taken within each round, between neighbours in time, and the
/// table shows the median of these ratios.
struct Contest {
    private struct Contender {
        let name: String
        let measure: () async throws -> Sample
    }

    let title: String
    /// What one unit of work is called: `MiB`, `blobs`.
    let unit: String
    /// Names of the contenders that the others are divided by.
    let bases: [String]
    private var contenders: [Contender] = []

    init(_ title: String, unit: String, bases: [String]) {
        self.title = title
        self.unit = unit
        self.bases = bases
    }

    /// Adds a contender; `measure` checks its own result and throws ``BenchError`` when it is wrong.
    mutating func add(_ name: String, _ measure: @escaping () async throws -> Sample) {
        contenders.append(Contender(name: name, measure: measure))
    }

    /// Runs all rounds and prints the table.
    func run(rounds: Int) async throws {
        print("== \(title)")
        var samples: [[Sample]] = contenders.map { _ in [] }
        for _ in 0..<rounds {
            for (index, contender) in contenders.enumerated() {
                do {
                    samples[index].append(try await contender.measure())
                } catch {
                    throw BenchError("\(title): \(contender.name): \(error)")
                }
            }
        }
        Table.show(rows(samples))
        print(
            rounds > 1
                ? "  medians of \(rounds) interleaved rounds; ratios are medians of the ratios of each round"
                : "  one round only: ratios say little")
    }

    private func rows(_ samples: [[Sample]]) -> [[String]] {
        let bases = bases.compactMap { name in contenders.firstIndex { $0.name == name } }
        var rows = [
            ["", "\(unit)/s", "s", "CPU s"] + bases.map { "rate / \(contenders[$0].name)" }
                + bases.prefix(1).map { "CPU / \(contenders[$0].name)" }
        ]
        for (index, contender) in contenders.enumerated() {
            let own = samples[index]
            var row = [
                contender.name, Table.number(Statistics.median(own.map(\.rate))),
                String(format: "%.3f", Statistics.median(own.map(\.seconds))),
                String(format: "%.2f", Statistics.median(own.map(\.cpuSeconds))),
            ]
            for base in bases {
                row.append(
                    String(format: "%.2f", Statistics.median(zip(own, samples[base]).map { $0.rate / $1.rate })))
            }
            for base in bases.prefix(1) {
                let ratios = zip(own, samples[base]).map { $0.cpuPerUnit / $1.cpuPerUnit }
                row.append(String(format: "%.2f", Statistics.median(ratios)))
            }
            rows.append(row)
        }
        return rows
    }
}

/// Figures from many measurements.
enum Statistics {
    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    /// The value that the share `rank` (0 to 1) of all values does not exceed.
    static func quantile(_ rank: Double, of values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        return sorted[min(sorted.count - 1, max(0, Int((rank * Double(sorted.count)).rounded(.up)) - 1))]
    }
}

/// Tables in plain text.
enum Table {
    /// Prints rows of equal length; the first one holds the headings.
    static func show(_ rows: [[String]]) {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            let cells = row.enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + blanks : blanks + cell
            }
            print("  " + cells.joined(separator: "  "))
        }
    }

    /// A number with separators and as many decimals as say something.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        guard value >= 100 else { return String(format: "%.2f", value) }
        var digits = String(Int(value.rounded()))
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return ([digits] + groups).joined(separator: ",")
    }
}
