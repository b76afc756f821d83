import Foundation

/// Maps values to positions on one axis and chooses its ticks.
struct PlotScale {
    /// About so many ticks.
    private static let wantedTicks = 6.0
    /// The most powers of ten that a logarithmic axis shows.
    private static let maxDecades = 12.0

    let lower: Double
    let upper: Double
    let isLogarithmic: Bool
    /// Where the ends lie, in pixels.
    let start: Double
    let end: Double

    init(_ axis: Plot.Axis, values: [Double], from start: Double, to end: Double) {
        self.start = start
        self.end = end
        isLogarithmic = axis.isLogarithmic
        let usable = values.filter { $0.isFinite && abs($0) < 1e15 && (!axis.isLogarithmic || $0 > 0) }
        var least = axis.range?.lowerBound ?? usable.min() ?? 0
        var most = axis.range?.upperBound ?? usable.max() ?? 1
        if isLogarithmic {
            most = pow(10, ceil(log10(max(most, 1e-12))))
            least = pow(10, floor(log10(max(least, most / pow(10, Self.maxDecades)))))
            if least >= most { least = most / 10 }
        } else if axis.range == nil {
            least = min(least, 0)
            if most <= least { most = least + 1 }
            let step = Self.step(most - least)
            most = ceil(most / step - 1e-9) * step
            least = floor(least / step + 1e-9) * step
        }
        lower = least
        upper = most > least ? most : least + 1
    }

    /// The position of `value`, held at the ends; nil for what the axis cannot show.
    func position(_ value: Double) -> Double? {
        guard value.isFinite, !isLogarithmic || value > 0 else { return nil }
        let share: Double
        if isLogarithmic {
            share = (log10(value) - log10(lower)) / (log10(upper) - log10(lower))
        } else {
            share = (value - lower) / (upper - lower)
        }
        return start + min(1, max(0, share)) * (end - start)
    }

    var ticks: [Double] {
        if isLogarithmic {
            let first = Int(log10(lower).rounded())
            let last = Int(log10(upper).rounded())
            guard first < last else { return [lower, upper] }
            return (first...last).map { pow(10, Double($0)) }
        }
        let step = Self.step(upper - lower)
        let first = (lower / step - 1e-9).rounded(.up)
        let last = (upper / step + 1e-9).rounded(.down)
        guard first <= last, last - first < 100 else { return [lower, upper] }
        return stride(from: first, through: last, by: 1).map { $0 * step }
    }

    /// The text of a value with at most `digits` decimal places: ten thousands and more are shortened.
    static func text(_ value: Double, digits: Int = 3) -> String {
        let size = abs(value)
        if size >= 1e9 { return trimmed(value / 1e9, digits) + " G" }
        if size >= 1e6 { return trimmed(value / 1e6, digits) + " M" }
        if size >= 1e4 { return trimmed(value / 1e3, digits) + " k" }
        return trimmed(value, digits)
    }

    private static func trimmed(_ value: Double, _ digits: Int) -> String {
        var text = Figure.number(value, digits: digits)
        while text.contains("."), let last = text.last, last == "0" || last == "." { text.removeLast() }
        return text
    }

    /// 1, 2 or 5 times a power of ten.
    private static func step(_ span: Double) -> Double {
        let rough = max(span, 1e-12) / wantedTicks
        let power = pow(10, floor(log10(rough)))
        for factor in [1.0, 2, 5] where factor * power >= rough * 0.999 { return factor * power }
        return 10 * power
    }
}
