package import Identity

extension FetchPlan {
    /// How a fetch divides its requests.
    package struct Settings: Sendable {
        /// Blocks in flight with one provider at most.
        package var maxWindow = 32
        /// Blocks in flight with a provider of which nothing is known yet.
        package var initialWindow = 2
        /// Requests that leave together when there are as many to ask for.
        package var batch = 4
        /// The same for a provider whose fastest block took ``nearTime`` at most: there wake-ups cost more than gaps.
        package var nearBatch = 12
        package var nearTime = Duration.milliseconds(5)
        /// Providers that are asked at the same time.
        package var maxProviders = 8
        /// Requests in flight in total: with blocks of 256 KiB, 32 MiB. Each provider may have one beyond it.
        package var maxInFlight = 128
        /// How far ahead of its position a reader's blocks are fetched, in blocks: 64 MiB.
        package var readAhead = 256
        /// Blocks behind a reader's position that are worth a second request when they are late.
        package var hedgeReach = 4
        /// Second requests as a share of the first ones; 0 switches hedging off.
        package var hedgeShare = 0.1
        /// Second requests that are allowed from the start.
        package var hedgeBurst = 8
        /// No block is hedged before it is so late, however fast the other providers are.
        package var minHedgeDelay = Duration.milliseconds(10)
        /// How late a block is hedged while nothing is known of the other providers.
        package var unknownHedgeDelay = Duration.milliseconds(500)
        /// Bytes a second that a provider must deliver while it owes blocks.
        package var minimumRate = 16 << 10
        /// The time over which that is measured, and for which a provider may refuse everything.
        package var stallTime = Duration.seconds(3)
        /// How long a provider that serves enough of our requests is left alone.
        package var busyPause = Duration.milliseconds(20)
        /// How long a lost provider is left alone; doubles with each loss, ``maxLossDoublings`` times.
        package var lossPause = Duration.milliseconds(500)
        /// How often the plan wants to be called while it waits.
        package var tick = Duration.milliseconds(10)

        static let maxLossDoublings = 6

        package init() {}
    }

    /// What a fetch did so far.
    package struct Tally: Hashable, Sendable {
        /// Blocks asked for the first time, or again after a failure.
        package var asked = 0
        /// Blocks asked of a second provider.
        package var hedges = 0
        /// Hedges whose copy came first.
        package var hedgesWon = 0
        /// Verified bytes that were new.
        package var receivedBytes = 0
        /// The same by provider.
        package var bytesByNode: [NodeID: Int] = [:]
        /// Bytes of further copies.
        package var wastedBytes = 0
    }
}
