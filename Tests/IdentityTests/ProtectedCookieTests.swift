import Foundation
import Martlet
import NIOCore
import Testing

@testable import MartletIdentity
@testable import MartletTesting

@Suite struct ProtectedCookieTests {
    private struct Cart: Codable, Hashable {
        var items: [Int]
        var note = "ü\r\n;\u{0}"
    }
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)
    private let host: TestHost
    private let keys = KeyRing.temporary()
    private let cart = Cart(items: [1, 2, 3])

    init() throws { host = try TestHost() }

    private func ctx(_ cookies: String? = nil, scheme: String = "http") -> Context {
        host.application.context(
            request: Request(
                method: .get, target: "/", scheme: scheme, headers: cookies.map { [.cookie: $0] } ?? [:]),
            client: ClientInfo(connectionID: 1, address: "127.0.0.1", port: 1), eventLoop: host.executor.eventLoop)
    }

    private func cookie(
        _ protection: CookieProtection = .encrypted, _ name: String = "cart", keys: KeyRing? = nil,
        purpose: String = "", lifetime: Duration? = nil, attributes: CookieAttributes = CookieAttributes()
    ) throws -> ProtectedCookie<Cart> {
        try ProtectedCookie(
            name, protection, keys: keys ?? self.keys, purpose: purpose, lifetime: lifetime, attributes: attributes)
    }

    /// What the browser keeps of a value.
    private func written(
        _ cookie: ProtectedCookie<Cart>, _ value: Cart? = nil, scheme: String = "http"
    ) throws -> SetCookie {
        let ctx = ctx(scheme: scheme)
        try cookie.set(value ?? cart, ctx, now: Self.now)
        return try #require(ctx.response.cookies.last)
    }

    static let protections: [CookieProtection] = [.encrypted, .signed]

    @Test(arguments: protections)
    func `a value comes back`(protection: CookieProtection) throws {
        let cookie = try cookie(protection)
        let set = try written(cookie)
        #expect(set.name == "cart" && set.headerValue.hasSuffix("; Path=/; HttpOnly; SameSite=Lax"))
        #expect(cookie.get(ctx("x=1; cart=\(set.value)"), now: Self.now) == cart)
        #expect(cookie.get(ctx(), now: Self.now) == nil)
    }

    @Test func `what is encrypted is not readable, and never the same; what is signed is`() throws {
        let set = [try written(try cookie()), try written(try cookie())]
        #expect(set[0].value != set[1].value)
        let signed = try written(try cookie(.signed)).value
        let json = Base64URL.bytes(of: signed.utf8.prefix { $0 != UInt8(ascii: ".") })
        #expect(json.map { String(decoding: $0, as: UTF8.self).contains("[1,2,3]") } == true)
        let read = Base64URL.bytes(of: set[0].value.utf8) ?? []
        #expect(!String(decoding: read, as: UTF8.self).contains("items"))
    }

    @Test(arguments: protections)
    func `with any character changed, left out or added it is none`(protection: CookieProtection) throws {
        let cookie = try cookie(protection)
        let value = Array(try written(cookie).value.utf8)
        let others = Array("AQgw_-.~=+/%\"".utf8)
        func isRefused(_ bytes: some Sequence<UInt8>) -> Bool {
            cookie.get(ctx("cart=" + String(decoding: Array(bytes), as: UTF8.self)), now: Self.now) == nil
        }
        for index in value.indices {
            var without = value
            without.remove(at: index)
            #expect(isRefused(without))
            for other in others {
                var changed = value
                changed.insert(other, at: index)
                #expect(isRefused(changed))
                changed = value
                changed[index] = other
                #expect(isRefused(changed) || changed == value)
            }
        }
        for length in value.indices {
            #expect(isRefused(value.prefix(length)) && isRefused(value.dropFirst(length + 1)))
        }
        for other in others { #expect(isRefused(value + [other])) }
        #expect(isRefused(value + value))
        #expect(!isRefused(value))
    }

    @Test(arguments: protections)
    func `any text is none`(protection: CookieProtection) throws {
        let cookie = try cookie(protection)
        var generator = SystemRandomNumberGenerator()
        for length in Array(0...100) + [4096, 4097, 30_000] {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0x21...0x7e, using: &generator) }
            #expect(cookie.get(ctx("cart=" + String(decoding: bytes, as: UTF8.self)), now: Self.now) == nil)
            let encoded = Base64URL.text(of: bytes.map { $0 &* 3 })
            #expect(cookie.get(ctx("cart=\(encoded)"), now: Self.now) == nil)
            #expect(cookie.get(ctx("cart=\(encoded).\(encoded)"), now: Self.now) == nil)
        }
    }

    @Test(arguments: protections)
    func `under another name, for another purpose, of another kind or key it is none`(protection: CookieProtection)
        throws
    {
        let value = try written(try cookie(protection)).value
        let others = [
            try cookie(protection, "trolley"), try cookie(protection, purpose: "2"),
            try cookie(protection, keys: .temporary()), try cookie(protection == .signed ? .encrypted : .signed),
        ]
        for other in others { #expect(other.get(ctx("\(other.name)=\(value)"), now: Self.now) == nil) }
        // Parts are told apart, not joined.
        let one = try written(try cookie(protection, "a", purpose: "bc")).value
        #expect(try cookie(protection, "ab", purpose: "c").get(ctx("ab=\(one)"), now: Self.now) == nil)
        // A value of another type.
        let texts = try ProtectedCookie<String>("cart", protection, keys: keys)
        #expect(texts.get(ctx("cart=\(value)"), now: Self.now) == nil)
    }

    @Test(arguments: protections)
    func `the first key writes, and all read`(protection: CookieProtection) throws {
        let (old, new) = (KeyRing.newKey(), KeyRing.newKey())
        let before = try cookie(protection, keys: KeyRing([old]))
        let between = try cookie(protection, keys: KeyRing([new, old]))
        let after = try cookie(protection, keys: KeyRing([new]))
        let (first, second) = (try written(before).value, try written(between).value)
        #expect(between.get(ctx("cart=\(first)"), now: Self.now) == cart)
        #expect(between.get(ctx("cart=\(second)"), now: Self.now) == cart)
        #expect(after.get(ctx("cart=\(second)"), now: Self.now) == cart)
        #expect(after.get(ctx("cart=\(first)"), now: Self.now) == nil)
        #expect(before.get(ctx("cart=\(second)"), now: Self.now) == nil)
    }

    @Test(arguments: protections)
    func `it ends with its lifetime, whatever the browser thinks`(protection: CookieProtection) throws {
        let cookie = try cookie(protection, lifetime: .seconds(60))
        let set = try written(cookie)
        #expect(set.maxAge == .seconds(60))
        for (seconds, isThere) in [
            (-1.0, true), (0, true), (59.9, true), (60, false), (1e9, false), (.infinity, false),
        ] {
            #expect((cookie.get(ctx("cart=\(set.value)"), now: Self.now + seconds) != nil) == isThere, "\(seconds)")
        }
        // One that was written when there was no lifetime has an end that nobody knows.
        let endless = try written(try self.cookie(protection)).value
        #expect(cookie.get(ctx("cart=\(endless)"), now: Self.now) == nil)
        #expect(try self.cookie(protection).get(ctx("cart=\(set.value)"), now: Self.now + 61) == nil)
        let long = try self.cookie(protection, lifetime: .seconds(Int64.max))
        #expect(long.get(ctx("cart=\(try written(long).value)"), now: Self.now) == cart)
    }

    @Test func `over TLS it is the host's alone`() throws {
        let cookie = try cookie()
        let set = try written(cookie, scheme: "https")
        #expect(set.headerValue.hasPrefix("__Host-cart=") && set.headerValue.contains("; Secure"))
        #expect(cookie.get(ctx("__Host-cart=\(set.value)", scheme: "https"), now: Self.now) == cart)
        // Under the name that anybody may set it does not count, and is another's over plain HTTP.
        #expect(cookie.get(ctx("cart=\(set.value)", scheme: "https"), now: Self.now) == nil)
        #expect(cookie.get(ctx("cart=\(set.value)"), now: Self.now) == nil)
        let plain = try written(cookie).value
        #expect(cookie.get(ctx("__Host-cart=\(plain)", scheme: "https"), now: Self.now) == nil)
    }

    @Test func `attributes of the app's own`() throws {
        let below = try cookie(attributes: CookieAttributes(path: "/shop", isSecure: true, sameSite: .strict))
        let set = try written(below)
        #expect(set.headerValue.hasPrefix("__Secure-cart="))
        #expect(set.headerValue.hasSuffix("; Path=/shop; HttpOnly; Secure; SameSite=Strict"))
        #expect(below.get(ctx("__Secure-cart=\(set.value)"), now: Self.now) == cart)
        let open = try cookie(attributes: CookieAttributes(isSecure: false, isHTTPOnly: false))
        #expect(try written(open, scheme: "https").headerValue.hasSuffix("; Path=/; SameSite=Lax"))
        let named = try cookie(.signed, "__Host-cart")
        #expect(try written(named).headerValue.contains("; Secure"))
    }

    @Test func `what no cookie can have ends the start`() {
        #expect(throws: CookieError.self) { try cookie(.signed, "a b") }
        #expect(throws: CookieError.self) { try cookie(attributes: CookieAttributes(path: "/;")) }
        #expect(throws: CookieError.self) { try cookie(.signed, "__Host-a", attributes: CookieAttributes(path: "/a")) }
    }

    @Test func `a value that is too large is an error, and none that fits`() throws {
        let cookie = try cookie()
        #expect(throws: CookieError.self) {
            try written(cookie, Cart(items: [], note: String(repeating: "x", count: 3500)))
        }
        let large = Cart(items: [], note: String(repeating: "x", count: 2900))
        let set = try written(cookie, large)
        #expect(cookie.get(ctx("cart=\(set.value)"), now: Self.now) == large)
    }

    @Test func `of several with the name the first right one counts, among four`() throws {
        let cookie = try cookie()
        let right = try written(cookie).value
        #expect(cookie.get(ctx("cart=x; cart=; cart=\(right)"), now: Self.now) == cart)
        #expect(cookie.get(ctx(String(repeating: "cart=x; ", count: 4) + "cart=\(right)"), now: Self.now) == nil)
    }

    @Test func `it is removed under the name and path that it has`() throws {
        let cookie = try cookie(attributes: CookieAttributes(path: "/shop"))
        let ctx = ctx(scheme: "https")
        cookie.remove(ctx)
        #expect(
            ctx.response.cookies.map(\.headerValue) == [
                "__Secure-cart=; Path=/shop; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
            ])
    }
}

@Suite struct KeyRingTests {
    @Test(arguments: [
        [], [""], ["abc"], ["AAAA"], [String(repeating: "A", count: 40)],
        ["not Base64 not Base64 not Base64 not Base64 not"],
        [KeyRing.newKey(), "short"], Array(repeating: KeyRing.newKey(), count: 17),
    ])
    func `what is no key ends the start, and is not shown`(keys: [String]) {
        let error = #expect(throws: KeyRingError.self) { try KeyRing(keys) }
        for key in keys where key.count > 3 { #expect(error.map { "\($0)".contains(key) } == false) }
    }

    @Test func `a key may have a line end, as a file has`() {
        #expect(throws: Never.self) { try KeyRing(["  \(KeyRing.newKey())\r\n"]) }
        #expect(KeyRing.newKey() != KeyRing.newKey())
    }

    @Test func `no log has a key`() throws {
        let key = KeyRing.newKey()
        let ring = try KeyRing([key, key])
        var dumped = ""
        dump(ring, to: &dumped)
        #expect("\(ring)" == "KeyRing of 2" && dumped.utf8.count < 40)
    }

    @Test func `each use has keys of its own`() throws {
        let ring = KeyRing.temporary()
        let uses = [ring.keys(for: "a", "b"), ring.keys(for: "ab"), ring.keys(for: "a"), ring.keys(for: "a", "b", "")]
        for (index, one) in uses.enumerated() {
            for other in uses[(index + 1)...] { #expect(one != other) }
        }
        #expect(ring.keys(for: "a", "b") == uses[0])
    }
}
