internal import CStark

/// Tables for transforms of one size, and the cosets that the trace is extended to.
///
/// The trace's rows belong to the powers of ω; the evaluation domain is 3 · ⟨w⟩ with w of order 2^(`logRows` + `logBlowup`), which
/// is the union of the cosets 3 · w^j · ⟨ω⟩. Value i of coset j is value i · 2^`logBlowup` + j of the domain.
struct Domain {
    let logRows: Int
    let logBlowup: Int
    var rows: Int { 1 << logRows }
    var blowup: Int { 1 << logBlowup }
    /// 3 · w^j.
    let shifts: [KoalaBear]
    private let plan: skerry_stark_plan
    /// Tables of the cosets, then those of ⟨ω⟩ itself.
    private let cosets: [skerry_stark_coset]
    private let shiftTables: [Buffer]
    /// Keeps what the plans point to.
    private let tables: [Buffer]

    init(logRows: Int, logBlowup: Int, arena: ProverArena, workers: Workers) throws(StarkError) {
        self.logRows = logRows
        self.logBlowup = logBlowup
        let logA = logRows / 2
        let logB = logRows - logA
        let domainRoot = KoalaBear.rootOfUnity(log: logRows + logBlowup)
        let shifts = (0..<1 << logBlowup).map { KoalaBear.generator * domainRoot.power(UInt64($0)) }
        self.shifts = shifts

        let forwardA = try Domain.roots(log: logA, inverse: false, shift: .one, arena)
        let inverseA = try Domain.roots(log: logA, inverse: true, shift: .one, arena)
        let inverseB = try Domain.roots(log: logB, inverse: true, shift: .one, arena)
        let untwist = try arena.buffer(words: 1 << logRows)
        let inverseRoot = KoalaBear.rootOfUnity(log: logRows).inverse
        let scale = KoalaBear(UInt32(1 << logRows)).inverse
        try workers.forEach(1 << logA) { block in
            let exponent = UInt64(Domain.reversed(block, bits: logA))
            let start: UnsafeMutablePointer<UInt32> = untwist.start.advanced(by: block << logB)
            Domain.fill(start, 1 << logB, first: scale, ratio: inverseRoot.power(exponent))
        }
        plan = skerry_stark_plan(
            log_a: CInt(logA), log_b: CInt(logB), forward_a: forwardA.start, inverse_a: inverseA.start,
            inverse_b: inverseB.start, untwist: untwist.start)

        var tables = [forwardA, inverseA, inverseB, untwist]
        var cosets: [skerry_stark_coset] = []
        let root = KoalaBear.rootOfUnity(log: logRows)
        for shift in shifts + [KoalaBear.one] {
            let roots = try Domain.roots(log: logB, inverse: false, shift: shift.power(UInt64(1 << logA)), arena)
            let twist = try arena.buffer(words: 1 << logRows)
            try workers.forEach(1 << logA) { block in
                let exponent = UInt64(Domain.reversed(block, bits: logA))
                let start: UnsafeMutablePointer<UInt32> = twist.start.advanced(by: block << logB)
                Domain.fill(start, 1 << logB, first: shift.power(exponent), ratio: root.power(exponent))
            }
            cosets.append(skerry_stark_coset(roots: roots.start, twist: twist.start))
            tables += [roots, twist]
        }
        self.cosets = cosets

        var shiftTables: [Buffer] = []
        for _ in shifts { shiftTables.append(try arena.buffer(words: 1 << logRows)) }
        try workers.forEach(shifts.count) { index in
            Domain.fillPowers(of: shifts[index], logRows: logRows, shiftTables[index].start)
        }
        self.shiftTables = shiftTables
        self.tables = tables
    }

    static func reversed(_ value: Int, bits: Int) -> Int {
        bits == 0 ? 0 : Int(UInt64(value).bitReversed >> UInt64(64 - bits))
    }

    /// `count` words: `first`, and what it is multiplied with again and again.
    private static func fill(
        _ table: UnsafeMutablePointer<UInt32>, _ count: Int, first: KoalaBear, ratio: KoalaBear
    ) {
        var element = first
        for index in 0..<count {
            table[index] = element.word
            element *= ratio
        }
    }

    /// Words h to 2h − 1 are shift^(2^log / 2h) times the powers of the root of order 2h, or of its inverse.
    private static func roots(
        log: Int, inverse: Bool, shift: KoalaBear, _ arena: ProverArena
    ) throws(StarkError) -> Buffer {
        let table = try arena.buffer(words: 1 << log)
        table.start[0] = 0
        for level in 0..<log {
            let root = KoalaBear.rootOfUnity(log: level + 1)
            let half = 1 << level
            let first = shift.power(UInt64(1 << (log - level - 1)))
            fill(table.start.advanced(by: half), half, first: first, ratio: inverse ? root.inverse : root)
        }
        return table
    }

    /// Powers of an element at bit-reversed places.
    static func fillPowers(of base: KoalaBear, logRows: Int, _ table: UnsafeMutablePointer<UInt32>) {
        table[0] = KoalaBear.one.word
        var power = base
        var stride = 1 << logRows
        while stride > 1 {
            let half = stride / 2
            var index = 0
            while index < 1 << logRows {
                table[index + half] = (KoalaBear(unchecked: table[index]) * power).word
                index += stride
            }
            power *= power
            stride = half
        }
    }

    func shiftTable(_ coset: Int) -> UnsafePointer<UInt32> { UnsafePointer(shiftTables[coset].start) }

    /// Values to coefficients, in place.
    func interpolate(_ panel: UnsafeMutablePointer<UInt32>, scratch: UnsafeMutablePointer<UInt32>) {
        withUnsafePointer(to: plan) { skerry_stark_inverse($0, panel, scratch) }
    }

    /// Coefficients to values on a coset, or with nil on ⟨ω⟩.
    func evaluate(
        _ coefficients: UnsafePointer<UInt32>, coset: Int?, _ panel: UnsafeMutablePointer<UInt32>,
        scratch: UnsafeMutablePointer<UInt32>
    ) {
        withUnsafePointer(to: plan) { plan in
            withUnsafePointer(to: cosets[coset ?? blowup]) {
                skerry_stark_forward(plan, $0, coefficients, panel, scratch)
            }
        }
    }

    /// Memory for one transform at a time.
    func withScratch(_ body: (UnsafeMutablePointer<UInt32>) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 256 << (logRows / 2), alignment: 64) { bytes in
            guard let start = bytes.baseAddress else { return }
            body(start.assumingMemoryBound(to: UInt32.self))
        }
    }
}

extension UInt64 {
    var bitReversed: UInt64 {
        var value = byteSwapped
        value = (value >> 4) & 0x0f0f_0f0f_0f0f_0f0f | (value & 0x0f0f_0f0f_0f0f_0f0f) << 4
        value = (value >> 2) & 0x3333_3333_3333_3333 | (value & 0x3333_3333_3333_3333) << 2
        return (value >> 1) & 0x5555_5555_5555_5555 | (value & 0x5555_5555_5555_5555) << 1
    }
}
