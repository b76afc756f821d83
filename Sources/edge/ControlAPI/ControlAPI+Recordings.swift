import ControlModel
import Foundation
import Hummingbird
import NIOCore
import ServiceLifecycle

/// Recordings of invocations, replays and receipts.
extension ControlAPI {
    /// The largest recording that is taken: 32 MiB.
    private static let maxRecordingBytes = 32 << 20

    func addRecordings(to router: Router<ControlContext>, _ gate: SignatureGate) {
        let backend = self.backend
        let api = router.group("api/v1")
        api.post("names/:name/recordings") { request, context in
            let account = try gate.check(request)
            let name = try context.parameters.require("name")
            let invocation = try await ControlAPI.decode(InvocationRequest.self, request)
            guard invocation.isWithinLimits else {
                throw ControlFailure(
                    status: 413, code: "control/too-many",
                    message: "The method, the URL or a header is empty, too long, or there are too many")
            }
            return JSONBody(
                try await cancelWhenGracefulShutdown {
                    try await backend.record(invocation, of: name, by: account)
                })
        }
        api.post("replays") { request, _ in
            try gate.check(request)
            let file: ByteBuffer
            do {
                file = try await request.body.collect(upTo: ControlAPI.maxRecordingBytes)
            } catch is NIOTooManyBytesError {
                throw ControlFailure(
                    status: 413, code: "control/body-too-large",
                    message: "The recording is larger than \(ControlAPI.maxRecordingBytes) bytes")
            }
            return JSONBody(
                try await cancelWhenGracefulShutdown { try await backend.replay(Array(buffer: file)) })
        }
        api.get("receipts/:id") { _, context in
            JSONBody(try await backend.receipt(try context.parameters.require("id")))
        }
    }
}
