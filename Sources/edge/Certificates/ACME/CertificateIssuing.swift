/// Issues certificates for names.
public protocol CertificateIssuing: Sendable {
    /// - Parameters:
    ///   - attempt: How often this failed in a row; another challenge is tried each time.
    /// - Throws: ``CertificateError``.
    func issue(_ domain: String, attempt: Int) async throws -> CertificateMaterial
}
