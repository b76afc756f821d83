import Testing

@testable import Origins

/// The examples in AWS' documentation of Signature Version 4 for S3.
@Suite("Signatures for S3")
struct SignatureTests {
    private static let signer = SignatureV4(
        credentials: .init(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1")
    private static let date = "20130524T000000Z"

    private func request(
        _ method: String, _ path: String, _ query: [(name: String, value: String)] = [], _ more: OriginFields = [:],
        payload: String = SignatureV4.emptyPayloadHash
    ) -> SignatureV4.Request {
        var fields: OriginFields = [
            "host": "examplebucket.s3.amazonaws.com", "x-amz-content-sha256": payload, "x-amz-date": Self.date,
        ]
        for line in more.lines { fields.add(line.name, line.value) }
        return .init(method: method, path: path, query: query, fields: fields, payloadHash: payload)
    }

    private func signature(_ request: SignatureV4.Request) -> String {
        String(Self.signer.authorization(request, date: Self.date).split(separator: "=").last ?? "")
    }

    @Test("An object with a range")
    func object() {
        let request = request("GET", "/test.txt", [], ["range": "bytes=0-9"])
        #expect(
            SignatureV4.canonical(request) == """
                GET
                /test.txt

                host:examplebucket.s3.amazonaws.com
                range:bytes=0-9
                x-amz-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
                x-amz-date:20130524T000000Z

                host;range;x-amz-content-sha256;x-amz-date
                e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
                """)
        #expect(
            Self.signer.authorization(request, date: Self.date)
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test("A query without a value, and one with two")
    func queries() {
        #expect(
            signature(request("GET", "/", [("lifecycle", "")]))
                == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
        #expect(
            signature(request("GET", "/", [("prefix", "J"), ("max-keys", "2")]))
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test("An upload whose key and fields need care")
    func upload() {
        let hash = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
        let request = request(
            "PUT", "/test%24file.text", [],
            ["Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": " REDUCED_REDUNDANCY "], payload: hash)
        #expect(signature(request) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test("Queries are ordered by their bytes and encoded, blanks as %20")
    func canonicalQuery() {
        let query = SignatureV4.canonicalQuery([("b", "x y"), ("a", "~/+"), ("B", "é"), ("a", "!")])
        #expect(query == "B=%C3%A9&a=%21&a=~%2F%2B&b=x%20y")
    }

    @Test(
        "Codes are read from errors, and nothing else",
        arguments: [
            ("<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>x</Message></Error>", "NoSuchKey"),
            ("<Code></Code>", nil), ("<Code>a<b/></Code>", nil), ("<Code>NoSuchKey", nil), ("", nil),
            ("<Code>a&amp;</Code>", nil),
        ] as [(String, String?)])
    func errorCodes(_ text: String, _ code: String?) { #expect(S3ErrorCode.read(text.utf8) == code) }
}
