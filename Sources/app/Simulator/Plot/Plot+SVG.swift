/// The plot's drawing: plain SVG with its own style sheet, for light and dark backgrounds alike.
extension Plot {
    private static let width = 760.0
    private static let height = 460.0
    private static let margin = (left: 76.0, right: 20.0, top: 92.0, bottom: 58.0)
    private static let legendRow = (y: 70.0, mark: 22.0, gap: 18.0, letter: 7.0)

    /// The plot as an SVG document of 760 × 460 units.
    package func svg() -> String {
        let drawn = series.prefix(Self.maxSeries).map {
            Series(name: $0.name, points: Array($0.points.prefix(Self.maxPoints)))
        }
        let points = drawn.flatMap(\.points)
        let bottom = Self.height - Self.margin.bottom
        let right = Self.width - Self.margin.right
        let yScale = PlotScale(y, values: points.map(\.y), from: bottom, to: Self.margin.top)
        var body = frame() + yAxis(yScale, right: right)
        switch marks {
        case .lines:
            let xScale = PlotScale(x, values: points.map(\.x), from: Self.margin.left, to: right)
            body += xAxis(xScale, bottom: bottom) + lines(drawn, xScale, yScale)
        case .bars(let names):
            body += bars(drawn, names: Array(names.prefix(Self.maxPoints)), yScale, right: right)
        }
        if points.isEmpty {
            let middle = (Self.margin.left + right) / 2
            body.append(Self.text("no data", x: middle, y: (Self.margin.top + bottom) / 2, style: "label middle"))
        }
        body += legend(drawn)
        let size = "\(Self.pixels(Self.width)) \(Self.pixels(Self.height))"
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size)" role="img" font-family="system-ui, sans-serif">
            <title>\(Self.escaped(title))</title>
            <style>\(Self.styleSheet)</style>
            <rect class="paper" width="100%" height="100%"/>
            \(body.joined(separator: "\n"))
            </svg>

            """
    }

    private func frame() -> [String] {
        let bottom = Self.height - Self.margin.bottom
        let middle = (Self.margin.top + bottom) / 2
        return [
            Self.text(title, x: 20, y: 30, style: "title"),
            Self.text(note, x: 20, y: 50, style: "label"),
            Self.text(
                x.label, x: (Self.margin.left + Self.width - Self.margin.right) / 2, y: Self.height - 14,
                style: "label middle"),
            """
            <text class="label middle" transform="translate(20 \(Self.pixels(middle))) rotate(-90)">\
            \(Self.escaped(y.label))</text>
            """,
        ]
    }

    private func yAxis(_ scale: PlotScale, right: Double) -> [String] {
        scale.ticks.flatMap { tick -> [String] in
            guard let position = scale.position(tick) else { return [] }
            return [
                Self.line(Self.margin.left, position, right, position, style: "grid"),
                Self.text(PlotScale.text(tick), x: Self.margin.left - 8, y: position + 4, style: "tick end"),
            ]
        }
    }

    private func xAxis(_ scale: PlotScale, bottom: Double) -> [String] {
        scale.ticks.flatMap { tick -> [String] in
            guard let position = scale.position(tick) else { return [] }
            return [
                Self.line(position, Self.margin.top, position, bottom, style: "grid"),
                Self.text(PlotScale.text(tick), x: position, y: bottom + 20, style: "tick middle"),
            ]
        }
    }

    private func lines(_ drawn: [Series], _ xScale: PlotScale, _ yScale: PlotScale) -> [String] {
        drawn.enumerated().compactMap { index, series in
            let corners = series.points.compactMap { point -> String? in
                guard let x = xScale.position(point.x), let y = yScale.position(point.y) else { return nil }
                return "\(Self.pixels(x)),\(Self.pixels(y))"
            }
            guard !corners.isEmpty else { return nil }
            return "<polyline class=\"line s\(index)\" points=\"\(corners.joined(separator: " "))\"/>"
        }
    }

    private func bars(_ drawn: [Series], names: [String], _ scale: PlotScale, right: Double) -> [String] {
        guard !names.isEmpty, let zero = scale.position(scale.lower) else { return [] }
        let slot = (right - Self.margin.left) / Double(names.count)
        let barWidth = slot * 0.8 / Double(max(1, drawn.count))
        var parts = names.enumerated().map { index, name in
            Self.text(
                name, x: Self.margin.left + (Double(index) + 0.5) * slot, y: zero + 20, style: "tick middle")
        }
        for (index, series) in drawn.enumerated() {
            for point in series.points where point.x >= 0 && point.x < Double(names.count) {
                guard let top = scale.position(point.y) else { continue }
                let left =
                    Self.margin.left + point.x.rounded() * slot + slot * 0.1 + Double(index) * barWidth
                parts.append(
                    """
                    <rect class="bar f\(index)" x="\(Self.pixels(left))" y="\(Self.pixels(top))" \
                    width="\(Self.pixels(max(1, barWidth - 2)))" height="\(Self.pixels(max(0, zero - top)))"/>
                    """)
                guard barWidth > 24 else { continue }
                parts.append(
                    Self.text(
                        PlotScale.text(point.y, digits: 2), x: left + barWidth / 2 - 1, y: top - 5, style: "tick middle"
                    ))
            }
        }
        return parts
    }

    private func legend(_ drawn: [Series]) -> [String] {
        guard drawn.count > 1 else { return [] }
        var left = 20.0
        var parts: [String] = []
        for (index, series) in drawn.enumerated() {
            if marks == .lines {
                parts.append(
                    Self.line(
                        left, Self.legendRow.y, left + Self.legendRow.mark, Self.legendRow.y, style: "line s\(index)"))
            } else {
                parts.append(
                    "<rect class=\"f\(index)\" x=\"\(Self.pixels(left + 6))\" y=\"\(Self.pixels(Self.legendRow.y - 6))\" "
                        + "width=\"12\" height=\"12\"/>")
            }
            left += Self.legendRow.mark + 6
            parts.append(Self.text(series.name, x: left, y: Self.legendRow.y + 4, style: "tick"))
            left += Double(series.name.count) * Self.legendRow.letter + Self.legendRow.gap
        }
        return parts
    }

    /// Colours that keep apart for colour-blind readers too; lines also differ in their dashes.
    private static let palette: [(light: String, dark: String, dashes: String)] = [
        ("#0b62c4", "#6cb0ff", "none"), ("#c2410c", "#ff9b5e", "8 4"), ("#0f7b5f", "#4fd1a5", "2 3"),
        ("#8b2fb0", "#d79bf0", "10 3 2 3"), ("#7a6200", "#e0c34a", "5 5"), ("#5b6470", "#b4bdc9", "1 4"),
    ]

    private static var styleSheet: String {
        var light = ".paper{fill:#ffffff}.title{fill:#14181f}.label,.tick{fill:#444c58}.grid{stroke:#dfe3e8}"
        var dark = ".paper{fill:#14181f}.title{fill:#f2f4f7}.label,.tick{fill:#b4bdc9}.grid{stroke:#313844}"
        for (index, color) in palette.enumerated() {
            light += ".s\(index){stroke:\(color.light);stroke-dasharray:\(color.dashes)}.f\(index){fill:\(color.light)}"
            dark += ".s\(index){stroke:\(color.dark)}.f\(index){fill:\(color.dark)}"
        }
        return ".title{font-size:18px;font-weight:600}.label{font-size:13px}.tick{font-size:12px}"
            + ".middle{text-anchor:middle}.end{text-anchor:end}.line{fill:none;stroke-width:2.2;stroke-linejoin:round}"
            + light + "@media (prefers-color-scheme:dark){\(dark)}"
    }

    private static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, style: String) -> String {
        "<line class=\"\(style)\" x1=\"\(pixels(x1))\" y1=\"\(pixels(y1))\" x2=\"\(pixels(x2))\" y2=\"\(pixels(y2))\"/>"
    }

    private static func text(_ text: String, x: Double, y: Double, style: String) -> String {
        "<text class=\"\(style)\" x=\"\(pixels(x))\" y=\"\(pixels(y))\">\(escaped(text))</text>"
    }

    private static func pixels(_ value: Double) -> String { Figure.number(value, digits: 1) }

    /// `text` as XML allows it: markup escaped, control characters left out.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default:
                if scalar.value >= 0x20, scalar.value != 0xFFFE, scalar.value != 0xFFFF {
                    escaped.unicodeScalars.append(scalar)
                }
            }
        }
        return escaped
    }
}
