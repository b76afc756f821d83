import Functions
import NIOCore
import Synchronization

/// Memory for bodies that must be held whole: bounded for each app, and for all together.
final class BodyMemory: Sendable {
    /// Bytes that one app's calls may hold. Enough for several of the largest bodies.
    static let maxBytesPerApp = 64 << 20
    /// Bytes that all calls may hold.
    static let maxBytes = 512 << 20

    private struct State {
        var apps: [String: Int] = [:]
        var total = 0
    }

    private let state = Mutex(State())

    /// Bytes of one app; given back when nobody refers to the lease.
    final class Lease: Sendable {
        private let memory: BodyMemory
        private let app: String
        private let byteCount = Mutex(0)

        fileprivate init(_ memory: BodyMemory, app: String) {
            self.memory = memory
            self.app = app
        }

        deinit { memory.giveBack(byteCount.withLock { $0 }, app: app) }

        /// Asks for more bytes; false if there are no more.
        func grow(by count: Int) -> Bool {
            guard memory.take(count, app: app) else { return false }
            byteCount.withLock { $0 += count }
            return true
        }
    }

    /// A lease of no bytes so far.
    func lease(for app: String) -> Lease { Lease(self, app: app) }

    /// Bytes that are held.
    var byteCount: Int { state.withLock { $0.total } }

    private func take(_ count: Int, app: String) -> Bool {
        state.withLock { state in
            let held = state.apps[app, default: 0]
            guard held + count <= Self.maxBytesPerApp, state.total + count <= Self.maxBytes else { return false }
            state.apps[app] = held + count
            state.total += count
            return true
        }
    }

    private func giveBack(_ count: Int, app: String) {
        guard count > 0 else { return }
        state.withLock { state in
            let left = state.apps[app, default: 0] - count
            state.apps[app] = left > 0 ? left : nil
            state.total -= count
        }
    }
}

extension HostCall {
    /// The call's body in one piece, whose bytes the lease counts.
    ///
    /// - Parameter busyCode: For more than the app may hold at the moment; nil: `code`.
    /// - Throws: ``HostCallError`` with `code` if there are more than `limit`; what a stream fails with.
    func wholeBody(
        limit: Int, code: String, busyCode: String? = nil, lease: BodyMemory.Lease
    ) async throws -> ByteBuffer {
        var all = ByteBuffer()
        for try await var part in BodyParts(body) {
            guard all.readableBytes + part.readableBytes <= limit else {
                throw HostCallError(code, "There are more than \(limit) bytes, which is the limit; send less at a time")
            }
            guard lease.grow(by: part.readableBytes) else {
                throw HostCallError(
                    busyCode ?? code,
                    "The app's calls hold more than \(BodyMemory.maxBytesPerApp) bytes; send less at a time")
            }
            if all.readableBytes == 0 { all = part } else { all.writeBuffer(&part) }
        }
        return all
    }
}
