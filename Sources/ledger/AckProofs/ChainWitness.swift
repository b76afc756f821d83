internal import CStark
internal import Stark
internal import Synchronization

/// Word 8 of a link's permutation.
let linkDomain = SKERRY_STARK_LINK_DOMAIN

/// The rows of a `ChainStatement`: all links between those that the claims name.
struct ChainWitness: Witness {
    let claims: [AckClaim]
    let context: [UInt8]
    let logRows: Int

    /// - Parameter claims: Checked by `AckProof.check`.
    init(_ claims: [AckClaim], context: [UInt8]) {
        self.claims = claims
        self.context = context
        logRows = ChainStatement.logRows(claims).log
    }

    /// Some rows of a segment, and the link that the first of them starts from.
    private struct Piece {
        let link: PoseidonLink
        let firstRow: Int
        let rows: Int
    }

    /// Rows of a piece: long segments are cut, so that sixteen pieces can be computed at a time on each thread.
    private static let pieceRows = 2_048

    func fill(
        _ panels: [UnsafeMutablePointer<UInt32>], _ workers: Workers
    ) throws(StarkError) -> ChainStatement {
        let ends = try fillRows(panels, workers)
        for (index, claim) in claims.enumerated() where ends[index] != claim.from {
            throw StarkError(
                .untrue, "claim \(index): its newer link does not lead to the settled one in \(claim.steps) steps")
        }
        return ChainStatement(
            claims, context: context,
            fillerEnd: ends.count > claims.count ? ends[claims.count] : PoseidonLink(words: .zero))
    }

    /// Computes all rows; returns the link that each segment ends with.
    func fillRows(
        _ panels: [UnsafeMutablePointer<UInt32>], _ workers: Workers
    ) throws(StarkError) -> [PoseidonLink] {
        var segments = [Piece]()
        var row = 0
        for claim in claims {
            segments.append(Piece(link: claim.to, firstRow: row, rows: Int(claim.steps)))
            row += Int(claim.steps)
        }
        if row < 1 << logRows {
            segments.append(Piece(link: ChainStatement.fillerLink, firstRow: row, rows: 1 << logRows - row))
        }
        // Longest first, so that what is computed side by side ends at about the same time.
        let pieces = try cut(segments, workers).sorted { $0.rows > $1.rows }
        let optional: [UnsafeMutablePointer<UInt32>?] = panels
        let group = pieces.count >= 128 * workers.threads ? 64 : 16
        try workers.forEach((pieces.count + group - 1) / group) { index in
            fill(pieces[group * index..<min(pieces.count, group * (index + 1))], optional)
        }
        return segments.map { segment in
            let cells = panels[8] + 16 * (segment.firstRow + segment.rows - 1) + 4
            var words = SIMD8<UInt32>()
            for word in 0..<8 { words[word] = cells[word] }
            return PoseidonLink(words: words)
        }
    }

    /// Cuts long segments, which means to walk along them.
    private func cut(_ segments: [Piece], _ workers: Workers) throws(StarkError) -> [Piece] {
        let long = segments.filter { $0.rows > Self.pieceRows }
        let found = Mutex([Piece]())
        try workers.forEach(long.count) { index in
            let segment = long[index]
            var pieces: [Piece] = []
            var link = segment.link
            for first in stride(from: 0, to: segment.rows, by: Self.pieceRows) {
                let rows = min(Self.pieceRows, segment.rows - first)
                pieces.append(Piece(link: link, firstRow: segment.firstRow + first, rows: rows))
                if first + rows < segment.rows { link = link.advanced(by: rows) }
            }
            found.withLock { $0 += pieces }
        }
        return segments.filter { $0.rows <= Self.pieceRows } + found.withLock { $0 }
    }

    /// Computes pieces in 16 lanes: a lane that is done takes the next piece.
    private func fill(_ pieces: ArraySlice<Piece>, _ panels: [UnsafeMutablePointer<UInt32>?]) {
        var waiting = pieces
        var words = [UInt32](repeating: 0, count: 128)
        var rows = [UInt64](repeating: 0, count: 16)
        var left = [Int](repeating: 0, count: 16)
        while true {
            var active: UInt32 = 0
            for lane in 0..<16 {
                if left[lane] == 0, let piece = waiting.popFirst() {
                    for word in 0..<8 { words[16 * word + lane] = piece.link.words[word] }
                    rows[lane] = UInt64(piece.firstRow)
                    left[lane] = piece.rows
                }
                if left[lane] > 0 { active |= 1 << UInt32(lane) }
            }
            guard active != 0 else { return }
            let steps = left.filter { $0 > 0 }.min() ?? 0
            skerry_stark_chain_rows(&words, panels, rows, active, UInt64(steps))
            for lane in 0..<16 where left[lane] > 0 {
                rows[lane] += UInt64(steps)
                left[lane] -= steps
            }
        }
    }

    func fillPublic(_ panel: UnsafeMutablePointer<UInt32>, of statement: ChainStatement, gamma: Quintic) {
        let powers = gamma.powers(8)
        var before = statement.segments[statement.segments.count - 1].oldest
        for segment in statement.segments {
            let first = panel + 16 * segment.firstRow
            for word in 0..<8 {
                let new = KoalaBear(unchecked: segment.newest.words[word])
                first[word] = (new - KoalaBear(unchecked: before.words[word])).word
            }
            let last = panel + 16 * segment.lastRow
            last[8] = KoalaBear.one.word
            let link = (0..<8).reduce(Quintic.zero) { $0 + powers[$1] * KoalaBear(unchecked: segment.oldest.words[$1]) }
            for (index, word) in link.words.enumerated() { last[9 + index] = word }
            before = segment.oldest
        }
    }

    struct Weights: Sendable {
        let constraints: [UInt32]
        let link: [UInt32]
    }

    func weights(gamma: Quintic, alpha: Quintic) -> Weights {
        // Constraints after the circulant matrix come with a factor of 2^-30 from the kernel.
        let scale = KoalaBear(1 << 30)
        let constraints = alpha.powers(141).enumerated().flatMap { index, weight in
            (index < 48 || (84..<140).contains(index) ? weight * scale : weight).words
        }
        return Weights(constraints: constraints, link: gamma.powers(8).flatMap(\.words))
    }

    func quotient(
        of panels: [UnsafePointer<UInt32>], public columns: UnsafePointer<UInt32>, weights: Weights,
        inverseVanishing: KoalaBear, rows: Range<Int>, into out: UnsafeMutablePointer<UInt32>
    ) {
        weights.constraints.withUnsafeBufferPointer { constraints in
            weights.link.withUnsafeBufferPointer { link in
                var chain = skerry_stark_chain()
                chain.panels = (
                    panels[0], panels[1], panels[2], panels[3], panels[4], panels[5], panels[6], panels[7], panels[8]
                )
                chain.public_panel = columns
                chain.rows = 1 << logRows
                chain.weights = constraints.baseAddress
                chain.link_weights = link.baseAddress
                chain.inverse_vanishing = inverseVanishing.word
                skerry_stark_chain_quotient(&chain, rows.lowerBound, rows.count, out)
            }
        }
    }
}
