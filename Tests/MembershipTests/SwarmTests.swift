import Foundation
import Testing

@testable import Membership

@Suite struct SwarmTests {
    @Test func aCrashIsFoundByAllInSpiteOfLoss() {
        var swarm = Swarm(30, seed: 11)
        swarm.lossShare = 0.05
        swarm.run(for: .seconds(20))
        swarm.cores[7] = nil
        let crash = swarm.now
        swarm.run(for: .seconds(60))
        #expect(swarm.cores.compactMap { $0 }.allSatisfy { $0.state(7) == .dead }, "seed 11")
        #expect(swarm.deaths.allSatisfy { $0.node == 7 }, "seed 11: \(swarm.deaths)")
        let last = swarm.deaths.map(\.at).max() ?? .zero
        #expect(last - crash < .seconds(50))
        swarm.start(7)
        swarm.run(for: .seconds(30))
        #expect(swarm.cores.compactMap { $0 }.allSatisfy { $0.state(7) == .alive }, "seed 11: it came back")
    }

    @Test func whoLeavesIsNotSuspected() {
        var swarm = Swarm(20, seed: 12)
        swarm.run(for: .seconds(15))
        swarm.leave(3)
        swarm.run(for: .seconds(30))
        #expect(swarm.cores.compactMap { $0 }.allSatisfy { $0.state(3) == .left }, "seed 12")
        #expect(swarm.deaths.isEmpty)
    }

    @Test func liarsMakeNobodyDead() {
        var swarm = Swarm(30, seed: 13)
        swarm.lossShare = 0.02
        swarm.liars = [1, 6, 11, 16, 21, 26]
        swarm.run(for: .seconds(120))
        #expect(swarm.deaths.isEmpty, "seed 13: \(swarm.deaths)")
        let suspicions = swarm.cores.compactMap { $0?.counters.suspicions }.reduce(0, +)
        #expect(suspicions > 100)
        // And a true crash is still found, and soon, though lies fill the messages.
        swarm.cores[4] = nil
        swarm.run(for: .seconds(75))
        let honest = swarm.cores.indices.filter { $0 != 4 && !swarm.liars.contains($0) }
        #expect(honest.allSatisfy { swarm.cores[$0]?.state(4) == .dead }, "seed 13")
        #expect(swarm.deaths.allSatisfy { $0.node == 4 }, "seed 13: \(swarm.deaths)")
    }

    @Test func coordinatesFindTheirPlaces() {
        // Places on a plane with access links of their own: the matrix that the coordinates must predict.
        var random = SeededGenerator(5)
        let count = 40
        let places = (0..<count).map { _ in
            (
                Float.random(in: 0...150, using: &random), Float.random(in: 0...150, using: &random),
                Float.random(in: 1...10, using: &random)
            )
        }
        func roundTrip(_ a: Int, _ b: Int) -> Float {
            let (x, y) = (places[a].0 - places[b].0, places[a].1 - places[b].1)
            return (x * x + y * y).squareRoot() + places[a].2 + places[b].2
        }
        var cores = Array(repeating: VivaldiCore(), count: count)
        for _ in 0..<400 {
            for node in 0..<count {
                let other = (node + Int.random(in: 1..<count, using: &random)) % count
                let noise = Float.random(in: 1...1.05, using: &random)
                let isTaken = cores[node].onSample(
                    roundTripMillis: roundTrip(node, other) * noise, of: cores[other].coordinate, using: &random)
                #expect(isTaken)
            }
        }
        var errors: [Float] = []
        for a in 0..<count {
            for b in 0..<a {
                let predicted = cores[a].coordinate.distanceMillis(to: cores[b].coordinate)
                errors.append(abs(predicted - roundTrip(a, b)) / roundTrip(a, b))
            }
        }
        errors.sort()
        #expect(errors[errors.count / 2] < 0.1, "median relative error \(errors[errors.count / 2])")
    }

    /// How far predictions are off in the median on a line of nodes; one in five says that it is anywhere.
    private func errorAmongLiars(_ liars: Set<Int>, seed: UInt64) -> Float {
        var random = SeededGenerator(seed)
        let count = 40
        var cores = Array(repeating: VivaldiCore(), count: count)
        func roundTrip(_ a: Int, _ b: Int) -> Float { Float(abs(a - b)) * 5 + 10 }
        for _ in 0..<400 {
            for node in 0..<count {
                let other = (node + Int.random(in: 1..<count, using: &random)) % count
                var place = cores[other].coordinate
                if liars.contains(other) {
                    let vector = (0..<8).map { _ in Float.random(in: -500...500, using: &random) }
                    place = Coordinate(vector: vector, height: 1, error: 0) ?? .origin
                }
                _ = cores[node].onSample(roundTripMillis: roundTrip(node, other), of: place, using: &random)
            }
        }
        var errors: [Float] = []
        for a in 0..<count where !liars.contains(a) {
            for b in 0..<a where !liars.contains(b) {
                let predicted = cores[a].coordinate.distanceMillis(to: cores[b].coordinate)
                errors.append(abs(predicted - roundTrip(a, b)) / roundTrip(a, b))
            }
        }
        errors.sort()
        return errors[errors.count / 2]
    }

    @Test func liarsHardlyMoveTheCoordinatesOfOthers() {
        let honest = errorAmongLiars([], seed: 6)
        let lied = errorAmongLiars(Set(stride(from: 2, to: 40, by: 5)), seed: 6)
        #expect(honest < 0.1 && lied < 0.15, "median relative errors \(honest) and \(lied), seed 6")
    }

    @Test func absurdSamplesAreIgnored() throws {
        var core = VivaldiCore()
        var random = SeededGenerator(1)
        for bad: Float in [0, -1, .nan, .infinity, 10_000.5] {
            #expect(!core.onSample(roundTripMillis: bad, of: .origin, using: &random))
        }
        #expect(core.coordinate == .origin)
        let before = core.coordinate
        let isTaken = core.onSample(roundTripMillis: 10_000, of: .origin, using: &random)
        #expect(isTaken)
        let step = core.coordinate.vector - before.vector
        #expect((step * step).sum().squareRoot() <= VivaldiCore.maxStepMillis + 1)
        let zeros = [Float](repeating: 0, count: 8)
        #expect(Coordinate(vector: zeros, height: 0, error: 0) != nil)
        #expect(Coordinate(vector: [Float](repeating: 0, count: 7), height: 0, error: 0) == nil)
        #expect(Coordinate(vector: [10_000] + zeros.dropLast(), height: 0, error: 0) != nil)
        #expect(Coordinate(vector: [10_001] + zeros.dropLast(), height: 0, error: 0) == nil)
        #expect(Coordinate(vector: [.nan] + zeros.dropLast(), height: 0, error: 0) == nil)
        #expect(Coordinate(vector: zeros, height: -1, error: 0) == nil)
        #expect(Coordinate(vector: zeros, height: 0, error: .infinity) == nil)
    }
}
