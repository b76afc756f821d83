import Blake3
import Foundation
import Testing

@Suite struct Blake3Tests {
    @Test("Bytes that are hashed where they lie", arguments: [0, 1, 1_024, 1_025, 32_768, 32_769])
    func finalizeAdding(_ count: Int) {
        for first in [0, 1, 32_768, 40_000] {
            var hasher = Blake3Hasher(deriveKeyContext: "test")
            hasher.update(pattern(first))
            let digest = pattern(count).withUnsafeBytes { hasher.finalize(adding: $0) }
            hasher.update(pattern(count))
            #expect(hasher.finalize() == digest)
        }
    }

    @Test(.enabled(if: Vectors.published != nil, "../shared/data/blake3/test_vectors.json is not here"))
    func publishedVectors() throws {
        let vectors = try #require(Vectors.published)
        let key = try #require(Digest(Array(vectors.key.utf8)))
        for vector in vectors.cases {
            let input = pattern(vector.inputLen)
            let outputCount = vector.hash.count / 2
            var hashers = [
                Blake3Hasher(), Blake3Hasher(key: key), Blake3Hasher(deriveKeyContext: vectors.contextString),
            ]
            for index in hashers.indices { hashers[index].update(input) }
            let expected = [vector.hash, vector.keyedHash, vector.deriveKey]
            for (hasher, expected) in zip(hashers, expected) {
                #expect(hex(hasher.finalize(byteCount: outputCount)) == expected)
                #expect(hasher.finalize().hex == expected.prefix(64))
            }
            input.withUnsafeBytes { bytes in
                #expect(Blake3.hash(bytes).hex == vector.hash.prefix(64))
                #expect(Blake3.keyedHash(key: key, bytes).hex == vector.keyedHash.prefix(64))
                let derived = Blake3.deriveKey(context: vectors.contextString, bytes)
                #expect(derived.hex == vector.deriveKey.prefix(64))
            }
        }
    }

    @Test func emptyInputWithoutStorage() {
        let expected = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
        #expect(Blake3.hash(UnsafeRawBufferPointer(start: nil, count: 0)).hex == expected)
        #expect(Blake3Hasher().finalize().hex == expected)
        #expect(Blake3.hash(EmptyCollection<UInt8>()).hex == expected)
    }

    @Test func sequencesWithoutContiguousStorage() {
        let bytes = noise(5000)
        #expect(Blake3.hash(bytes.lazy.map { $0 }) == Blake3.hash(bytes))
        var hasher = Blake3Hasher()
        hasher.update(AnySequence(bytes))
        #expect(hasher.finalize() == Blake3.hash(bytes))
    }

    @Test func extendedOutputIsLimited() {
        let hasher = Blake3Hasher()
        let limit = Blake3Hasher.maxOutputByteCount
        #expect(hasher.finalize(byteCount: limit).count == limit)
        #expect(hasher.finalize(byteCount: limit + 1).count == limit)
        #expect(hasher.finalize(byteCount: -1).isEmpty)
        #expect(hasher.finalize(byteCount: 100) == Array(hasher.finalize(byteCount: limit).prefix(100)))
    }

    @Test func piecesOfAnySizeGiveTheSameHash() {
        let bytes = noise(1_500_000)
        let expected = Blake3.hash(bytes)
        for step in [1023, 1024, 4096, 32_767, 32_768, 32_769, 100_000, 262_144, 1_000_000] {
            var hasher = Blake3Hasher()
            var blocks = BlockHasher()
            for start in stride(from: 0, to: bytes.count, by: step) {
                bytes.withUnsafeBytes { all in
                    let piece = UnsafeRawBufferPointer(rebasing: all[start..<min(start + step, bytes.count)])
                    hasher.update(piece)
                    blocks.update(piece)
                }
            }
            #expect(hasher.finalize() == expected, "step \(step)")
            #expect(blocks.finalize().digest == expected, "step \(step)")
        }
        var generator = SystemRandomNumberGenerator()
        var hasher = Blake3Hasher()
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...70_000, using: &generator))
            hasher.update(piece)
            rest = rest.dropFirst(piece.count)
        }
        #expect(hasher.finalize() == expected)
    }

    @Test func aCopyOfAHasherGoesItsOwnWay() {
        var one = Blake3Hasher()
        one.update(noise(40_000))
        var two = one
        two.update([1])
        #expect(one.finalize() == Blake3.hash(noise(40_000)))
        #expect(two.finalize() == Blake3.hash(noise(40_000) + [1]))
    }

    @Test func filesPipesAndTheirErrors() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "blake3-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for count in [0, 1, 262_144, 262_145, 1_048_577, 3_000_000] {
            let bytes = noise(count)
            let file = folder.appending(path: "\(count)")
            try Data(bytes).write(to: file)
            for threads in [-1, 1, 2, 1000] {
                let result = try Blake3.hashFile(path: file.path, threads: threads)
                #expect(result.digest == Blake3.hash(bytes))
                #expect(result.byteCount == count)
            }
        }
        let long = noise(3_000_000)
        for offset in [1, 2_000_000, 2_999_999, 3_000_000] {
            let file = try FileHandle(forReadingFrom: folder.appending(path: "3000000"))
            try file.seek(toOffset: UInt64(offset))
            let rest = try Blake3.hashStream(descriptor: file.fileDescriptor, name: "a file", threads: 2)
            #expect(rest.digest == Blake3.hash(long[offset...]))
            #expect(rest.byteCount == long.count - offset)
            #expect(try file.offset() == UInt64(long.count))
            try file.close()
        }
        let pipe = Pipe()
        pipe.fileHandleForWriting.write(Data([1, 2, 3]))
        try pipe.fileHandleForWriting.close()
        let piped = try Blake3.hashStream(
            descriptor: pipe.fileHandleForReading.fileDescriptor, name: "standard input")
        #expect(piped.digest == Blake3.hash([1, 2, 3]))
        #expect(piped.byteCount == 3)
        for path in [folder.appending(path: "missing").path, folder.path] {
            let error = #expect(throws: Blake3Error.self) { try Blake3.hashFile(path: path) }
            #expect(error?.code == .unreadable)
            #expect(error?.message.contains(path) == true)
        }
    }
}
