import Blake3

/// A row that can be read back from its encoding: by a client from a proof, by a node from a snapshot.
protocol StoredRow: MerkleRow {
    /// Reads what `encode(into:)` wrote for the row at `path`. What it accepts beyond that is refused afterwards.
    init(path: Digest, decoder: inout RowDecoder) throws(LedgerError)
}

extension StoredRow {
    /// Reads the one encoding of the row at `path`. Any bytes are allowed.
    ///
    /// - Throws: `.malformed`, or what the row's parts throw.
    init(path: Digest, bytes: [UInt8]) throws(LedgerError) {
        var decoder = RowDecoder(bytes)
        try self.init(path: path, decoder: &decoder)
        var encoder = RowEncoder()
        encode(into: &encoder)
        guard self.path == path, encoder.bytes == bytes else {
            throw LedgerError(
                .malformed, "The row at \(path) of table \(Self.table) is not encoded as this version expects")
        }
    }
}
