/// Issues certificates for names.
public protocol CertificateIssuing: Sendable {
    /// - Parameters:
    ///   - attempt: How often this failed in a row; another challenge is tried each time.
    ///   - old: The certificate that the new one is for the place of.
    /// - Throws: ``CertificateError``.
    func issue(_ domain: String, attempt: Int, replacing old: CertificateMaterial?) async throws -> CertificateMaterial

    /// When a certificate is to be renewed; nil if the authority says nothing of that.
    ///
    /// - Throws: ``CertificateError``.
    func renewalAdvice(for material: CertificateMaterial) async throws -> RenewalAdvice?
}
