/// What a collection may remove.
public struct CollectionPolicy: Hashable, Sendable {
    /// Unprotected blobs go when nobody stored or read them for so long, measured by the time that the store was open.
    public var minimumAge: Duration
    /// Unfinished blobs go when nothing was added to them for so long, measured likewise.
    public var partialAge: Duration
    /// Only count.
    public var isDryRun: Bool

    /// By default, what was not used for a day and unfinished blobs of a week ago.
    public init(
        minimumAge: Duration = .seconds(86_400), partialAge: Duration = .seconds(7 * 86_400), isDryRun: Bool = false
    ) {
        self.minimumAge = minimumAge
        self.partialAge = partialAge
        self.isDryRun = isDryRun
    }
}
