import HTTPTypes
import MartletCore

/// The proxies that may say whom they speak for. What they say of address, scheme, host and prefix is what `ctx.client` and
/// `ctx.request` then have, for everything: rewrites, routing, middleware and actions.
///
///     app.trustedProxies = ["10.0.0.0/8", "::1"]
///     app.trustedProxies = TrustedProxies(["10.0.0.0/8"], fields: [.xForwardedFor, .xForwardedProto, .xForwardedPrefix])
///
/// Nothing is believed of a peer that is not listed. Of one that is, the addresses are gone through from the right, while each
/// is a proxy of the list; the first that is not is the client. What is malformed is left out: then the client is the
/// last that was legible.
public struct TrustedProxies: Sendable {
    /// The fields that the proxies set. A field that they do not set, and do not take away, comes from the client as it
    /// likes: name those alone that the proxy is configured to set.
    public struct Fields: OptionSet, Sendable {
        /// One bit a field.
        public let rawValue: UInt8
        /// A set by its bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// `X-Forwarded-For`: the addresses.
        public static let xForwardedFor = Fields(rawValue: 1)
        /// `X-Forwarded-Proto`: the scheme.
        public static let xForwardedProto = Fields(rawValue: 2)
        /// `X-Forwarded-Host`: host and perhaps port.
        public static let xForwardedHost = Fields(rawValue: 4)
        /// `X-Forwarded-Prefix`: what the proxy has taken from the beginning of the path.
        public static let xForwardedPrefix = Fields(rawValue: 8)
        /// `Forwarded` (RFC 7239), which has addresses, scheme and host.
        public static let forwarded = Fields(rawValue: 16)
    }

    private let networks: [IPNetwork]
    private let fields: Fields
    private let problems: [String]

    /// - Parameters:
    ///   - proxies: addresses and networks, `192.0.2.1` or `10.0.0.0/8`. One that is none ends the start.
    ///   - fields: what they set.
    public init(_ proxies: [String], fields: Fields = [.xForwardedFor, .xForwardedProto]) {
        networks = proxies.compactMap(IPNetwork.init)
        self.fields = fields
        var problems = proxies.filter { IPNetwork($0) == nil }.map { text in
            """
            '\(text)' is no address of a trusted proxy, and no network: write 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32, with \
            no bits behind the length.
            """
        }
        if fields.contains(.forwarded), !fields.isDisjoint(with: [.xForwardedFor, .xForwardedProto, .xForwardedHost]) {
            problems.append(
                """
                Trusted proxies set Forwarded or X-Forwarded-For, -Proto and -Host, not both: the ones that they leave alone \
                are the client's to write.
                """)
        }
        self.problems = problems
    }
}

extension TrustedProxies: ExpressibleByArrayLiteral {
    /// Proxies that set `X-Forwarded-For` and `X-Forwarded-Proto`.
    public init(arrayLiteral proxies: String...) { self.init(proxies) }
}

extension AppBuilder {
    /// The proxies before the app; nil, as at first, where every peer is a client.
    public var trustedProxies: TrustedProxies? {
        get { peerResolver as? TrustedProxies }
        set { peerResolver = newValue }
    }
}

extension TrustedProxies: PeerResolver {
    package func check() throws {
        if !problems.isEmpty { throw StartupError(problems.joined(separator: "\n")) }
    }

    package func resolve(_ request: Request, from client: ClientInfo) -> (request: Request, client: ClientInfo)? {
        guard let peer = IPAddress(client.address), isTrusted(peer) else { return nil }
        let origin = fields.contains(.forwarded) ? forwarded(request, peer) : xForwarded(request, peer)
        let scheme = origin.scheme.flatMap { text in ["http", "https"].first { $0 == text.lowercased() } }
        let authority = origin.authority.flatMap { Self.isAuthority($0) ? $0 : nil }
        var headers = request.headers
        if let authority, let name = Self.hostField { headers[name] = authority }
        let prefix = origin.prefix.flatMap(Self.prefix)
        return (
            Request(
                method: request.method, target: request.target, scheme: scheme ?? request.scheme,
                prefix: prefix ?? request.prefix, headers: headers, body: request.body),
            ClientInfo(
                connectionID: client.connectionID, address: origin.address ?? client.address,
                port: origin.address == nil ? client.port : origin.port, connectedAt: client.connectedAt)
        )
    }

    private func isTrusted(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address) } }

    /// What is said, and not yet looked at.
    private struct Origin {
        var address: String?
        var port = 0
        var scheme: String?
        var authority: String?
        var prefix: String?

        /// - Returns: the address, where it may be another proxy's.
        mutating func take(_ node: ForwardedNode) -> IPAddress? {
            port = node.port
            switch node.name {
            case .address(let found):
                address = found.description
                return found
            case .hidden(let name):
                address = name
                return nil
            }
        }
    }

    /// What the outermost proxy of the list says.
    private func forwarded(_ request: Request, _ peer: IPAddress) -> Origin {
        var origin = Origin()
        var hops = 0
        for text in ElementsFromRight(Self.values(Self.forwardedField, of: request)) {
            guard let element = ForwardedElement(text) else { break }
            hops += 1
            origin.scheme = element.proto
            origin.authority = element.host
            guard let node = element.node, let address = origin.take(node), isTrusted(address) else { break }
        }
        origin.prefix = value(.xForwardedPrefix, Self.prefixField, request, hops: max(hops, 1))
        return origin
    }

    private func xForwarded(_ request: Request, _ peer: IPAddress) -> Origin {
        var origin = Origin()
        var hops = 0
        if fields.contains(.xForwardedFor) {
            for text in ElementsFromRight(Self.values(Self.forField, of: request)) {
                guard let node = ForwardedNode(text, allowsBareV6: true) else { break }
                hops += 1
                guard let address = origin.take(node), isTrusted(address) else { break }
            }
        }
        hops = max(hops, 1)
        origin.scheme = value(.xForwardedProto, Self.protoField, request, hops: hops)
        origin.authority = value(.xForwardedHost, Self.xHostField, request, hops: hops)
        origin.prefix = value(.xForwardedPrefix, Self.prefixField, request, hops: hops)
        return origin
    }

    /// What the outermost proxy has added, where each adds one; where there are fewer, the first.
    private func value(_ field: Fields, _ name: HTTPField.Name?, _ request: Request, hops: Int) -> String? {
        guard fields.contains(field) else { return nil }
        return ElementsFromRight(Self.values(name, of: request)).prefix(hops).reversed().first.map(String.init)
    }

    private static func values(_ name: HTTPField.Name?, of request: Request) -> [String] {
        name.map { request.headers[values: $0] } ?? []
    }

    private static let hostField = HTTPField.Name("Host")
    private static let forwardedField = HTTPField.Name("Forwarded")
    private static let forField = HTTPField.Name("X-Forwarded-For")
    private static let protoField = HTTPField.Name("X-Forwarded-Proto")
    private static let xHostField = HTTPField.Name("X-Forwarded-Host")
    private static let prefixField = HTTPField.Name("X-Forwarded-Prefix")

    /// A host and perhaps a port, with nothing that would mean more in a URL.
    private static func isAuthority(_ text: String) -> Bool {
        guard text.utf8.count <= 255 + 6 else { return false }
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]"), IPAddress(text[..<end].dropFirst())?.isV4 == false else {
                return false
            }
            rest = text[text.index(after: end)...]
        } else {
            let host = text.prefix { $0 != ":" }
            guard !host.isEmpty, host.utf8.allSatisfy({ $0.isLetterOrDigit || "-._~".utf8.contains($0) }) else {
                return false
            }
            rest = text[host.endIndex...]
        }
        return rest.isEmpty
            || rest.hasPrefix(":") && rest.dropFirst().allSatisfy(\.isASCII) && UInt16(rest.dropFirst()) != nil
    }

    /// A path without a slash at its end; nil for what would lead out of it, or to another host.
    private static func prefix(_ text: String) -> String? {
        var path = text[...]
        while path.hasSuffix("/") { path.removeLast() }
        guard path.hasPrefix("/"), path.utf8.count <= 1024 else { return path.isEmpty ? "" : nil }
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = segments.allSatisfy { segment in
            !segment.isEmpty && segment != "." && segment != ".."
                && segment.utf8.allSatisfy { $0.isLetterOrDigit || "-._~!$&'()*+=:@".utf8.contains($0) }
        }
        return isPlain ? String(path) : nil
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
