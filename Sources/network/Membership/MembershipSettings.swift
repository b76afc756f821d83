/// How a node watches the others. The defaults suit nodes all over the world; all times grow with the node's own
/// troubles (``maxLocalHealth``).
public struct MembershipSettings: Sendable {
    /// Between two probes of this node. Each costs about 1 KiB both ways; shorten it to find crashes sooner.
    public var probeInterval = Duration.seconds(1)
    /// How long a member may take to answer before others are asked to probe it. A probe may have to dial first, which
    /// takes four round trips in all: 1 s allows 250 ms each. A last check repeats its own probe after each half of it.
    public var directTimeout = Duration.seconds(1)
    /// How long a probe may take in all, with the help of others.
    public var roundTimeout = Duration.milliseconds(2_500)
    /// How many members are asked to probe one that does not answer. The answers of more than half of them count, so
    /// that one liar neither hides nor makes a crash.
    public var helpers = 3
    /// Factor of the shortest time to refute: this × log10(members) × ``probeInterval``.
    public var suspicionFactor = 4.0
    /// How much longer than the shortest time a suspicion lasts that nobody confirms.
    public var suspicionStretch = 6.0
    /// Independent accusers, beside the first, that shorten a suspicion to its shortest time.
    public var confirmations = 3
    /// The highest score of the node's doubt in itself; its probes are slower by 1 + score.
    public var maxLocalHealth = 8
    /// How often something new is passed on: this × log10(members), rounded up.
    public var rumourFactor = 4.0
    /// Every so many probes one goes to a member believed dead, so that networks that were cut apart find together.
    public var deadProbeEvery = 8
    /// Last checks, one after the other, that must fail before a suspect whose time to refute is up counts as dead.
    public var lastChecks = 2
    /// Last checks that begin in a ``probeInterval``, and that run at the same time. Raise it to get over the loss of
    /// thousands of nodes at once sooner; it bounds what false accusations cost.
    public var maxChecks = 8
    /// Between two exchanges of a page of the view with a random member.
    public var syncInterval = Duration.seconds(30)
    /// Between two looks at the ledger for nodes that came or went.
    public var ledgerInterval = Duration.seconds(2)
    /// The shortest time between two refutations, so that liars cannot make this node shout.
    public var refutationInterval = Duration.seconds(1)
    /// Indirect probes that one peer may ask of this node in a second.
    public var indirectProbesPerSecond = 8
    /// Indirect probes under way for others.
    public var maxIndirectProbes = 64
    /// Members that are told directly when this node leaves.
    public var leaveFanout = 8
    /// How long leaving may take.
    public var leaveTimeout = Duration.seconds(2)
    /// Events that a reader of changes may leave unread; older ones are dropped.
    public var maxUnreadEvents = 1_024

    /// The defaults.
    public init() {}
}
