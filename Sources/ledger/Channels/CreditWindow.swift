/// How much was delivered and how much of it was acknowledged: both sides of a session keep one, and neither loses more
/// than the window.
///
/// What a unit costs is counted in thousandths of a link, so that a quote's multiplier may be any fraction. The window
/// opens like TCP's slow start: a channel that never paid gets two units, which are one block, each acknowledged one
/// allows one more, up to the limit. A stranger with many channels thus gets two units for each deposit that it puts aside.
public struct CreditWindow: Hashable, Sendable {
    /// What is delivered before anything was paid.
    public static let firstUnits: UInt64 = 2

    /// Units that may be unacknowledged once the window is open.
    public let limit: UInt64
    /// In thousandths of a link, in all.
    public private(set) var delivered: UInt64
    /// Links in all, each worth its weight.
    public private(set) var acknowledged: UInt64

    /// - Parameters:
    ///   - limit: 2 to 65,535; values outside are clamped.
    ///   - acknowledged: What was paid before.
    ///   - debt: What is owed besides, in thousandths of a link.
    public init(limit: UInt64, acknowledged: UInt64 = 0, debt: UInt64 = 0) {
        self.limit = min(max(CreditWindow.firstUnits, limit), 65_535)
        self.acknowledged = acknowledged
        let (paid, overflow) = acknowledged.multipliedReportingOverflow(by: 1000)
        let (sum, isTooMuch) = paid.addingReportingOverflow(debt)
        delivered = overflow || isTooMuch ? .max : sum
    }

    /// What is owed, in thousandths of a link; 0 if more was paid than delivered.
    public var debt: UInt64 {
        let (paid, overflow) = acknowledged.multipliedReportingOverflow(by: 1000)
        return overflow || paid > delivered ? 0 : delivered - paid
    }

    /// Links that are owed; 0 if more was paid than delivered.
    public var owed: UInt64 {
        let links = delivered / 1000 + (delivered % 1000 == 0 ? 0 : 1)
        return links > acknowledged ? links - acknowledged : 0
    }

    /// Whether `units` more cost no more than `links` in all.
    public func isWithin(_ links: UInt64, _ units: UInt64 = 1, permille: UInt32) -> Bool {
        var after = self
        after.charge(units, permille: permille)
        return after.delivered / 1000 + (after.delivered % 1000 == 0 ? 0 : 1) <= links
    }

    /// Links that may be owed at a price of `permille` thousandths of a link for each unit.
    public func allowance(permille: UInt32) -> UInt64 {
        let units = acknowledged >= limit ? limit : min(limit, acknowledged + CreditWindow.firstUnits)
        return (units * UInt64(permille) + 999) / 1000
    }

    /// Whether `units` more may be delivered now.
    public func admits(_ units: UInt64 = 1, permille: UInt32) -> Bool {
        var after = self
        after.charge(units, permille: permille)
        return after.owed <= allowance(permille: permille)
    }

    /// `units` are delivered.
    public mutating func charge(_ units: UInt64 = 1, permille: UInt32) {
        let (cost, overflow) = units.multipliedReportingOverflow(by: UInt64(permille))
        let (sum, isTooMuch) = delivered.addingReportingOverflow(cost)
        delivered = overflow || isTooMuch ? .max : sum
    }

    /// `units` that were charged could not be delivered.
    public mutating func refund(_ units: UInt64 = 1, permille: UInt32) {
        delivered -= min(delivered, units &* UInt64(permille))
    }

    /// `links` more were acknowledged.
    public mutating func acknowledge(_ links: UInt64) {
        let (sum, overflow) = acknowledged.addingReportingOverflow(links)
        acknowledged = overflow ? .max : sum
    }
}
