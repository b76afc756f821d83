import Foundation

/// How long a message travels: city to city, the last mile at both ends, and jitter.
///
/// The constants are chosen so that the figures look like published ones; `docs/design/simulator.md` has the sources and
/// the comparison.
package struct LatencyModel {
    /// Kilometres that light travels in glass in a millisecond: 299.8 divided by a refractive index of 1.468.
    static let fibreKilometresPerMillisecond = 204.2
    /// A cable's way over the shortest one: the median between continents, what is added nearby (it fades over so many
    /// kilometres), the spread, and the least.
    static let routeInflation = (median: 1.35, nearby: 0.75, fadingKilometres: 1_500.0, sigma: 0.15, least: 1.15)
    /// Between two nodes of one city, each way, in milliseconds.
    static let withinCityMilliseconds = 0.3
    /// From a node to its city's exchange, each way, in milliseconds: the median and spread of nodes.
    static let lastMileMilliseconds = (median: 1.5, sigma: 1.0)
    /// The longest last mile, in milliseconds: a satellite far from the ground station.
    static let longestLastMileMilliseconds = 300.0
    /// The mean of the exponential jitter: a fixed part in milliseconds and a share of the way.
    static let jitter = (milliseconds: 0.2, share: 0.02)

    private let cities: [Int]
    private let lastMile: [Double]
    private let cityToCity: [Double]
    private let cityCount = WorldMap.cities.count

    /// Places `nodes` nodes. `asymmetry` (0 ... 0.5) bounds the share of a round trip that moves from one direction
    /// of a pair of cities to the other.
    package init(nodes: Int, asymmetry: Double, seed: UInt64) {
        var placing = SimulationRandom(seed: seed, purpose: "placement")
        cities = WorldMap.place(nodes, using: &placing)
        var ends = SimulationRandom(seed: seed, purpose: "last mile")
        lastMile = (0..<nodes).map { _ in
            let drawn = ends.logNormal(
                median: Self.lastMileMilliseconds.median, sigma: Self.lastMileMilliseconds.sigma)
            return min(drawn, Self.longestLastMileMilliseconds)
        }
        cityToCity = Self.matrix(asymmetry: asymmetry, seed: seed)
    }

    /// The city of `node`.
    package func city(of node: Int) -> WorldMap.City { WorldMap.cities[cities[node]] }

    /// Milliseconds one way, without jitter.
    package func milliseconds(from: Int, to: Int) -> Double {
        cityToCity[cities[from] * cityCount + cities[to]] + (lastMile[from] + lastMile[to])
    }

    /// Milliseconds one way of one message.
    func milliseconds(from: Int, to: Int, using random: inout SimulationRandom) -> Double {
        let way = milliseconds(from: from, to: to)
        return way + random.exponential(mean: Self.jitter.milliseconds + Self.jitter.share * way)
    }

    private static func matrix(asymmetry: Double, seed: UInt64) -> [Double] {
        var random = SimulationRandom(seed: seed, purpose: "routes")
        let cities = WorldMap.cities
        var matrix = [Double](repeating: withinCityMilliseconds, count: cities.count * cities.count)
        for first in cities.indices {
            for second in cities.indices.dropFirst(first + 1) {
                let kilometres = WorldMap.distance(cities[first], cities[second])
                let straight = kilometres / fibreKilometresPerMillisecond
                let usual =
                    routeInflation.median + routeInflation.nearby * exp(-kilometres / routeInflation.fadingKilometres)
                let inflation = random.logNormal(median: usual, sigma: routeInflation.sigma)
                let oneWay = max(withinCityMilliseconds, straight * max(routeInflation.least, inflation))
                let moved = (random.unit() * 2 - 1) * asymmetry
                matrix[first * cities.count + second] = oneWay * (1 + moved)
                matrix[second * cities.count + first] = oneWay * (1 - moved)
            }
        }
        return matrix
    }
}
