import Blake3
package import Identity

extension NodeID {
    /// The id of node `index` in the run of `seed`: uniform, as hashes of keys are. `life` tells apart what a node was
    /// before and after it came back with a new key.
    package init(simulated index: Int, seed: UInt64, life: Int = 0) {
        var random = SimulationRandom(seed: seed, purpose: "node ids \(life)", index: index)
        self.init(
            Digest(unsafeUninitialized: { bytes in
                for word in 0..<bytes.count / 8 {
                    bytes.storeBytes(of: random.next(), toByteOffset: word * 8, as: UInt64.self)
                }
            }))
    }
}
