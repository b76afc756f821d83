/// A certificate for `origin.test` and `localhost`, its own authority, valid until 2126. For tests only.
enum TestCertificate {
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqr9/hX/ixsqQeDzO
        Q5IrSumvLZCNaJH7f5d0F07MIiahRANCAATUQ/P6UY9YfVVwF+q/GIFOdPTtkWXR
        5534Rjb1aqpajqxF9Oah52DFYqOQh5aFRtwE86cLOiy4DdODhXIKXPFw
        -----END PRIVATE KEY-----
        """

    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBpzCCAUygAwIBAgIUNRq16NZospZgGLNSKh2qgHtp0D8wCgYIKoZIzj0EAwIw
        FjEUMBIGA1UEAwwLb3JpZ2luLnRlc3QwIBcNMjYxMTI5MTE0NTMxWhgPMjEyNjEx
        MDUxMTQ1MzFaMBYxFDASBgNVBAMMC29yaWdpbi50ZXN0MFkwEwYHKoZIzj0CAQYI
        KoZIzj0DAQcDQgAE1EPz+lGPWH1VcBfqvxiBTnT07ZFl0eed+EY29WqqWo6sRfTm
        oedgxWKjkIeWhUbcBPOnCzosuA3Tg4VyClzxcKN2MHQwHQYDVR0OBBYEFLNjv9h0
        sy/ItamrNwBK5L6GT7urMB8GA1UdIwQYMBaAFLNjv9h0sy/ItamrNwBK5L6GT7ur
        MA8GA1UdEwEB/wQFMAMBAf8wIQYDVR0RBBowGIILb3JpZ2luLnRlc3SCCWxvY2Fs
        aG9zdDAKBggqhkjOPQQDAgNJADBGAiEAuCWZDkWcqOKkgvFwRHtUauDgwGgZpoaf
        iQoSkmrm7YACIQCU53qnKvfx0PRqLKx8S2K2n4lh5dKGvDs96ERGK+t1TQ==
        -----END CERTIFICATE-----
        """
}
