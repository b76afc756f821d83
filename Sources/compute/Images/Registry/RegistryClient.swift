import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import Outbound
import Synchronization

/// Reads an image from one repository of a registry (OCI Distribution 1.1, "Pull").
///
/// Without credentials: where a registry asks for a token, an anonymous one is fetched. Connections go to addresses that
/// were judged, for each name and each redirect anew. Tokens go to the registry itself and nowhere else.
final class RegistryClient: Sendable {
    /// Token answers and messages of errors, in bytes.
    private static let maxAnswerBytes = 64 << 10
    private static let maxTokenBytes = 16 << 10

    let reference: ImageReference
    private let base: HTTPURL
    private let settings: RegistrySettings
    private let clients: PinnedClients
    private let resolver: any NameResolver
    private let ownResolver: SystemNameResolver?
    private let token = Mutex<String?>(nil)

    /// - Throws: ``ImageError`` `.badReference`, `.registryFailed` for certificates that are none.
    init(
        _ reference: ImageReference, settings: RegistrySettings, resolver: (any NameResolver)? = nil,
        eventLoops: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup
    ) throws {
        self.reference = reference
        self.settings = settings
        base = try reference.base()
        var limits = PinnedClients.Settings()
        limits.connectTimeout = settings.connectTimeout
        limits.maxConnections = 8
        limits.maxClients = 64
        do {
            clients = PinnedClients(
                limits, tls: try TrustRoots.configuration(extra: settings.trustedCertificates), eventLoops: eventLoops)
        } catch {
            throw ImageError(.registryFailed, "A certificate that should be trusted for registries is none: \(error)")
        }
        ownResolver = resolver == nil ? SystemNameResolver(eventLoops: eventLoops) : nil
        self.resolver = resolver ?? ownResolver ?? SystemNameResolver(eventLoops: eventLoops)
    }

    /// Ends all connections.
    func close() async {
        await clients.close()
        ownResolver?.close()
    }

    // MARK: Reading

    /// What the reference names.
    ///
    /// - Throws: ``ImageError`` `.wrongDigest` when it is not what the reference or the registry itself says.
    func root() async throws -> ImageRoot {
        let (answer, bytes) = try await manifest(reference.wanted)
        let found = ImageDigest(hashing: bytes)
        if let digest = reference.digest, digest != found {
            throw ImageError(.wrongDigest, "\(reference) is named by its digest, but the registry sent \(found)")
        }
        if let stated = answer.headers.first(name: "docker-content-digest"), stated.hasPrefix("sha256:"),
            stated != found.description
        {
            throw ImageError(
                .wrongDigest, "\(reference.registry) says that it sends \(stated.prefix(80)), but it is \(found)")
        }
        let type = answer.headers.first(name: "content-type") ?? ""
        let mediaType = String(type.prefix { $0 != ";" && $0 != " " })
        return ImageRoot(bytes: bytes, mediaType: mediaType, name: "manifest of \(reference)")
    }

    /// A manifest or index that another one names.
    func manifest(_ descriptor: ImageDescriptor, name: String) async throws -> [UInt8] {
        let (_, bytes) = try await manifest(descriptor.digest.description)
        try descriptor.check(bytes, name: name)
        return bytes
    }

    private func manifest(_ name: String) async throws -> (HTTPClientResponse, [UInt8]) {
        let answer = try await ask("/v2/\(reference.repository)/manifests/\(name)", accept: ImageMediaType.manifests)
        defer { answer.end() }
        return (answer.response, try await collect(answer, limit: ImageLimits.maxManifestBytes))
    }

    /// A config, whole.
    func document(_ descriptor: ImageDescriptor, name: String) async throws -> [UInt8] {
        let answer = try await ask("/v2/\(reference.repository)/blobs/\(descriptor.digest)", accept: [])
        defer { answer.end() }
        let bytes = try await collect(answer, limit: min(descriptor.size, ImageLimits.maxConfigBytes))
        try descriptor.check(bytes, name: name)
        return bytes
    }

    /// A layer, as it comes.
    func layer(_ descriptor: ImageDescriptor) async throws -> ImageParts {
        let patience = TimeAmount.seconds(60 + Int64(descriptor.size / max(1, settings.minimumRate)))
        let answer = try await ask(
            "/v2/\(reference.repository)/blobs/\(descriptor.digest)", accept: [], patience: patience)
        if let length = answer.response.headers.first(name: "content-length").flatMap({ Int($0) }),
            length != descriptor.size
        {
            answer.end()
            throw ImageError(
                .wrongSize, "\(reference.registry) sends \(length) bytes; the manifest says \(descriptor.size)")
        }
        let registry = reference.registry
        return ImageParts {
            var body = answer.response.body.makeAsyncIterator()
            return {
                do {
                    if let part = try await body.next() { return part }
                } catch let error as CancellationError {
                    throw error
                } catch {
                    throw ImageError(.registryFailed, "\(registry) broke off (\(error)); try again")
                }
                answer.end()
                return nil
            }
        }
    }

    private func collect(_ answer: RegistryAnswer, limit: Int) async throws -> [UInt8] {
        do {
            return Array(try await answer.response.body.collect(upTo: limit).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw ImageError(
                .tooLarge, "\(reference.registry) sent more than the \(limit) bytes that are possible here")
        } catch let error as CancellationError {
            throw error
        } catch {
            throw ImageError(.registryFailed, "\(reference.registry) broke off (\(error)); try again")
        }
    }

    // MARK: Asking

    private func ask(
        _ path: String, accept: [String], patience: TimeAmount? = nil
    ) async throws -> RegistryAnswer {
        var url = base
        url.target = HTTPURL.target(path[...])
        let known = token.withLock { $0 }
        let answer = try await follow(url, accept: accept, token: known, patience: patience)
        guard answer.response.status == .unauthorized else { return try await check(answer, path) }
        let challenge = answer.response.headers["www-authenticate"].lazy.compactMap { BearerChallenge($0) }.first
        answer.end()
        guard let challenge else {
            throw ImageError(
                .unauthorised,
                "\(reference.registry) asks for a password for \(reference.repository); only what anybody may read can be added"
            )
        }
        let fresh = try await fetchToken(challenge)
        token.withLock { $0 = fresh }
        return try await check(try await follow(url, accept: accept, token: fresh, patience: patience), path)
    }

    private func check(_ answer: RegistryAnswer, _ path: String) async throws -> RegistryAnswer {
        let status = answer.response.status
        if status == .ok { return answer }
        defer { answer.end() }
        switch status {
        case .unauthorized, .forbidden:
            throw ImageError(
                .unauthorised,
                "\(reference.registry) does not let anybody read \(reference.repository) (status \(status.code)); save the image into a file and deploy that"
            )
        case .notFound:
            throw ImageError(
                .notFound, "\(reference.registry) has no \(path.dropFirst("/v2/".count)); check the image's name")
        case .tooManyRequests:
            throw ImageError(.registryFailed, "\(reference.registry) is asked too often; wait a while and try again")
        default:
            throw ImageError(
                .registryFailed, "\(reference.registry) answered with status \(status.code); try again later")
        }
    }

    private struct TokenAnswer: Decodable {
        var token: String?
        var accessToken: String?

        enum CodingKeys: String, CodingKey {
            case token
            case accessToken = "access_token"
        }
    }

    private func fetchToken(_ challenge: BearerChallenge) async throws -> String {
        let url: HTTPURL
        do {
            let separator = challenge.realm.contains("?") ? "&" : "?"
            url = try HTTPURL(challenge.realm + (challenge.query.isEmpty ? "" : separator + challenge.query))
        } catch {
            throw ImageError(.registryFailed, "\(reference.registry) names a token server that is no URL: \(error)")
        }
        try requireSecure(url, "token server")
        let answer = try await follow(url, accept: ["application/json"], token: nil, patience: nil)
        defer { answer.end() }
        guard answer.response.status == .ok else {
            throw ImageError(
                .unauthorised,
                "\(url.hostAndPort) gives nobody a token for \(reference.repository) without a password (status "
                    + "\(answer.response.status.code))")
        }
        let bytes = try await collect(answer, limit: Self.maxAnswerBytes)
        let found = try ImageDocument.decode(
            TokenAnswer.self, bytes, name: "answer of \(url.hostAndPort)", limit: Self.maxAnswerBytes)
        guard let token = found.token ?? found.accessToken, (1...Self.maxTokenBytes).contains(token.utf8.count),
            token.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { throw ImageError(.registryFailed, "\(url.hostAndPort) answered without a token") }
        return token
    }

    /// Plain HTTP may stay on this machine, if the registry is there.
    private func requireSecure(_ url: HTTPURL, _ what: String) throws(ImageError) {
        guard url.isSecure || (base.isLoopback && url.isLoopback) else {
            throw ImageError(
                .refusedAddress,
                "\(reference.registry) names a \(what) without TLS (\(url.hostAndPort)), which anybody could be")
        }
    }

    /// Asks, and follows redirects.
    private func follow(
        _ first: HTTPURL, accept: [String], token: String?, patience: TimeAmount?
    ) async throws -> RegistryAnswer {
        var url = first
        for _ in 0...settings.maxRedirects {
            // What is for one server is not for another.
            let answer = try await send(
                url, accept: accept, token: url.origin == base.origin ? token : nil, patience: patience)
            guard [301, 302, 303, 307, 308].contains(answer.response.status.code) else { return answer }
            answer.end()
            guard let location = answer.response.headers.first(name: "location") else {
                throw ImageError(.registryFailed, "\(url.hostAndPort) redirects to nowhere")
            }
            do { url = try url.resolving(location) } catch {
                throw ImageError(.registryFailed, "\(url.hostAndPort) redirects to something that is no URL: \(error)")
            }
            try requireSecure(url, "server")
        }
        throw ImageError(.registryFailed, "\(first.hostAndPort) redirects more than \(settings.maxRedirects) times")
    }

    private func send(
        _ url: HTTPURL, accept: [String], token: String?, patience: TimeAmount?
    ) async throws -> RegistryAnswer {
        guard !BlockedPorts.contains(url.port) else {
            throw ImageError(.refusedAddress, "Port \(url.port) of \(url.hostAndPort) belongs to another protocol")
        }
        guard ClientURL.agrees(with: url) else {
            throw ImageError(.badReference, "\(url.hostAndPort) can be read in two ways")
        }
        var request = HTTPClientRequest(url: url.description)
        request.headers.add(name: "user-agent", value: "skerry")
        for type in accept { request.headers.add(name: "accept", value: type) }
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        let deadline = NIODeadline.now() + (patience ?? settings.answerTimeout)
        var failure: (any Error)?
        for address in try await addresses(of: url).prefix(4) {
            try Task.checkCancellation()
            let target = PinnedClients.Target(owner: reference.registry, host: url.host, address: address)
            guard let client = clients.take(target) else { throw CancellationError() }
            do {
                let response = try await client.execute(request, deadline: deadline)
                return RegistryAnswer(response) { [clients] in clients.giveBack(target) }
            } catch {
                clients.giveBack(target)
                if error is CancellationError { throw error }
                failure = error
            }
        }
        throw ImageError(
            .registryFailed,
            "Cannot reach \(url.hostAndPort) (\(failure.map { "\($0)" } ?? "it has no address")); check the name and the network"
        )
    }

    /// Where a URL leads to; all of it may be reached.
    private func addresses(of url: HTTPURL) async throws -> [IPAddress] {
        let found: [IPAddress]
        switch url.host {
        case .address(let address): found = [address]
        case .name("localhost"): found = [.v4(0x7f00_0001), .v6(0, 1)]
        case .name(let name):
            do { found = try await resolver.addresses(of: name) } catch {
                throw ImageError(
                    .registryFailed, "\(name) could not be looked up: \(error). Check the registry's name and the DNS")
            }
        }
        if settings.trustsNamedRegistry, url.origin == base.origin { return found }
        for address in found {
            if let reason = settings.addresses.refusal(of: address) {
                throw ImageError(
                    .refusedAddress,
                    "\(url.hostAndPort) is at \(address), which is \(reason); only public servers are reached from here"
                )
            }
        }
        return found
    }
}

/// An answer whose connection is given back once.
final class RegistryAnswer: Sendable {
    let response: HTTPClientResponse
    private let giveBack: Mutex<(@Sendable () -> Void)?>

    init(_ response: HTTPClientResponse, _ giveBack: @escaping @Sendable () -> Void) {
        self.response = response
        self.giveBack = Mutex(giveBack)
    }

    deinit { end() }

    /// The answer is no longer needed.
    func end() {
        let giveBack = giveBack.withLock { giveBack in
            defer { giveBack = nil }
            return giveBack
        }
        giveBack?()
    }
}
