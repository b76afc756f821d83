import Testing

@testable import Simulator

@Suite struct LatencyModelTests {
    @Test func measuresTheEarth() throws {
        func city(_ name: String) throws -> WorldMap.City {
            try #require(WorldMap.cities.first { $0.name == name })
        }
        #expect(abs(WorldMap.distance(try city("London"), try city("New York")) - 5_570) < 30)
        #expect(abs(WorldMap.distance(try city("Sydney"), try city("Santiago")) - 11_350) < 100)
        #expect(WorldMap.distance(try city("Tokyo"), try city("Tokyo")) == 0)
        #expect(Set(WorldMap.cities.map(\.name)).count == WorldMap.cities.count)
    }

    @Test func roundTripsLookLikeThoseOfTheInternet() {
        let model = LatencyModel(nodes: 1_000, asymmetry: 0.1, seed: 5)
        var random = SimulationRandom(seed: 5, purpose: "pairs")
        let samples = (0..<20_000).map { _ in
            let (first, second) = (random.index(below: 1_000), random.index(below: 1_000))
            return model.milliseconds(from: first, to: second) + model.milliseconds(from: second, to: first)
        }
        let roundTrips = Distribution(samples)
        #expect((90...150).contains(roundTrips.median))
        #expect((5...30).contains(roundTrips.p5) && (220...420).contains(roundTrips.p99))
    }

    @Test func isAsymmetricAsFarAsItWasTold() {
        let even = LatencyModel(nodes: 200, asymmetry: 0, seed: 6)
        let uneven = LatencyModel(nodes: 200, asymmetry: 0.4, seed: 6)
        var most = 0.0
        for first in 0..<200 {
            for second in 0..<first {
                #expect(
                    even.milliseconds(from: first, to: second) == even.milliseconds(from: second, to: first))
                let (there, back) = (
                    uneven.milliseconds(from: first, to: second), uneven.milliseconds(from: second, to: first)
                )
                most = max(most, there / back)
                let sum = 2 * even.milliseconds(from: first, to: second)
                #expect(abs(there + back - sum) < 1e-9 * sum)
            }
        }
        #expect(most > 1.5 && most < 1.4 / 0.6 + 0.01)
    }

    @Test func jitterOnlyDelays() {
        let model = LatencyModel(nodes: 10, asymmetry: 0, seed: 7)
        var random = SimulationRandom(seed: 7, purpose: "jitter")
        let way = model.milliseconds(from: 1, to: 2)
        let delays = Distribution((0..<10_000).map { _ in model.milliseconds(from: 1, to: 2, using: &random) })
        #expect(delays.least >= way)
        let mean = LatencyModel.jitter.milliseconds + LatencyModel.jitter.share * way
        #expect(abs(delays.mean - way - mean) < mean * 0.05)
    }
}
