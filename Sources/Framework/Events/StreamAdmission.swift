import HTTPTypes
import MartletEventStream
import Synchronization

/// What is known of a stream when it is let in.
package struct StreamAdmission: Sendable {
    let topics: [TopicPattern]
    let resume: ResumePoint?
    let isGzip: Bool
    /// Holds the stream's place under the limits.
    let place: StreamPlace
    /// nil where nobody has proved who it is.
    let proof: StreamProof?

    package init(
        topics: [TopicPattern], resume: ResumePoint?, isGzip: Bool, place: StreamPlace, proof: StreamProof? = nil
    ) {
        self.proof = proof
        self.topics = topics
        self.resume = resume
        self.isGzip = isGzip
        self.place = place
    }
}

/// Where a client that comes back says it was.
package enum ResumePoint: Sendable, Hashable {
    case after(EventID)
    /// Nothing that this server wrote.
    case unknown
}

extension EventHub {
    /// The id of the last event of a stream that was told to stay away.
    package static let farewellID = "martlet.closed"

    /// Decides about a stream that an action returned, before it is counted, replayed to or delivered to.
    ///
    /// - Throws: `HTTPError` 403 for a topic that is refused, 503 with `Retry-After` over a limit.
    func admit(_ response: Response, _ stream: EventStream, _ ctx: Context) async throws -> Response {
        let lastEventID = ctx.lastEventID
        // WHATWG HTML section 9.2.3: 204 is how a client learns to stop reconnecting.
        if lastEventID == Self.farewellID { return Response(status: .noContent) }
        var stream = stream
        var response = response
        var topics = try stream.topics.map { topic throws(TopicError) in try TopicPattern(topic) }
        for pattern in stream.patterns {
            if let problem = pattern.problem { throw problem }
            topics.append(pattern)
        }
        for topic in topics { try await authorize(topic, ctx) }
        let resume: ResumePoint? = lastEventID.flatMap { text in
            if let id = EventID(text) { return .after(id) }
            // A stream that ends with its body gives ids of its own.
            return stream.endsWithBody ? nil : .unknown
        }
        guard let place = admission.take(user: stream.user, address: ctx.client.address) else {
            throw HTTPError(.serviceUnavailable, "There are too many streams.", headers: [.retryAfter: "5"])
        }
        var isGzip = false
        if stream.isCompressed {
            response.headers[.vary] = ContentCoding.vary(response.headers[.vary])
            isGzip = ctx.request.method != .head && ContentCoding.acceptsGzip(ctx.request.headers)
            if isGzip { response.headers[.contentEncoding] = "gzip" }
        }
        stream.admission = StreamAdmission(
            topics: topics, resume: resume, isGzip: isGzip, place: place, proof: proof(of: ctx))
        response.body = .events(stream)
        return response
    }

    private func proof(of ctx: Context) -> StreamProof? {
        guard let user = ctx.user else { return nil }
        let time = user.proof?.expiresAt?.timeIntervalSince(ctx.now)
        return StreamProof(
            handles: [.user(user.id)] + (user.proof?.handle.map { [$0] } ?? []),
            deadline: time.map { now + .seconds($0) }, number: ctx.proofNumber)
    }

    private func authorize(_ topic: TopicPattern, _ ctx: Context) async throws {
        for rule in settings.authorizers where rule.pattern.overlaps(topic) {
            // A pattern must not reach what a rule guards that comes before the one that covers it.
            guard rule.pattern.covers(topic) else {
                throw HTTPError(.forbidden, "The topics '\(topic)' are not all yours to read.")
            }
            guard try await rule.isAllowed(ctx, topic.description) else {
                throw HTTPError(.forbidden, "The topic '\(topic)' is not yours to read.")
            }
            return
        }
    }
}

extension Context {
    /// Where a client that comes back says it was: `Last-Event-ID`, or `?lastEventId=` for clients that cannot set it; empty
    /// where it says so in a query that cannot be read.
    public var lastEventID: String? {
        if let field = HTTPField.Name("Last-Event-ID"), let value = request.headers[field], !value.isEmpty {
            return value
        }
        guard let query = request.rawQuery else { return nil }
        do {
            return try request.query["lastEventId"].flatMap { $0.isEmpty ? nil : $0 }
        } catch {
            return query.contains("lastEventId") ? "" : nil
        }
    }
}

/// Counts the streams that there are or are about to be, against the limits.
package final class StreamCounts: Sendable {
    private struct State {
        var all = 0
        var byUser: [String: Int] = [:]
        var byAddress: [String: Int] = [:]
        var refused = 0
    }
    private let state = Mutex(State())
    private let limits: Limits

    init(_ limits: Limits) { self.limits = limits }

    var refused: Int { state.withLock { $0.refused } }

    /// nil when there are too many.
    package func take(user: String?, address: String) -> StreamPlace? {
        state.withLock { state in
            let isOver =
                state.all >= limits.maxStreams
                || user.map { state.byUser[$0, default: 0] >= limits.maxStreamsPerUser } ?? false
                || state.byAddress[address, default: 0] >= limits.maxStreamsPerAddress
            if isOver {
                state.refused += 1
                return nil
            }
            state.all += 1
            if let user { state.byUser[user, default: 0] += 1 }
            state.byAddress[address, default: 0] += 1
            return StreamPlace(self, user: user, address: address)
        }
    }

    fileprivate func giveBack(_ place: StreamPlace) {
        state.withLock { state in
            state.all -= 1
            if let user = place.user { state.byUser.takeOne(from: user) }
            state.byAddress.takeOne(from: place.address)
        }
    }

    /// How many streams each address has.
    var byAddress: [String: Int] { state.withLock { $0.byAddress } }
}

extension [String: Int] {
    fileprivate mutating func takeOne(from key: String) {
        guard let count = self[key] else { return }
        self[key] = count > 1 ? count - 1 : nil
    }
}

/// A stream's place under the limits; given back when nothing holds it any more, so a response that is never sent keeps
/// none.
package final class StreamPlace: Sendable {
    fileprivate let user: String?
    fileprivate let address: String
    private let counts: StreamCounts

    fileprivate init(_ counts: StreamCounts, user: String?, address: String) {
        self.counts = counts
        self.user = user
        self.address = address
    }

    deinit { counts.giveBack(self) }
}
