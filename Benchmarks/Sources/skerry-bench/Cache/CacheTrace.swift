import Foundation
import HTTPCache

/// A seeded trace of requests: Zipf over a catalogue, with one-hit wonders and a crawler in it.
struct CacheTrace {
    /// What the requests are like; everything that a seed does not say.
    struct Shape {
        var name: String
        /// Exponent of the Zipf distribution.
        var skew: Double
        /// Share of requests for objects that nobody asks for again.
        var wonders = 0.0
        /// Share of requests of a crawler that walks through the catalogue in order.
        var crawler = 0.0
    }

    struct Request {
        var key: Int
        var bytes: Int64
    }

    let requests: [Request]
    /// Bytes of the catalogue, which sizes of caches are parts of.
    let catalogueBytes: Int64

    init(_ shape: Shape, objects: Int, requests count: Int, seed: UInt64) {
        var random = Generator(state: seed)
        // Log-normal with a median of 8 KiB and a long tail, as sizes of web objects are.
        let sizes = (0..<objects).map { _ in CacheTrace.size(&random) }
        // The ranks are not the order of the catalogue, which the crawler walks.
        let places = (0..<objects).shuffled(using: &random)
        var sums: [Double] = []
        var sum = 0.0
        for rank in 1...objects {
            sum += 1 / pow(Double(rank), shape.skew)
            sums.append(sum)
        }
        var requests: [Request] = []
        requests.reserveCapacity(count)
        var crawled = 0
        var nextWonder = objects
        for _ in 0..<count {
            let kind = Double.random(in: 0..<1, using: &random)
            if kind < shape.wonders {
                requests.append(Request(key: nextWonder, bytes: CacheTrace.size(&random)))
                nextWonder += 1
            } else if kind < shape.wonders + shape.crawler {
                requests.append(Request(key: crawled, bytes: sizes[crawled]))
                crawled = (crawled + 1) % objects
            } else {
                let target = Double.random(in: 0..<sum, using: &random)
                var (low, high) = (0, objects - 1)
                while low < high {
                    let middle = (low + high) / 2
                    if sums[middle] > target { high = middle } else { low = middle + 1 }
                }
                requests.append(Request(key: places[low], bytes: sizes[places[low]]))
            }
        }
        self.requests = requests
        catalogueBytes = sizes.reduce(0, +)
    }

    private static func size(_ random: inout Generator) -> Int64 {
        let (u, v) = (Double.random(in: 1e-12..<1, using: &random), Double.random(in: 0..<1, using: &random))
        let normal = (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
        return min(Int64(8_192 * exp(1.5 * normal)) + 64, 16_777_216)
    }

    /// SplitMix64, so that a table repeats.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }
}

/// Hits of one policy on one trace, after a first fifth that fills the cache.
struct CacheHits {
    private(set) var hits = 0
    private(set) var requests = 0
    private(set) var hitBytes: Int64 = 0
    private(set) var bytes: Int64 = 0

    var byObjects: Double { Double(hits) / Double(max(requests, 1)) * 100 }
    var byBytes: Double { Double(hitBytes) / Double(max(bytes, 1)) * 100 }

    mutating func count(_ request: CacheTrace.Request, isHit: Bool) {
        requests += 1
        bytes += request.bytes
        if isHit {
            hits += 1
            hitBytes += request.bytes
        }
    }

    static func measure(_ trace: CacheTrace, ask: (CacheTrace.Request) -> Bool) -> CacheHits {
        var result = CacheHits()
        let warm = trace.requests.count / 5
        for (index, request) in trace.requests.enumerated() {
            let isHit = ask(request)
            if index >= warm { result.count(request, isHit: isHit) }
        }
        return result
    }

    static func ofEviction(_ trace: CacheTrace, capacityBytes: Int64) -> CacheHits {
        var cache = Eviction<Int>(capacityBytes: capacityBytes)
        return measure(trace) { request in
            if cache.use(request.key) { return true }
            _ = cache.insert(request.key, bytes: request.bytes)
            return false
        }
    }

    static func ofLRU(_ trace: CacheTrace, capacityBytes: Int64) -> CacheHits {
        var cache = PlainLRU(capacityBytes: capacityBytes)
        return measure(trace) { cache.ask($0.key, bytes: $0.bytes + Eviction<Int>.overheadBytes) }
    }
}

/// The peer: what was used longest ago goes.
struct PlainLRU {
    private let capacityBytes: Int64
    private var used: Int64 = 0
    private var entries: [Int: (bytes: Int64, turn: Int)] = [:]
    /// Every use in order; a use that is not an entry's last is skipped.
    private var uses: [(key: Int, turn: Int)] = []
    private var head = 0
    private var turn = 0

    init(capacityBytes: Int64) { self.capacityBytes = capacityBytes }

    /// - Returns: Whether it was in. It is in afterwards, if it fits.
    mutating func ask(_ key: Int, bytes: Int64) -> Bool {
        turn += 1
        let isHit = entries[key] != nil
        guard bytes <= capacityBytes / 4 else { return false }
        if !isHit { used += bytes }
        entries[key] = (bytes, turn)
        uses.append((key, turn))
        while used > capacityBytes {
            let use = uses[head]
            head += 1
            guard let entry = entries[use.key], entry.turn == use.turn else { continue }
            entries[use.key] = nil
            used -= entry.bytes
        }
        if head > 1_000_000 {
            uses.removeFirst(head)
            head = 0
        }
        return isHit
    }
}

/// The table of all traces and sizes.
enum CacheRatioTable {
    static let shapes = [
        CacheTrace.Shape(name: "Zipf 0.7", skew: 0.7), CacheTrace.Shape(name: "Zipf 0.9", skew: 0.9),
        CacheTrace.Shape(name: "Zipf 1.1", skew: 1.1),
        CacheTrace.Shape(name: "Zipf 0.9, 30% one-hit wonders", skew: 0.9, wonders: 0.3),
        CacheTrace.Shape(name: "Zipf 0.9, 30% crawler", skew: 0.9, crawler: 0.3),
        CacheTrace.Shape(name: "Zipf 0.9, 20% wonders, 20% crawler", skew: 0.9, wonders: 0.2, crawler: 0.2),
    ]
    /// Sizes of caches in percent of the catalogue's bytes.
    static let percents: [Int64] = [1, 5, 10, 25]

    static func lines(objects: Int, requests: Int, seed: UInt64) -> [String] {
        var lines = [
            "| traffic | cache | objects: S3-FIFO | LRU | bytes: S3-FIFO | LRU |", "|---|---|---|---|---|---|",
        ]
        for shape in shapes {
            let trace = CacheTrace(shape, objects: objects, requests: requests, seed: seed)
            for percent in percents {
                let capacity = trace.catalogueBytes / 100 * percent
                let own = CacheHits.ofEviction(trace, capacityBytes: capacity)
                let lru = CacheHits.ofLRU(trace, capacityBytes: capacity)
                let figures = [own.byObjects, lru.byObjects, own.byBytes, lru.byBytes]
                    .map { String(format: "%.1f%%", $0) }.joined(separator: " | ")
                lines.append("| \(shape.name) | \(percent)% | \(figures) |")
            }
        }
        return lines
    }
}
