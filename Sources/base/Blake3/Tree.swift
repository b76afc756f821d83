internal import CBlake3

/// A mode of the hash function: the key words and flags that all nodes of one tree share.
struct Tree: Sendable {
    let key: Digest
    let mode: UInt32

    /// The plain hash: the key is the initialisation vector (specification, table 1).
    static let hash = Tree(key: initialisationVector, mode: 0)

    static func derivation(context: String) -> Tree {
        let contextTree = Tree(key: initialisationVector, mode: SKERRY_BLAKE3_DERIVE_KEY_CONTEXT)
        let contextKey = Array(context.utf8).withUnsafeBytes { contextTree.last($0, firstChunk: 0).root }
        return Tree(key: contextKey, mode: SKERRY_BLAKE3_DERIVE_KEY_MATERIAL)
    }

    /// Last node of the subtree over `bytes`, whose first byte is in chunk `firstChunk` of the input.
    func last(_ bytes: UnsafeRawBufferPointer, firstChunk: UInt64) -> Node {
        var node = Node()
        key.withUnsafeBytes { key in
            skerry_blake3_tree(bytes.asBytes, bytes.count, firstChunk, key.asBytes, mode, &node.state)
        }
        return node
    }

    /// Last node above at least two values of equal subtrees; `values` is used up as scratch memory.
    func join(_ values: inout [Digest]) -> Node {
        var node = Node()
        values.withUnsafeMutableBytes { values in
            key.withUnsafeBytes { key in
                skerry_blake3_join(
                    values.asBytes, values.count / Digest.byteCount, key.asBytes, mode, &node.state)
            }
        }
        return node
    }

    /// The node above two children, whose values are the 64 bytes of `pair`.
    func parent(_ pair: UnsafeRawBufferPointer) -> Node {
        var values = [Digest(loading: pair, at: 0), Digest(loading: pair, at: Digest.byteCount)]
        return join(&values)
    }

    private static let initialisationVector = Digest { output in
        let words: [UInt32] = [
            0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
        ]
        for (index, word) in words.enumerated() {
            output.storeBytes(of: word.littleEndian, toByteOffset: 4 * index, as: UInt32.self)
        }
    }
}

/// A node whose place, root or not, is not decided yet.
struct Node: Sendable {
    var state = skerry_blake3_node()

    /// Its chaining value within a larger tree.
    var value: Digest {
        withUnsafePointer(to: state) { state in
            Digest { skerry_blake3_node_value(state, $0.asBytes) }
        }
    }

    /// Its digest as the root of the tree.
    var root: Digest {
        withUnsafePointer(to: state) { state in
            Digest { skerry_blake3_node_root(state, $0.asBytes, Digest.byteCount) }
        }
    }

    /// Its extended output as the root of the tree.
    func root(byteCount: Int) -> [UInt8] {
        withUnsafePointer(to: state) { state in
            [UInt8](unsafeUninitializedCapacity: byteCount) { output, count in
                if let start = output.baseAddress { skerry_blake3_node_root(state, start, byteCount) }
                count = byteCount
            }
        }
    }
}

extension Digest {
    static let zero = Digest { $0.initializeMemory(as: UInt8.self, repeating: 0) }
}

extension UnsafeRawBufferPointer {
    var asBytes: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}

extension UnsafeMutableRawBufferPointer {
    var asBytes: UnsafeMutablePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}
