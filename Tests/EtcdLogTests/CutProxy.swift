import Foundation
import Ledger
import Synchronization

/// A TCP proxy in front of one member that holds back, drops and cuts what passes. One thread a direction.
final class CutProxy: Sendable {
    private struct State {
        var holdsRequests = false
        var dropsAnswers = false
        var isClosed = false
        var links: [Link] = []
    }

    /// A connection: the descriptors, and requests that wait. All use is under the proxy's lock, except reads.
    private final class Link: Sendable {
        let client: Int32
        let server: Int32
        let pending = Mutex(Data())

        init(client: Int32, server: Int32) {
            self.client = client
            self.server = server
        }
    }

    let port: UInt16
    private let target: UInt16
    private let listener: Int32
    private let state = Mutex(State())

    init(to target: UInt16) throws {
        self.target = target
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        port = try EtcdFixture.bindLoopback(listener)
        guard listen(listener, 16) == 0 else { throw Failure("cannot listen: errno \(errno)") }
        Thread.detachNewThread { self.accept() }
    }

    var endpoint: Endpoint { get throws { try Endpoint(host: "127.0.0.1", port: port) } }

    /// From now on requests are kept, until ``release()`` or ``cut()``.
    func holdRequests() { state.withLock { $0.holdsRequests = true } }

    /// From now on what the server says is dropped, until ``cut()``.
    func dropAnswers() { state.withLock { $0.dropsAnswers = true } }

    /// Delivers what was held back; answers to it are dropped if ``dropAnswers()`` says so.
    func release() {
        state.withLock { state in
            state.holdsRequests = false
            for link in state.links {
                link.pending.withLock {
                    Self.write($0, link.server); $0 = Data()
                }
            }
        }
    }

    /// The bytes of requests that are held back now.
    var heldBytes: Int { state.withLock { $0.links.reduce(0) { $0 + $1.pending.withLock { $0.count } } } }

    /// Breaks all connections. New ones pass untouched.
    func cut() {
        state.withLock { state in
            for link in state.links { Self.shut(link) }
            state.links = []
            state.holdsRequests = false
            state.dropsAnswers = false
        }
    }

    /// Breaks all connections and refuses new ones.
    func close() {
        cut()
        state.withLock { state in
            guard !state.isClosed else { return }
            state.isClosed = true
            shutdown(listener, Int32(SHUT_RDWR))
        }
    }

    private func accept() {
        while true {
            let client = Foundation.accept(listener, nil, nil)
            guard client >= 0 else { break }
            guard let server = connect() else {
                Foundation.close(client)
                continue
            }
            let link = Link(client: client, server: server)
            let isOpen = state.withLock { state in
                if !state.isClosed { state.links.append(link) }
                return !state.isClosed
            }
            if !isOpen { Self.shut(link) }
            let directions = Mutex(2)
            let finished: @Sendable () -> Void = {
                Self.shut(link)
                let isLast = directions.withLock {
                    $0 -= 1; return $0 == 0
                }
                guard isLast else { return }
                self.state.withLock { $0.links.removeAll { $0 === link } }
                Foundation.close(client)
                Foundation.close(server)
            }
            Thread.detachNewThread {
                self.pumpRequests(link); finished()
            }
            Thread.detachNewThread {
                self.pumpAnswers(link); finished()
            }
        }
        Foundation.close(listener)
    }

    private func pumpRequests(_ link: Link) {
        while let bytes = Self.read(link.client) {
            state.withLock { state in
                if state.holdsRequests {
                    link.pending.withLock { $0 += bytes }
                } else {
                    Self.write(bytes, link.server)
                }
            }
        }
    }

    private func pumpAnswers(_ link: Link) {
        while let bytes = Self.read(link.server) {
            state.withLock { if !$0.dropsAnswers { Self.write(bytes, link.client) } }
        }
    }

    private func connect() -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = target.bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 { return descriptor }
        Foundation.close(descriptor)
        return nil
    }

    private static func shut(_ link: Link) {
        shutdown(link.client, Int32(SHUT_RDWR))
        shutdown(link.server, Int32(SHUT_RDWR))
    }

    private static func read(_ descriptor: Int32) -> Data? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Data(buffer[..<count]) : nil
    }

    private static func write(_ bytes: Data, _ descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
