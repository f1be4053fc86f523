import HTTPTypes
import MartletCore

/// Lets no one send more requests than they may: 429 with `Retry-After`, and fields that say how many are left
/// (draft-ietf-httpapi-ratelimit-headers).
///
///     app.use(RateLimit(.requests(600, per: .seconds(60)), by: .address))
///
///     @Use(RateLimit(.slidingWindow(5, per: .seconds(60)), by: .address, name: "sign-in"))
///     @POST func signIn(…) { … }
///
/// On a controller it counts the requests to all its actions together, and the app's counts them, too.
public struct RateLimit: ImmediateMiddleware {
    private let quota: Quota
    private let key: RateLimitKey
    private let name: String
    private let maxKeys: Int
    private let book: Book

    /// - Parameters:
    ///   - quota: how many requests, and how fast they come back.
    ///   - key: whom to count.
    ///   - name: tells it from others in the fields of the response: printable ASCII without quotes.
    ///   - maxKeys: how many are remembered at most, about 24 bytes each. Of more, those are forgotten first that have used
    ///     least.
    public init(_ quota: Quota, by key: RateLimitKey = .address, name: String = "default", maxKeys: Int = 65_536) {
        self.init(quota, key, name, maxKeys, ContinuousClock())
    }

    private init(
        _ quota: Quota, _ key: RateLimitKey, _ name: String, _ maxKeys: Int, _ clock: any Clock<Duration>
    ) {
        self.quota = quota
        self.key = key
        self.name = name
        self.maxKeys = maxKeys
        book = Book(quota, name, RateLedger(quota, capacity: maxKeys), clock)
    }

    /// Counts the request, and passes it on where it is allowed.
    ///
    /// - Throws: `HTTPError` 429.
    public func answer(_ ctx: Context, next: Next) throws -> Answer {
        guard let key = key.value(ctx) else { return next.answer(ctx) }
        let verdict = book.ledger.take(key, at: book.elapsed().nanoseconds)
        guard verdict.isAllowed else { throw book.refusal(verdict) }
        return next.answer(ctx) { [book] response in book.tell(verdict, in: &response.headers) }
    }
}

extension RateLimit: InstancedMiddleware, PlacedMiddleware, CheckedMiddleware {
    package var identity: ObjectIdentifier { ObjectIdentifier(book) }

    package func instance(_ clock: any Clock<Duration>) -> any Middleware {
        RateLimit(quota, key, name, maxKeys, clock)
    }

    /// Behind `Sessions`, where it counts by them.
    public var place: MiddlewarePlace { MiddlewarePlace(needs: key.needs) }

    /// - Throws: `StartupError` for a quota that is none, or a name that cannot stand in a field.
    public func check() throws {
        if let problem = quota.problem { throw StartupError(problem) }
        let isName = !name.isEmpty && name.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
        if !isName {
            throw StartupError("'\(name)' cannot name a rate limit: it takes printable ASCII without quotes.")
        }
        if maxKeys < 1 { throw StartupError("A rate limit remembers 1 key at least, not \(maxKeys).") }
    }
}

/// One application's counts, and what is said of them.
private final class Book: Sendable {
    let ledger: RateLedger
    let elapsed: @Sendable () -> Duration
    /// `"default";r=`
    private let beginning: String
    private let policy: HTTPField?

    init(_ quota: Quota, _ name: String, _ ledger: RateLedger, _ clock: any Clock<Duration>) {
        self.ledger = ledger
        beginning = "\"\(name)\";r="
        policy = HTTPField.Name("RateLimit-Policy").map {
            HTTPField(name: $0, value: "\"\(name)\";q=\(quota.count);w=\(quota.windowSeconds)")
        }
        elapsed = clock.stopwatch()
    }

    func tell(_ verdict: Verdict, in headers: inout HTTPFields) {
        if let policy { headers.append(policy) }
        if let field = Self.limitField {
            var value = ""
            value.reserveCapacity(beginning.utf8.count + 24)
            value += beginning
            value += String(verdict.remaining)
            value += ";t="
            value += String(verdict.wait.roundedUpSeconds)
            headers.append(HTTPField(name: field, value: value))
        }
    }

    func refusal(_ verdict: Verdict) -> HTTPError {
        var headers: HTTPFields = [.retryAfter: "\(max(1, verdict.wait.roundedUpSeconds))"]
        tell(verdict, in: &headers)
        return HTTPError(.tooManyRequests, "There were too many requests. Try again later.", headers: headers)
    }

    private static let limitField = HTTPField.Name("RateLimit")
}
