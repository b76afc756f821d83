import Foundation

/// The cities that nodes stand in: where much of the Internet's traffic is exchanged, on all inhabited continents.
package enum WorldMap {
    /// A place; degrees north and east, and how many nodes stand there in proportion to others.
    package struct City: Sendable {
        package var name: String
        var north: Double
        var east: Double
        var weight: Double
    }

    package static let cities: [City] = [
        City(name: "Amsterdam", north: 52.37, east: 4.90, weight: 4),
        City(name: "Athens", north: 37.98, east: 23.73, weight: 1),
        City(name: "Atlanta", north: 33.75, east: -84.39, weight: 2),
        City(name: "Auckland", north: -36.85, east: 174.76, weight: 1),
        City(name: "Bangkok", north: 13.76, east: 100.50, weight: 1),
        City(name: "Bogotá", north: 4.71, east: -74.07, weight: 1),
        City(name: "Bucharest", north: 44.43, east: 26.10, weight: 1),
        City(name: "Buenos Aires", north: -34.60, east: -58.38, weight: 1),
        City(name: "Cairo", north: 30.04, east: 31.24, weight: 1),
        City(name: "Chicago", north: 41.88, east: -87.63, weight: 3),
        City(name: "Dallas", north: 32.78, east: -96.80, weight: 3),
        City(name: "Dubai", north: 25.20, east: 55.27, weight: 1),
        City(name: "Frankfurt", north: 50.11, east: 8.68, weight: 5),
        City(name: "Helsinki", north: 60.17, east: 24.94, weight: 2),
        City(name: "Hong Kong", north: 22.32, east: 114.17, weight: 2),
        City(name: "Istanbul", north: 41.01, east: 28.98, weight: 1),
        City(name: "Jakarta", north: -6.21, east: 106.85, weight: 2),
        City(name: "Johannesburg", north: -26.20, east: 28.05, weight: 1),
        City(name: "Lagos", north: 6.52, east: 3.38, weight: 1),
        City(name: "London", north: 51.51, east: -0.13, weight: 4),
        City(name: "Los Angeles", north: 34.05, east: -118.24, weight: 3),
        City(name: "Madrid", north: 40.42, east: -3.70, weight: 2),
        City(name: "Melbourne", north: -37.81, east: 144.96, weight: 1),
        City(name: "Mexico City", north: 19.43, east: -99.13, weight: 1),
        City(name: "Miami", north: 25.76, east: -80.19, weight: 2),
        City(name: "Milan", north: 45.46, east: 9.19, weight: 2),
        City(name: "Mumbai", north: 19.08, east: 72.88, weight: 2),
        City(name: "Nairobi", north: -1.29, east: 36.82, weight: 1),
        City(name: "New York", north: 40.71, east: -74.01, weight: 5),
        City(name: "Osaka", north: 34.69, east: 135.50, weight: 1),
        City(name: "Paris", north: 48.86, east: 2.35, weight: 4),
        City(name: "Santiago", north: -33.45, east: -70.67, weight: 1),
        City(name: "São Paulo", north: -23.55, east: -46.63, weight: 3),
        City(name: "Seattle", north: 47.61, east: -122.33, weight: 3),
        City(name: "Seoul", north: 37.57, east: 126.98, weight: 2),
        City(name: "Singapore", north: 1.35, east: 103.82, weight: 3),
        City(name: "Stockholm", north: 59.33, east: 18.07, weight: 2),
        City(name: "Sydney", north: -33.87, east: 151.21, weight: 2),
        City(name: "Tokyo", north: 35.68, east: 139.69, weight: 3),
        City(name: "Toronto", north: 43.65, east: -79.38, weight: 2),
        City(name: "Warsaw", north: 52.23, east: 21.01, weight: 2),
    ]

    /// Kilometres along the surface (haversine on a sphere of 6,371 km).
    package static func distance(_ first: City, _ second: City) -> Double {
        let radians = Double.pi / 180
        let north = sin((second.north - first.north) * radians / 2)
        let east = sin((second.east - first.east) * radians / 2)
        let square = north * north + cos(first.north * radians) * cos(second.north * radians) * east * east
        return 2 * 6_371 * asin(min(1, square.squareRoot()))
    }

    /// The city of each of `count` nodes, drawn by weight.
    static func place(_ count: Int, using random: inout SimulationRandom) -> [Int] {
        var upTo: [Double] = []
        for city in cities { upTo.append((upTo.last ?? 0) + city.weight) }
        let total = upTo.last ?? 0
        return (0..<count).map { _ in
            let mark = random.unit() * total
            return upTo.firstIndex { mark < $0 } ?? 0
        }
    }
}
