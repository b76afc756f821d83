import Foundation
import Testing

@testable import Node

@Suite struct NodeConfigurationTests {
    private func fault(_ json: String) throws -> String? {
        let json = Data(json.utf8)
        do {
            let read = try JSONDecoder().decode(NodeConfiguration.self, from: json)
            return UnknownKeys.fault(in: json, as: read) ?? read.fault
        } catch let error as DecodingError {
            return error.explanation
        }
    }

    private func configuration(port: String = "0", more: String = "") -> String {
        """
        {"gateway": {"host": "127.0.0.1", "port": \(port)}, "peer": {"host": "127.0.0.1", "port": 7000},
         "control": {"host": "127.0.0.1", "port": 65535}\(more)}
        """
    }

    @Test func goodOnes() throws {
        #expect(try fault(configuration()) == nil)
        #expect(try fault(configuration(port: "443", more: ", \"quotaBytes\": 1")) == nil)
    }

    @Test(
        "A value that cannot be meant is named",
        arguments: [
            ("99999", "", "port of `gateway` is 99999"), ("-1", "", "port of `gateway` is -1"),
            ("0", ", \"quotaBytes\": 0", "`quotaBytes` is 0"), ("0", ", \"directStreamBytes\": -5", "is -5"),
            ("0", ", \"secure\": {\"host\": \"::1\", \"port\": 65536}", "port of `secure` is 65536"),
            ("\"80\"", "", "`gateway.port` has another type"),
            ("0", ", \"secure\": {\"host\": \"::1\"}", "`secure.port` is missing"),
        ])
    func badOnes(_ port: String, _ more: String, _ words: String) throws {
        let told = try fault(configuration(port: port, more: more))
        #expect(told?.contains(words) == true, "\(told ?? "nothing")")
    }

    @Test(
        "A key that is none is named, with the one that was meant",
        arguments: [
            (", \"quotaByte\": 1", "no key `quotaByte`; did you mean `quotaBytes`?"),
            (", \"colour\": null", "no key `colour`; known are gateway, secure, peer, control, quotaBytes"),
            (", \"machines\": {\"IsOn\": false}", "no key `machines.IsOn`; did you mean `machines.isOn`?"),
            (
                ", \"tls\": {\"certificates\": [{\"chain\": \"a\", \"key\": \"b\", \"keys\": \"c\"}]}",
                "no key `tls.certificates.0.keys`; did you mean `tls.certificates.0.key`?"
            ),
        ])
    func unknownKeys(_ more: String, _ words: String) throws {
        let told = try fault(configuration(more: more))
        #expect(told?.contains(words) == true, "\(told ?? "nothing")")
    }

    @Test func keysThatTheOperatorChoosesAreNotJudged() throws {
        #expect(try fault(configuration(more: ", \"machines\": {\"tcpPorts\": {\"app/port\": 5432}}")) == nil)
        #expect(try fault(configuration(more: ", \"domains\": {\"resolvers\": [\"127.0.0.1:53\"]}")) == nil)
    }
}
