import Glibc

/// Asks a machine for its health once.
enum Prober {
    /// Nil when it is well, else what was wrong.
    static func ask(_ probe: MachineHealthCheck.Probe, at address: String, timeout: Duration) async -> String? {
        let task = Task { () -> String? in
            switch probe {
            case .tcp(let port):
                switch await connect(address, port) {
                case .success: return nil
                case .failure(let error): return error.text
                }
            case .http(let port, let path): return await get(address, port, path)
            case .command: return "commands are run by the supervisor"
            }
        }
        let alarm = Task {
            try await Task.sleep(for: timeout)
            task.cancel()
        }
        let failure = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        let isLate = task.isCancelled
        alarm.cancel()
        return isLate && failure != nil ? "no answer within \(timeout)" : failure
    }

    private struct Failure: Error {
        var text: String
    }

    private static func connect(_ address: String, _ port: UInt16) async -> Result<Descriptor, Failure> {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_NONBLOCK | O_CLOEXEC, 0)
        guard number >= 0 else { return .failure(Failure(text: "this node has no socket left")) }
        let connection = Descriptor(number)
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        guard inet_pton(AF_INET, address, &target.sin_addr) == 1 else {
            return .failure(Failure(text: "\(address) is no address"))
        }
        let result = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result != 0 {
            guard errno == EINPROGRESS else { return .failure(refusal(port, errno)) }
            // Until it is decided: a wait may return for nothing, and a connection on its way has no error yet.
            var pollable = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
            while Glibc.poll(&pollable, 1, 0) <= 0 {
                if Task.isCancelled { return .failure(Failure(text: "port \(port) does not answer")) }
                await Readiness.wait(reading: [], writing: connection)
            }
            var error: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(number, SOL_SOCKET, SO_ERROR, &error, &size)
            guard error == 0 else { return .failure(refusal(port, error)) }
        }
        return .success(connection)
    }

    private static func refusal(_ port: UInt16, _ error: Int32) -> Failure {
        error == ECONNREFUSED
            ? Failure(text: "nothing listens on port \(port)")
            : Failure(text: "port \(port): \(String(cString: strerror(error)))")
    }

    private static func get(_ address: String, _ port: UInt16, _ path: String) async -> String? {
        let connection: Descriptor
        switch await connect(address, port) {
        case .success(let made): connection = made
        case .failure(let failure): return failure.text
        }
        let request = """
            GET \(path) HTTP/1.1\r
            Host: \(address):\(port)\r
            User-Agent: skerry-health-check\r
            Accept: */*\r
            Connection: close\r
            \r

            """
        let bytes = Array(request.utf8)
        guard Glibc.send(connection.number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            return "port \(port) takes no request"
        }
        // "HTTP/1.1 200" is all that is looked at.
        var head: [UInt8] = []
        while head.count < 12, !Task.isCancelled {
            guard let part = connection.read(atMost: 64) else { break }
            head += part
            if part.isEmpty { await Readiness.wait(reading: [connection]) }
        }
        return judge(head, port)
    }

    /// Nil for the status line of a good answer (RFC 9112, section 4).
    static func judge(_ head: [UInt8], _ port: UInt16) -> String? {
        let text = String(decoding: head.prefix(12), as: UTF8.self)
        guard head.count >= 12, text.hasPrefix("HTTP/1."), let status = Int(text.suffix(3)),
            (100...599).contains(status)
        else { return "port \(port) does not answer in HTTP" }
        return (200..<400).contains(status) ? nil : "port \(port) answers with status \(status)"
    }
}
