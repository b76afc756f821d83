import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the connections of one event loop share. Used on that loop only, so it needs no lock.
final class LoopContext {
    /// Files whose fields are kept ready. About 1 KiB each.
    private static let maxPrepared = 4_096

    private let node: String
    /// The value of `Strict-Transport-Security`; nil for none.
    let strictTransport: String?
    private let dateless: ByteBuffer
    private var secureDateless: ByteBuffer
    private var prepared: [PreparedFields.Key: PreparedFields] = [:]
    private var commonSecond = -1
    private var commonLines = ByteBuffer()
    /// For ids.
    var random = GatheredRandom()
    private var secureLines = ByteBuffer()
    private var date = ""
    /// Open connections.
    private(set) var connections: [ObjectIdentifier: any GatewayConnection] = [:]
    /// No connection is kept after its answer any more.
    private(set) var isDraining = false

    /// - Parameters:
    ///   - nodeID: Stands in every answer.
    ///   - strictTransport: Stands in every answer over TLS; zero and less for nothing.
    init(nodeID: String, strictTransport: Duration? = nil) {
        node = nodeID
        let seconds = strictTransport.map { $0.components.seconds } ?? 0
        self.strictTransport = seconds > 0 ? "max-age=\(seconds)" : nil
        dateless = ByteBuffer(string: "skerry-node: \(nodeID)\r\n")
        secureDateless = dateless
        if let strictTransport = self.strictTransport {
            secureDateless.writeString("strict-transport-security: \(strictTransport)\r\n")
        }
    }

    /// The fields of a file, made on first use.
    func prepared(_ key: PreparedFields.Key) -> PreparedFields {
        if let fields = prepared[key] { return fields }
        // Simple on purpose: what is in use comes back at once, and the bound holds whatever clients ask for.
        if prepared.count >= LoopContext.maxPrepared { prepared.removeAll(keepingCapacity: true) }
        let fields = PreparedFields(key)
        prepared[key] = fields
        return fields
    }

    /// The lines that stand in every answer, with the date of this second.
    ///
    /// - Parameter hasDate: Whether the answer has a date of its own.
    func common(isSecure: Bool = false, hasDate: Bool = false) -> ByteBuffer {
        if hasDate { return isSecure ? secureDateless : dateless }
        refresh()
        return isSecure ? secureLines : commonLines
    }

    /// What ``common(isSecure:)`` says, for protocols without lines.
    func commonFields() -> (date: String, node: String) {
        refresh()
        return (date, node)
    }

    private func refresh() {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let second = max(0, Int(now.tv_sec))
        guard second != commonSecond else { return }
        commonSecond = second
        date = HTTPDate.text(unixSeconds: second)
        commonLines = ByteBuffer(string: "date: \(date)\r\nskerry-node: \(node)\r\n")
        secureLines = commonLines
        if let strictTransport { secureLines.writeString("strict-transport-security: \(strictTransport)\r\n") }
    }

    func add(_ connection: any GatewayConnection) { connections[ObjectIdentifier(connection)] = connection }

    func remove(_ connection: any GatewayConnection) { connections[ObjectIdentifier(connection)] = nil }

    /// Closes what is idle and lets the rest finish.
    func drain() {
        isDraining = true
        for connection in Array(connections.values) { connection.drain() }
    }

    /// Closes those whose clients have had everything and do not close.
    func cutFinished() {
        for connection in Array(connections.values) { connection.cut() }
    }

    /// Closes everything now.
    func closeAll() {
        for connection in Array(connections.values) { connection.abort() }
    }
}
