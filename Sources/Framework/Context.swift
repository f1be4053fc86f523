import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A request with everything around it: what every middleware and action is given.
public final class Context: Sendable {
    /// What the client has sent. A middleware may put other content in place of its body's.
    public let request: Request
    /// The peer and its connection.
    public let client: ClientInfo
    let environment: ApplicationEnvironment
    /// The loop of the connection, where the request runs.
    package let eventLoop: any EventLoop

    /// Which proofs were over when the request began.
    let proofNumber: UInt64

    private typealias Kept = (key: ObjectIdentifier, value: any Sendable)

    /// The route that the request takes, nil where none matches.
    let match: MatchedRoute?

    private struct State {
        /// What the app did wrong, where there was no way to throw it.
        var failure: (any Error)?
        /// What middleware keeps: one value, mostly, and else few, so that a list is found through faster than a table.
        var first: Kept?
        var others: [Kept] = []
        var requestID: String?
        var scope: ServiceScope?
        var user = WhoAsks.nobody
        var session: (any AnyObject & Sendable)?
    }
    private let state = Mutex(State())
    /// What is not the rule, so that the end of a request that has none of it takes no lock. Set under the lock of what it
    /// tells of.
    private let marks = Atomic<UInt8>(0)
    private enum Mark {
        static let failure: UInt8 = 1
        static let metadata: UInt8 = 2
        static let scope: UInt8 = 4
        /// The response is made; a stream may go on.
        static let over: UInt8 = 8
    }
    /// Guards `metadata`: a change of it is one access, so that child tasks that set cookies lose none of each other's.
    private let metadataLock = Mutex(())
    // Touched under that lock alone. nil until it is changed.
    nonisolated(unsafe) private var metadata: ResponseMetadata?

    init(
        request: Request, client: ClientInfo, match: MatchedRoute?, environment: ApplicationEnvironment,
        eventLoop: any EventLoop
    ) {
        self.request = request
        self.client = client
        self.match = match
        self.environment = environment
        self.eventLoop = eventLoop
        proofNumber = environment.events.proofNumber.load(ordering: .acquiring)
    }

    /// The live streams of the application.
    public var sse: EventHub { environment.events }
    /// The application's clock: use it for waiting, so that tests need not wait.
    public var clock: any Clock<Duration> { environment.clock }
    /// The time of day: what is stored with a date or compared with one takes it from here, so that a test's clock moves it.
    public var now: Date { environment.wall.now }

    /// True where errors are shown in detail.
    public var isDevelopment: Bool { environment.isDevelopment }

    /// The services, those of this request included.
    public var services: ServiceResolver {
        let scope = state.withLock { state in
            if let scope = state.scope { return scope }
            let before = marks.bitwiseOr(Mark.scope, ordering: .sequentiallyConsistent).oldValue
            let scope = ServiceScope(hasEnded: before & Mark.over != 0)
            state.scope = scope
            return scope
        }
        return ServiceResolver(registry: environment.services, scope: scope, context: self)
    }

    /// Names this request in the log and in a 500 response.
    public var requestID: String {
        state.withLock { state in
            if let id = state.requestID { return id }
            let id = environment.requestIDs.next()
            state.requestID = id
            return id
        }
    }

    /// Headers, cookies and status to add to what the action returns. A thrown error sends none of them.
    public var response: ResponseMetadata {
        get { metadataLock.withLock { _ in metadata } ?? ResponseMetadata() }
        _modify {
            metadataLock._unsafeLock()
            defer { metadataLock._unsafeUnlock() }
            marks.bitwiseOr(Mark.metadata, ordering: .releasing)
            yield &metadata[default: ResponseMetadata()]
        }
    }

    /// What a middleware keeps for this request, by a key type of its own.
    public subscript<Key: ContextKey>(key: Key.Type) -> Key.Value? {
        get {
            let key = ObjectIdentifier(key)
            let kept = state.withLock { state in
                if let first = state.first, first.key == key { return Optional(first.value) }
                return state.others.first { $0.key == key }?.value
            }
            // Apart from the cast: where the value is itself an optional, nothing would pass for its nil.
            guard let kept else { return nil }
            return kept as? Key.Value
        }
        set {
            let key = ObjectIdentifier(key)
            state.withLock { state in
                let kept = newValue.map { (key, $0 as any Sendable) }
                if state.others.isEmpty, state.first == nil || state.first?.key == key {
                    state.first = kept
                } else {
                    if state.first?.key == key { state.first = nil }
                    state.others.removeAll { $0.key == key }
                    if let kept { state.others.append(kept) }
                }
            }
        }
    }

    /// Who asks, as the `Authentication` middleware has found out; nil for nobody.
    public internal(set) var user: User? {
        get {
            switch state.withLock({ $0.user }) {
            case .nobody: return nil
            case .known(let known): return known.user
            case .someone(let find):
                let user = find()
                // Parallel tasks may both have looked.
                self.user = user
                return user
            }
        }
        set {
            let user = newValue.map { WhoAsks.known(KnownUser($0)) } ?? .nobody
            state.withLock { $0.user = user }
        }
    }

    /// Says who asks, or that it is nobody any more.
    package func identify(as user: User?) { self.user = user }

    /// Says that it is somebody, of whom the rest is read when it is first asked for.
    package func identify(_ find: @escaping @Sendable () -> User?) { state.withLock { $0.user = .someone(find) } }

    /// What is kept under a key, made where nothing is: once, also where parallel tasks ask for it.
    func keptValue<Key: ContextKey>(_ key: Key.Type, make: () -> Key.Value) -> Key.Value {
        let key = ObjectIdentifier(key)
        return state.withLock { state in
            let kept = [state.first].compactMap(\.self) + state.others
            if let value = kept.first(where: { $0.key == key })?.value as? Key.Value { return value }
            let value = make()
            if state.first == nil { state.first = (key, value) } else { state.others.append((key, value)) }
            return value
        }
    }

    /// What the session middleware keeps, which every request of its apps has: beside what others keep, where it would be looked
    /// for and cast.
    package var keptSession: (any AnyObject & Sendable)? {
        get { state.withLock { $0.session } }
        set { state.withLock { $0.session = newValue } }
    }

    /// A `{name}` of the route's path, decoded.
    public func parameter(_ name: String) -> String? {
        guard let match, let index = match.route.template.parameterNames.firstIndex(of: name),
            index < match.captures.count
        else { return nil }
        return match.captures[index]
    }

    /// The route that the request takes, which all middleware knows; nil where none matches.
    public var route: Route? { match?.route }
    /// The name of the route that the request takes, `Chat@stream`; nil where none matches.
    public var routeName: String? { route?.name }

    /// Runs what blocks on the thread pool, away from the event loop.
    public func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        let request = CurrentRequest.observed
        request?.begin(.blocking)
        defer { request?.end(.blocking) }
        return try await NIOThreadPool.singleton.runIfActive(work)
    }

    /// Has the request answered with an error that cannot be thrown where it is found.
    package func fail(_ error: any Error) {
        state.withLock { state in
            state.failure = state.failure ?? error
            marks.bitwiseOr(Mark.failure, ordering: .releasing)
        }
    }

    var failure: (any Error)? { has(Mark.failure) ? state.withLock { $0.failure } : nil }

    private func has(_ marks: UInt8) -> Bool { self.marks.load(ordering: .acquiring) & marks != 0 }

    // MARK: - For the route

    /// What the action returned, with what it left in the context.
    ///
    /// - Throws: what `fail` was called with.
    func applied(to response: Response) throws -> Response {
        var response = response
        response.encodeURIs()
        guard has(Mark.failure | Mark.metadata) else { return response }
        if let failure { throw failure }
        guard let metadata = metadataLock.withLock({ _ in metadata }) else { return response }
        if let status = metadata.status { response.status = status }
        for name in Set(metadata.headers.lazy.map(\.name)) {
            response.headers[fields: name] = metadata.headers[fields: name]
        }
        for cookie in metadata.cookies {
            response.headers.append(HTTPField(name: .setCookie, value: cookie.headerValue))
        }
        if !metadata.headers.isEmpty { response.encodeURIs() }
        return response
    }

    /// - Parameter isLast: true when the whole chain has returned, and none is to be made any more.
    /// - Returns: what is to be closed.
    func endScope(isLast: Bool) -> ServiceScope? {
        // One order for this and for the making of a scope: either it is seen here, or it begins as one that is over.
        if isLast { marks.bitwiseOr(Mark.over, ordering: .sequentiallyConsistent) }
        return has(Mark.scope) ? state.withLock { $0.scope } : nil
    }
}

extension Response {
    /// The fields that hold a URI get one, whatever text they were given.
    fileprivate mutating func encodeURIs() {
        guard status.code == 201 || status.kind == .redirection || headers.contains(.contentLocation) else { return }
        for name in [HTTPField.Name.location, .contentLocation] {
            if let text = headers[name] { headers[name] = URIReference.encoded(text) }
        }
    }

    /// Puts what a proxy takes from the path back where a field names a path of this app.
    mutating func putLocations(under prefix: String) {
        for name in [HTTPField.Name.location, .contentLocation] {
            if let path = headers[name], path.hasPrefix("/"), !path.mayNameHost { headers[name] = prefix + path }
        }
    }
}

/// Who makes a request, as far as it has been looked at.
private enum WhoAsks: Sendable {
    case nobody
    case known(KnownUser)
    case someone(@Sendable () -> User?)
}

/// In a request's state, which is small where nobody is signed in.
private final class KnownUser: Sendable {
    let user: User

    init(_ user: User) { self.user = user }
}

/// Names a value that a middleware keeps in the context.
public protocol ContextKey {
    /// The type of the value, which parallel tasks of the request may read.
    associatedtype Value: Sendable
}

/// What an action adds to the response it returns.
public struct ResponseMetadata: Sendable {
    /// In place of the result's own status.
    public var status: HTTPResponse.Status?
    /// Each replaces the result's own of that name.
    public var headers: HTTPFields = [:]
    /// The cookies that go out with the response, in the order they were set.
    public private(set) var cookies: [SetCookie] = []

    /// Sets a cookie; one set before under the same name is replaced.
    public mutating func setCookie(_ cookie: SetCookie) {
        cookies.removeAll { $0.name == cookie.name && $0.path == cookie.path && $0.domain == cookie.domain }
        cookies.append(cookie)
    }
}

/// What every request of an application shares.
// An object, because every request has it.
final class ApplicationEnvironment: Sendable {
    let services: ServiceRegistry
    let events: EventHub
    let json: JSON
    let clock: any Clock<Duration>
    let wall: WallClock
    let logger: Logger
    let isDevelopment: Bool
    let messages: Messages
    let errorHandlers: [ErrorHandler]
    let observer: (any ApplicationObserver)?
    let requestIDs = RequestIDs()

    init(
        services: ServiceRegistry, events: EventHub, json: JSON, clock: any Clock<Duration>, wall: WallClock,
        logger: Logger, isDevelopment: Bool, messages: Messages, errorHandlers: [ErrorHandler],
        observer: (any ApplicationObserver)?
    ) {
        self.services = services
        self.events = events
        self.json = json
        self.clock = clock
        self.wall = wall
        self.logger = logger
        self.isDevelopment = isDevelopment
        self.messages = messages
        self.errorHandlers = errorHandlers
        self.observer = observer
    }
}

extension Optional {
    /// The value, made where there is none.
    fileprivate subscript(default make: @autoclosure () -> Wrapped) -> Wrapped {
        get { self ?? make() }
        _modify {
            var value = self ?? make()
            // Held once, so that changing it copies nothing.
            self = nil
            defer { self = value }
            yield &value
        }
    }
}
