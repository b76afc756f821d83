import BlobStore

/// What readers want.
extension FetchPlan {
    /// Asks for `blocks`, in order; what is on its way or asked for already is fetched once.
    ///
    /// - Parameters:
    ///   - reader: Whose wish it is, until ``leave(_:)``.
    ///   - isPaced: Only ``Settings/readAhead`` blocks from the reader's position on are fetched; ``want(_:reader:)``
    ///     moves it. The first demand of a reader decides.
    package mutating func demand(_ blocks: Range<Int>, reader: Int = 0, isPaced: Bool = false) {
        let blocks = blocks.clamped(to: 0..<blockCount)
        if blocks.isEmpty { return }
        let index = readers.firstIndex { $0.id == reader } ?? readers.endIndex
        if index == readers.endIndex { readers.append(Reader(id: reader, isPaced: isPaced)) }
        readers[index].add(blocks)
        wake()
    }

    /// Asks for a block that somebody waits for, ahead of everything that is merely announced.
    package mutating func want(_ block: Int, reader: Int = 0) {
        guard (0..<blockCount).contains(block) else { return }
        if let index = readers.firstIndex(where: { $0.id == reader && $0.isPaced }) {
            readers[index].move(to: block, isHere: done.contains(block), readAhead: settings.readAhead)
        }
        if !done.contains(block), !awaited.contains(block) { awaited.append(block) }
        wake()
    }

    /// The reader wants nothing any more. Blocks in flight still arrive.
    package mutating func leave(_ reader: Int) { readers.removeAll { $0.id == reader } }

    /// The ranges to fetch now, in order.
    private func eachRange(_ visit: (Range<Int>) -> Int?) -> Int? {
        for reader in readers {
            for demand in reader.demands {
                guard let position = reader.position else {
                    if let block = visit(demand) { return block }
                    continue
                }
                let (end, overflow) = position.addingReportingOverflow(settings.readAhead)
                let reach = demand.clamped(to: position..<(overflow ? blockCount : max(position, end)))
                if !reach.isEmpty, let block = visit(reach) { return block }
            }
        }
        return nil
    }

    /// The next block that is wanted and not on its way.
    func firstWanted() -> Int? {
        awaited.first { missing.contains($0) } ?? eachRange { missing.firstHeld(in: $0) }
    }

    /// The next such block that `provider` has, behind the first `count` of them.
    func firstWanted(of provider: Provider, skipping count: Int = 0) -> Int? {
        var left = count
        func isTaken(_ block: Int) -> Bool {
            guard provider.held?.contains(block) ?? true else { return false }
            left -= 1
            return left < 0
        }
        if let block = awaited.first(where: { missing.contains($0) && isTaken($0) }) { return block }
        return eachRange { range in
            var rest = range
            while let block = missing.firstHeld(in: rest) {
                if isTaken(block) { return block }
                rest = block + 1..<range.upperBound
            }
            return nil
        }
    }

    /// Whether a reader waits for the block, or soon will.
    func isUrgent(_ block: Int) -> Bool {
        if awaited.contains(block) { return true }
        return readers.contains { reader in
            reader.position.map { block >= $0 && block - $0 < settings.hedgeReach } ?? false
        }
    }
}

extension FetchPlan.Reader {
    /// Ranges of one reader; what else it announces it gets by waiting for it.
    private static let maxDemands = 1_024

    /// Moves the position to `block`, unless the reader still waits for one before it: it has not read beyond the first
    /// of several, and more would come than fits. A block further off than two read-aheads is a jump, not one of several.
    mutating func move(to block: Int, isHere: Bool, readAhead: Int) {
        waiting = waiting.filter { abs($0 - block) / 2 <= readAhead }
        if !isHere { waiting.insert(block) }
        position = waiting.min() ?? block
    }

    /// Adds a range behind the others, unless it is one of them.
    mutating func add(_ blocks: Range<Int>) {
        if demands.contains(where: { $0.lowerBound <= blocks.lowerBound && blocks.upperBound <= $0.upperBound }) {
            return
        }
        if isPaced, position == nil { position = blocks.lowerBound }
        if let last = demands.last, last.upperBound == blocks.lowerBound {
            demands[demands.count - 1] = last.lowerBound..<blocks.upperBound
        } else if demands.count < FetchPlan.Reader.maxDemands {
            demands.append(blocks)
        }
    }
}
