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

    private let nodeLine: String
    private var prepared: [PreparedFields.Key: PreparedFields] = [:]
    private var commonSecond = -1
    private var commonLines = ByteBuffer()
    /// Open connections.
    private(set) var connections: [ObjectIdentifier: HTTP1Connection] = [:]
    /// No connection is kept after its answer any more.
    private(set) var isDraining = false

    /// - Parameter nodeID: Stands in every answer.
    init(nodeID: String) { nodeLine = "skerry-node: \(nodeID)\r\n" }

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
    func common() -> ByteBuffer {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let second = max(0, Int(now.tv_sec))
        if second != commonSecond {
            commonSecond = second
            commonLines = ByteBuffer(string: "date: \(HTTPDate.text(unixSeconds: second))\r\n\(nodeLine)")
        }
        return commonLines
    }

    func add(_ connection: HTTP1Connection) { connections[ObjectIdentifier(connection)] = connection }

    func remove(_ connection: HTTP1Connection) { connections[ObjectIdentifier(connection)] = nil }

    /// Closes what is idle and lets the rest finish.
    func drain() {
        isDraining = true
        for connection in Array(connections.values) { connection.drain() }
    }

    /// Closes everything now.
    func closeAll() {
        for connection in Array(connections.values) { connection.abort() }
    }
}
