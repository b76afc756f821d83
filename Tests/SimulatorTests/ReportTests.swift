import Testing

@testable import Simulator

@Suite struct ReportTests {
    @Test func percentilesAreMeasuredValues() {
        let values = Distribution((1...1_000).reversed().map(Double.init))
        #expect(values.count == 1_000 && values.least == 1 && values.most == 1_000 && values.mean == 500.5)
        #expect(values.p5 == 50 && values.median == 500 && values.p90 == 900 && values.p99 == 990)
        #expect(Distribution([]).count == 0 && Distribution([.nan]).count == 0)
        #expect(Distribution([3]).p99 == 3 && Distribution([3]).p5 == 3)
    }

    @Test func theCumulativeCurveEndsAtOne() {
        let points = Distribution.cumulative((0..<1_000).map(Double.init), limit: 50)
        #expect(points.count == 51 && points.first == Plot.Point(0, 0) && points.last == Plot.Point(999, 1))
        #expect(zip(points, points.dropFirst()).allSatisfy { $0.x <= $1.x && $0.y < $1.y })
        #expect(Distribution.cumulative([]).isEmpty && Distribution.cumulative([2]).last == Plot.Point(2, 1))
    }

    @Test func figuresAreWrittenAlike() {
        #expect(Figure.number(1.005, digits: 1) == "1.0" && Figure.number(-2.46, digits: 1) == "-2.5")
        #expect(Figure.number(0.04, digits: 2) == "0.04" && Figure.number(-0.001, digits: 2) == "0.00")
        #expect(Figure.number(.nan, digits: 2) == "–" && Figure.number(1e300, digits: 2) == "–")
        #expect(Figure.seconds(0.12) == "120 ms" && Figure.seconds(61.26) == "61.3 s")
        #expect(Figure.share(0.9912) == "99.12 %" && Figure.rate(1_234) == "1.23 kB/s")
    }
}
