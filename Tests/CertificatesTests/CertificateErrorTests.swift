import Certificates
import Testing

@Suite("Errors of certificates")
struct CertificateErrorTests {
    @Test("Say what kind they are and their message")
    func message() {
        #expect("\(CertificateError(.dnsFailed, "no answer"))" == "certificates/dns-failed: no answer")
    }
}
