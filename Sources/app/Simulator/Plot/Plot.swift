/// A picture of a result: lines over a number axis, or bars over names. `svg()` draws it.
package struct Plot: Equatable, Sendable {
    /// The most series of a plot (as many as there are colours); further ones are not drawn.
    package static let maxSeries = 6
    /// The most points or bars of a series; further ones are not drawn.
    package static let maxPoints = 2_000

    package struct Point: Codable, Equatable, Sendable {
        package var x: Double
        package var y: Double

        package init(_ x: Double, _ y: Double) {
            self.x = x
            self.y = y
        }
    }

    /// Values under one name. In a plot of bars the x of a point is the number of its category.
    package struct Series: Equatable, Sendable {
        package var name: String
        package var points: [Point]

        package init(name: String, points: [Point]) {
            self.name = name
            self.points = points
        }
    }

    package struct Axis: Equatable, Sendable {
        package var label: String
        /// Powers of ten at equal distances; only positive values are drawn then.
        package var isLogarithmic: Bool
        /// The range to show; nil: what the values need, from 0 if none is negative.
        package var range: ClosedRange<Double>?

        package init(_ label: String, isLogarithmic: Bool = false, range: ClosedRange<Double>? = nil) {
            self.label = label
            self.isLogarithmic = isLogarithmic
            self.range = range
        }
    }

    package enum Marks: Equatable, Sendable {
        case lines
        /// Groups of bars, one group a name.
        case bars([String])
    }

    package var title: String
    package var note: String
    package var x: Axis
    package var y: Axis
    package var marks: Marks
    package var series: [Series]

    /// `note` is a smaller line under the title, such as the seed.
    package init(title: String, note: String = "", x: Axis, y: Axis, marks: Marks = .lines, series: [Series]) {
        self.title = title
        self.note = note
        self.x = x
        self.y = y
        self.marks = marks
        self.series = series
    }
}
