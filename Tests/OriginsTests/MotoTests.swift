import Dispatch
import Foundation
import Testing

@testable import Origins

/// A server that others wrote, which checks signatures' form and keeps buckets.
@Suite("Another's S3 server (moto)", .enabled(if: MotoServer.isInstalled, "python3 has no module moto with its server"))
struct MotoTests {
    @Test("Objects come whole, in ranges and by condition; what is missing is said")
    func objects() async throws {
        try await MotoServer.with { url in
            try await withClient { client in
                var location = S3Location(endpoint: url, bucket: "films")
                location.credentials = .init(accessKeyID: "testing", secretAccessKey: "testing")
                let from = OriginDescription(.s3(location))
                let whole = try await client.fetch(OriginRequest(path: "/folder/a%20%2B%C3%BC.txt"), from: from)
                #expect(whole.status == 200)
                let text = try await whole.text()
                #expect(text == "0123456789")
                let tag = try #require(whole.fields["etag"])
                let part = try await client.fetch(
                    OriginRequest(path: "/folder/a%20%2B%C3%BC.txt", range: .bytes(first: 2, last: 4)), from: from)
                #expect(part.status == 206)
                let some = try await part.text()
                #expect(some == "234")
                let known = try await client.fetch(
                    OriginRequest(path: "/folder/a%20%2B%C3%BC.txt", fields: ["if-none-match": tag]), from: from)
                #expect(known.status == 304)
                let head = try await client.fetch(
                    OriginRequest(method: "HEAD", path: "/folder/a%20%2B%C3%BC.txt"), from: from)
                #expect(head.status == 200)
                #expect(head.length == 10)
                let missing = try await client.fetch(OriginRequest(path: "/none"), from: from)
                #expect(missing.status == 404)
                location.bucket = "nothing"
                let nowhere = OriginDescription(.s3(location))
                let error = await originError { try await client.fetch(OriginRequest(path: "/a"), from: nowhere) }
                #expect(error?.code == .badDescription)
            }
        }
    }
}

/// moto in a process of its own, with one bucket and one object.
enum MotoServer {
    static let isInstalled = (try? run(["-c", "import moto.server, boto3"])) == 0

    private static let script = """
        import sys, time
        from moto.server import ThreadedMotoServer
        import boto3
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        url = "http://127.0.0.1:%d" % port
        s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="testing",
            aws_secret_access_key="testing")
        s3.create_bucket(Bucket="films")
        s3.put_object(Bucket="films", Key="folder/a +\\u00fc.txt", Body=b"0123456789")
        print(url, flush=True)
        sys.stdin.read()
        """

    static func with(_ body: (String) async throws -> Void) async throws {
        let process = Process()
        let output = Pipe()
        let input = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script]
        process.standardOutput = output
        process.standardInput = input
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer {
            // It ends with its input; the signal is for a server that hangs.
            try? input.fileHandleForWriting.close()
            process.terminate()
            process.waitUntilExit()
        }
        let reader = output.fileHandleForReading
        let line = await withCheckedContinuation { (continuation: CheckedContinuation<Data, Never>) in
            // Reading blocks.
            DispatchQueue.global().async {
                var line = Data()
                while !line.contains(0x0a), case let part = reader.availableData, !part.isEmpty { line += part }
                continuation.resume(returning: line.prefix { $0 != 0x0a })
            }
        }
        let url = String(decoding: line, as: UTF8.self)
        try #require(url.hasPrefix("http://"), "moto did not start")
        try await body(url)
    }

    private static func run(_ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
