import Placement

/// What the holder of a slot's lease does next about the slot's machine: start it, let a new release take its place, let it
/// sleep, or take a release back that does not become healthy. Pure: times in milliseconds of any clock that never goes
/// back.
struct SlotCore: Hashable, Sendable {
    /// A container of the slot.
    struct Instance: Hashable, Sendable {
        /// The release that it was made for.
        var release: String
        /// What it runs; equal manifests but for their scale have equal templates.
        var template: String
        var phase = Phase.none
        /// When it was last asked to run.
        var since: Int64
        /// Whether it has been healthy: one that was is not given up for an earlier release.
        var wasHealthy = false
        /// Whether it takes over without having run, because the machine sleeps.
        var isAsleep = false
    }

    /// What the supervisor says of it.
    enum Phase: Hashable, Sendable {
        /// It is not made yet.
        case none
        case starting
        case healthy
        /// It does not run, and nobody wants it to.
        case stopped
        /// Its program ended by itself and is not to be started again.
        case ended
        /// It cannot go on: it ended again and again, or could not even be started.
        case failing
    }

    /// What the keeper is to do; it tells the core when that shows.
    enum Action: Hashable, Sendable {
        /// Make a container of a release and start it, or leave it asleep.
        case create(release: String, starts: Bool)
        case start(release: String)
        /// Stop it once what it works on is done; it is kept.
        case stop(release: String)
        /// Stop it once what it works on is done, and forget it.
        case retire(release: String)
        /// The container of a release is from now on the one of another release that asks for the same.
        case rename(release: String, to: String)
    }

    /// What is wished for, from outside.
    struct Wish: Hashable, Sendable {
        /// Of the rollout.
        var step: SlotRollout.Step
        /// The templates of the releases that ``step`` may name.
        var templates: [String: String]
        /// How long a new release may take to become healthy.
        var timeout: Int64
        /// Whether the machine should run at all.
        var isAwake: Bool
        /// Whether a new release starts, and is healthy before it takes over, even where the machine sleeps.
        var isProof = false
        /// Whether two releases of the slot must never run at once, because both would write to its volume.
        var isExclusive: Bool
    }

    /// What serves.
    private(set) var current: Instance?
    /// What is to serve next.
    private(set) var next: Instance?
    /// The last release that did not become healthy in this slot.
    private(set) var failed: String?

    /// Releases that must be gone before another one opens the volume.
    private(set) var leaving: Set<String> = []

    /// - Parameter leaving: Of an exclusive slot: releases that are being ended.
    init(current: Instance? = nil, failed: String? = nil, leaving: Set<String> = []) {
        self.current = current
        self.failed = failed
        self.leaving = leaving
    }

    /// The release that serves.
    var release: String? { current?.release }

    /// The release that waits for the switch.
    var ready: String? { next.flatMap { isWaiting($0) ? $0.release : nil } }

    /// Takes over what the supervisor says of a release's container.
    mutating func note(_ release: String, _ phase: Phase) {
        if current?.release == release {
            current?.phase = phase
            if phase == .healthy { current?.wasHealthy = true }
        }
        if next?.release == release {
            next?.phase = phase
            if phase == .healthy { next?.wasHealthy = true }
        }
    }

    /// Takes over that a release's container is gone.
    mutating func noteGone(_ release: String) { leaving.remove(release) }

    /// What is to be done now.
    mutating func advance(_ wish: Wish, now: Int64) -> [Action] {
        var actions: [Action] = []
        switch wish.step {
        case .keep, .settled:
            break
        case .replace(let release): actions += replace(release, wish, now, switches: true)
        case .prepare(let release): actions += replace(release, wish, now, switches: false)
        case .switchTo(let release): actions += replace(release, wish, now, switches: true)
        }
        if let waiting = next, isUnwanted(waiting, wish.step) {
            actions.append(retire(waiting, wish))
            next = nil
        }
        actions += run(wish, now)
        return actions
    }

    /// Whether what is to serve next is not to any more.
    private func isUnwanted(_ waiting: Instance, _ step: SlotRollout.Step) -> Bool {
        switch step {
        case .keep: waiting.release == failed || !isWaiting(waiting)
        // Prepared for a switch that was called off.
        case .settled: waiting.release != current?.release
        case .replace, .prepare, .switchTo: false
        }
    }

    /// A prepared release waits for the others' of its app.
    private func isWaiting(_ instance: Instance) -> Bool {
        instance.phase == .healthy || instance.phase == .stopped && instance.isAsleep
    }

    private mutating func replace(_ release: String, _ wish: Wish, _ now: Int64, switches: Bool) -> [Action] {
        guard release != failed else { return [] }
        guard let serving = current else {
            guard leaving.isEmpty else { return [] }
            current = Instance(release: release, template: wish.templates[release] ?? release, since: now)
            return [.create(release: release, starts: wish.isAwake)]
        }
        if serving.release == release { return [] }
        if let template = wish.templates[release], template == serving.template {
            // The same machine under a new release: it runs on.
            current?.release = release
            return [.rename(release: serving.release, to: release)]
        }
        if let other = next, other.release != release {
            next = nil
            return [retire(other, wish)]
        }
        guard let candidate = next else { return begin(release, serving, wish, now) }
        switch candidate.phase {
        case .healthy, .ended: return switches ? swap(candidate, serving, wish) : []
        case .failing: return giveUp(candidate, wish, now)
        case .stopped where !wish.isAwake && !wish.isProof:
            // A machine that sleeps is replaced asleep, unless it is the one that shows whether the release works.
            next?.isAsleep = true
            return switches ? swap(candidate, serving, wish) : []
        case .stopped where candidate.isAsleep:
            // The machine was woken meanwhile.
            next?.isAsleep = false
            next?.since = now
            return [.start(release: release)]
        default:
            if now - candidate.since >= wish.timeout { return giveUp(candidate, wish, now) }
            return candidate.phase == .stopped ? [.start(release: release)] : []
        }
    }

    private mutating func begin(_ release: String, _ serving: Instance, _ wish: Wish, _ now: Int64) -> [Action] {
        if wish.isExclusive, ![.stopped, .none, .ended].contains(serving.phase) {
            return [.stop(release: serving.release)]
        }
        guard leaving.isEmpty else { return [] }
        next = Instance(release: release, template: wish.templates[release] ?? release, since: now)
        return [.create(release: release, starts: wish.isAwake || wish.isProof)]
    }

    private mutating func swap(_ candidate: Instance, _ serving: Instance, _ wish: Wish) -> [Action] {
        current = candidate
        next = nil
        return [retire(serving, wish)]
    }

    /// Ends what does not serve any more, or never did.
    private mutating func retire(_ instance: Instance, _ wish: Wish) -> Action {
        if wish.isExclusive { leaving.insert(instance.release) }
        return .retire(release: instance.release)
    }

    private mutating func giveUp(_ candidate: Instance, _ wish: Wish, _ now: Int64) -> [Action] {
        failed = candidate.release
        next = nil
        return [retire(candidate, wish)]
    }

    /// Lets what serves run or sleep, unless a replacement has to have the volume to itself.
    private mutating func run(_ wish: Wish, _ now: Int64) -> [Action] {
        guard let serving = current, serving.phase != .none, leaving.isEmpty else { return [] }
        if next != nil, wish.isExclusive { return [] }
        if case .replace(let release) = wish.step, wish.isExclusive, release != serving.release, release != failed {
            return []
        }
        switch serving.phase {
        case .stopped where wish.isAwake:
            current?.since = now
            return [.start(release: serving.release)]
        case .healthy where !wish.isAwake, .starting where !wish.isAwake, .failing where !wish.isAwake:
            return [.stop(release: serving.release)]
        default: return []
        }
    }

    /// Whether what runs did not become healthy in time, though nothing was there before that could serve instead.
    func isOverdue(_ wish: Wish, now: Int64) -> Bool {
        guard let serving = current, wish.isAwake, next == nil, !serving.wasHealthy else { return false }
        switch serving.phase {
        case .failing: return true
        case .starting, .none: return now - serving.since >= wish.timeout
        case .healthy, .stopped, .ended: return false
        }
    }

    /// Gives the release that failed another chance.
    mutating func forgive() { failed = nil }

    /// Says that what serves is to count as failed, so that an earlier release takes its place.
    mutating func markFailed() { failed = current?.release ?? failed }
}
