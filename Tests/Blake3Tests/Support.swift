import Blake3
import Foundation

/// Bytes of the published vectors: 0, 1, ... 250, 0, 1, ...
func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 251) } }

/// Bytes without a period that a mistake in chunk order could hide behind.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return [UInt8](unsafeUninitializedCapacity: count) { output, initialised in
        for index in 0..<count {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            output[index] = UInt8(truncatingIfNeeded: state >> 24)
        }
        initialised = count
    }
}

func hash(_ bytes: some Collection<UInt8>, threads: Int) -> Digest {
    Array(bytes).withUnsafeBytes { Blake3.hash($0, threads: threads) }
}

struct Vectors: Decodable {
    struct Case: Decodable {
        let inputLen: Int
        let hash: String
        let keyedHash: String
        let deriveKey: String
    }
    let key: String
    let contextString: String
    let cases: [Case]

    /// The published vectors; nil where this checkout does not have them beside it.
    static let published: Vectors? = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.appending(path: "../shared/data/blake3/test_vectors.json")
        guard let data = try? Data(contentsOf: file) else { return nil }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try? decoder.decode(Vectors.self, from: data)
    }()
}

func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }
