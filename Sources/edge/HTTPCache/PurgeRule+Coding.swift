extension PurgeRule {
    /// The durable form, for a table or a message: equal rules have equal bytes.
    public var encoded: [UInt8] {
        var writer = CacheWriter()
        writer.byte(1)
        switch scope {
        case .url(let name):
            writer.byte(0)
            writer.text(name)
        case .key(let name):
            writer.byte(1)
            writer.text(name)
        case .host(let name):
            writer.byte(2)
            writer.text(name)
        }
        writer.byte(kind.rawValue)
        writer.number(time)
        return writer.bytes
    }

    /// Reads what `encoded` wrote, and nothing else.
    ///
    /// - Throws: `HTTPCacheError`
    public init(decoding bytes: [UInt8]) throws {
        var reader = CacheReader(bytes)
        guard try reader.byte() == 1 else { throw HTTPCacheError("the purge has another version") }
        let mark = try reader.byte()
        let name = try reader.text(limit: PurgeRule.maximumBytes)
        guard let kind = Kind(rawValue: try reader.byte()) else {
            throw HTTPCacheError("the purge is neither hard nor soft")
        }
        let time = try reader.number(limit: StoredResponse.maximumTime)
        guard reader.isAtEnd else { throw HTTPCacheError("the purge has bytes after its end") }
        switch mark {
        case 0: try self.init(.url(name), kind: kind, time: time)
        case 1: try self.init(.key(name), kind: kind, time: time)
        case 2: try self.init(.host(name), kind: kind, time: time)
        default: throw HTTPCacheError("the purge has an unknown scope")
        }
    }
}
