/// What stores that keep the same app tell each other.
extension KVStore {
    /// What this store has seen of an app.
    public func vector(of app: String) async throws -> KVVector { try await read { try $0.vector(app: app) } }

    /// Apps behind a name, in the order of their names: those of which this store has seen something.
    public func apps(after: String, limit: Int) async throws -> [String] {
        try await read { try $0.apps(after: after, limit: limit) }
    }

    /// Changes that a store which has seen `since` lacks, the oldest of each writer first.
    ///
    /// - Parameters:
    ///   - writer: Only changes of this one; nil for all.
    ///   - isWhole: The store copies everything, so that it does not matter what is forgotten here.
    /// - Returns: Nil if that store may lack removals that are forgotten here: it has to copy everything.
    /// - Throws: ``KVError``.
    public func changes(
        of app: String, since: KVVector, writer: Int64? = nil, isWhole: Bool = false
    ) async throws -> KVChangePage? {
        try await read { try $0.changes(app: app, since: since, writer: writer, isWhole: isWhole) }
    }

    /// Takes over those changes that are later than what is here, and notes the spans that follow on what was seen. When
    /// this returns, it is on the disk; a failure changes nothing.
    ///
    /// - Parameter isMarking: Whether the changes belong to a whole copy, between ``beginCopy(of:)`` and
    ///   ``endCopy(of:covered:reached:)``.
    /// - Returns: What this store has seen then.
    /// - Throws: ``KVError``: `.refused` for changes that no store makes, or whose clock is 5 minutes ahead.
    @discardableResult
    public func merge(
        _ changes: [KVChange], spans: [KVSpan], of app: String, isMarking: Bool = false
    ) async throws -> KVVector {
        let latest = settings.wallMilliseconds() * 1_000 + KVLimits.maxLeadMicroseconds
        for change in changes { try check(change, latest: latest) }
        for span in spans {
            guard span.from >= 0, span.from <= span.to, span.to <= latest else {
                throw KVError(.refused, "a span of changes is none, or its clock is 5 minutes ahead")
            }
        }
        let settings = settings
        return try await write { rows in
            try rows.merge(app: app, changes, spans: spans, isMarking: isMarking, settings: settings)
            return try rows.vector(app: app)
        }
    }

    /// Begins a whole copy of an app; the one before, if it did not end, is forgotten. One at a time.
    public func beginCopy(of app: String) async throws { try await write { try $0.beginCopy(app: app) } }

    /// Ends a whole copy: what the copied store had seen when the copy began and did not tell is removed.
    ///
    /// - Parameters:
    ///   - covered: ``KVChangePage/known`` of the copy's first page.
    ///   - reached: What all pages together told.
    public func endCopy(of app: String, covered: KVVector, reached: KVVector) async throws {
        try await write { try $0.endCopy(app: app, covered: covered, reached: reached) }
    }

    /// Gives an app away, which other stores have now: nothing of it is here any more, and nothing was seen. No change can be
    /// made here until this store has seen its own earlier ones again, or ``takeBack(_:)``. The rows go by and by, with
    /// ``sweep()``.
    ///
    /// - Parameter known: What the other stores are known to have. If this one has seen anything else, nothing is done.
    /// - Returns: Whether it was given away; that is on the disk then.
    /// - Throws: ``KVError``.
    public func giveAway(_ app: String, known: KVVector) async throws -> Bool {
        let writer = settings.writer
        return try await write { try $0.giveAway(app: app, known: known, writer: writer) }
    }

    /// Allows changes of an app again that was given away: all that other stores have of it is here.
    public func takeBack(_ app: String) async throws {
        if try await read({ try $0.hasFloor(app: app) }) { try await write { try $0.takeBack(app: app) } }
    }

    /// Forgets removals as ``KVSettings`` says.
    func forgetRemoved() async throws {
        let (time, most) = (nowSeconds - Int(settings.removalMemory.components.seconds), settings.maxRemovedPerApp)
        try await write { try $0.forgetRemoved(before: time, most: most) }
    }

    private func check(_ change: KVChange, latest: Int64) throws {
        do {
            try check(key: change.key, namespace: change.namespace)
            if let entry = change.entry { try Self.check(entry) }
        } catch let error as KVError {
            throw KVError(.refused, "a change is none that a store makes: \(error.message)")
        }
        if let expiration = change.entry?.expiration, !(0...KVLimits.maxExpiration).contains(expiration) {
            throw KVError(.refused, "a change has an expiration that is none")
        }
        guard change.stamp.clock > 0, change.stamp.clock <= latest else {
            throw KVError(.refused, "a change's clock is 5 minutes ahead; set the clocks of both nodes")
        }
    }
}
