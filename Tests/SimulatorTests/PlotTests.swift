import Foundation
import FoundationXML
import Testing

@testable import Simulator

@Suite struct PlotTests {
    /// The names of the elements of a well-formed document; nil if it is not.
    private func elements(of text: String) -> [String]? {
        final class Names: NSObject, XMLParserDelegate {
            var names: [String] = []
            func parser(
                _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
                attributes: [String: String]
            ) { names.append(name) }
        }
        let names = Names()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = names
        return parser.parse() ? names.names : nil
    }

    private func plot(_ series: [Plot.Series], logarithmic: Bool = false, marks: Plot.Marks = .lines) -> Plot {
        Plot(
            title: "a < b & \"c\" \u{1}", note: "seed <7>", x: Plot.Axis("ms", isLogarithmic: logarithmic),
            y: Plot.Axis("share", range: 0...1), marks: marks, series: series)
    }

    @Test func isWellFormedWhateverTheNamesAndValues() throws {
        let odd = Plot.Series(
            name: "<&>",
            points: [
                .init(1, 0.5), .init(.nan, 1), .init(.infinity, 0), .init(-3, 2), .init(1e300, -1e300), .init(0, 0),
            ])
        for marks in [Plot.Marks.lines, .bars(["x & y", "z"]), .bars([])] {
            for logarithmic in [false, true] {
                let svg = plot([odd, odd], logarithmic: logarithmic, marks: marks).svg()
                let names = try #require(elements(of: svg))
                #expect(names.first == "svg" && names.contains("style"))
                #expect(!svg.contains("nan") && !svg.contains("inf"))
            }
        }
    }

    @Test func drawsALineASeriesAndALegendForSeveral() throws {
        let series = (0..<3).map { number in
            Plot.Series(name: "line \(number)", points: [.init(0, 0), .init(10, Double(number) / 3)])
        }
        let svg = plot(series).svg()
        #expect(try #require(elements(of: svg)).count { $0 == "polyline" } == 3)
        #expect(svg.contains("line 2"))
        #expect(!plot([series[0]]).svg().contains("line 0"))
    }

    @Test func drawsABarAValue() throws {
        let series = Plot.Series(name: "a", points: [.init(0, 0.2), .init(1, 0.9), .init(7, 1)])
        let names = try #require(elements(of: plot([series], marks: .bars(["one", "two"])).svg()))
        // The paper is a rectangle as well; the third value has no name.
        #expect(names.count { $0 == "rect" } == 3)
    }

    @Test func saysWhenThereIsNothingToDraw() {
        #expect(plot([]).svg().contains("no data"))
    }

    @Test func leavesOutWhatIsTooMuch() throws {
        let points = (0...Plot.maxPoints).map { Plot.Point(Double($0), 0.5) }
        let many = (0...Plot.maxSeries).map { Plot.Series(name: "s\($0)", points: points) }
        let svg = plot(many).svg()
        #expect(try #require(elements(of: svg)).count { $0 == "polyline" } == Plot.maxSeries)
        let line = try #require(svg.split(separator: "\n").first { $0.hasPrefix("<polyline") })
        #expect(line.count { $0 == "," } == Plot.maxPoints)
    }

    @Test func ticksAreRoundNumbers() {
        func ticks(_ values: [Double], _ axis: Plot.Axis = Plot.Axis("")) -> [Double] {
            PlotScale(axis, values: values, from: 0, to: 100).ticks
        }
        #expect(ticks([0, 97]) == [0, 20, 40, 60, 80, 100])
        #expect(ticks([0.5, 5.1]) == [0, 1, 2, 3, 4, 5, 6])
        #expect(ticks([-3, 3]).contains(0) && ticks([-3, 3]).first == -3)
        #expect(ticks([3, 800], Plot.Axis("", isLogarithmic: true)) == [1, 10, 100, 1_000])
        #expect(ticks([]).count > 1 && ticks([5, 5]).count > 1)
        #expect(PlotScale.text(12_500) == "12.5 k" && PlotScale.text(0.25) == "0.25" && PlotScale.text(1_000) == "1000")
        #expect(PlotScale.text(1.153, digits: 2) == "1.15" && PlotScale.text(2_000_000) == "2 M")
    }
}
