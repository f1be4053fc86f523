import Testing

/// A wrong use and what its author is told.
struct Misuse: Sendable, CustomTestStringConvertible {
    /// `‸` marks where the error points.
    let marked: String
    let id: String
    let message: String
    let notes: [String]
    let remedies: [String]

    init(_ marked: String, _ id: String, _ message: String, notes: [String] = [], _ remedies: String...) {
        self.marked = marked
        self.id = id
        self.message = message
        self.notes = notes
        self.remedies = remedies
    }

    private static func verbNeeded(_ action: String) -> String {
        "'\(action)' sounds as if it changed something, and by its name alone it would answer GET: name its verb"
    }

    var source: String { marked.replacing("‸", with: "") }

    /// Line and column, counted from 1.
    var place: (line: Int, column: Int) {
        let before = marked.prefix { $0 != "‸" }
        let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
        return (lines.count, (lines.last?.utf8.count ?? 0) + 1)
    }

    var testDescription: String { "\(id): \(source)" }

    private static let notAction = "mark it with '@NotAction'"
    private static let makePrivate = "make it private"

    /// A method of a controller whose declaration alone keeps it from being an action.
    private static func action(_ marked: String, _ id: String, _ message: String) -> Misuse {
        Misuse("@Controller struct ChatController { \(marked) }", id, message, notAction, makePrivate)
    }

    private static func parameter(_ marked: String, is form: String) -> Misuse {
        let name = marked.drop { $0 != "‸" }.dropFirst().prefix { $0 != ":" }.split(separator: " ").last ?? ""
        return action(
            "func send(\(marked)) {}", "unbindable-parameter",
            "parameter '\(name)' cannot be read from a request: it is \(form)")
    }

    static let types: [Misuse] = [
        Misuse(
            "‸@Controller enum Chat { func index() {} }", "not-a-controller",
            "'@Controller' is for a struct, a final class or an actor, not for an enum", "remove '@Controller'"),
        Misuse(
            "‸@Controller protocol Chat {}", "not-a-controller",
            "'@Controller' is for a struct, a final class or an actor, not for a protocol", "remove '@Controller'"),
        Misuse(
            "‸@Controller extension Chat {}", "not-a-controller",
            "'@Controller' is for a struct, a final class or an actor, not for an extension", "remove '@Controller'"),
        Misuse(
            "@Controller struct ‸Chat<Line> { func index() {} }", "generic-controller",
            "'Chat' cannot be a controller: it is generic, and is made once for all requests", "remove '@Controller'"),
        Misuse(
            "class Rooms<Line> { @Controller final class ‸Chat { func index() {} } }", "generic-controller",
            "'Chat' cannot be a controller: it is generic, and is made once for all requests", "remove '@Controller'"),
        Misuse(
            "func local() { @Controller struct ‸Chat { func index() {} } }", "local-controller",
            "'Chat' cannot be a controller: it is local, where nothing can discover it", "remove '@Controller'"),
    ]

    static let actions: [Misuse] = [
        action(
            "func ‸send<Line>(line: [Line]) {}", "generic-action",
            "'send' cannot be an action: it is generic, and a request names no type"),
        action(
            "@POST func ‸send(line: some Sequence) {}", "generic-action",
            "'send' cannot be an action: it is generic, and a request names no type"),
        action(
            "/// Sends.\n@POST @Blocking\npublic func ‸send(line: [some Sequence]) {}", "generic-action",
            "'send' cannot be an action: it is generic, and a request names no type"),
        action(
            "‸mutating func send() {}", "mutating-action",
            "'send' cannot be an action: it is mutating, and all requests share the controller"),
        parameter("‸line: inout String", is: "inout"),
        parameter("‸lines: String...", is: "variadic"),
        parameter("‸then: () -> Void", is: "a closure"),
        parameter("‸then: @escaping @Sendable () -> Void", is: "a closure"),
        parameter("‸line: @autoclosure () -> String", is: "a closure"),
        parameter("id: Int, ‸then: (() -> Void)?", is: "a closure"),
        parameter("‸_ pair: (Int, Int)", is: "a tuple"),
        parameter("‸pairs: [(Int, Int)]", is: "a tuple"),
        parameter("‸pairs: [String: (Int, Int)]", is: "a tuple"),
        parameter("‸nothing: Void", is: "a tuple"),
        parameter("‸type: Int.Type", is: "a metatype"),
        parameter("‸type: any Chat.Type", is: "a metatype"),
        parameter("‸actor: isolated (any Actor)?", is: "isolated"),
        action(
            "func send() -> ‸() -> Void { {} }", "unsendable-result",
            "'send' cannot be an action: its result is a closure"),
        action(
            "func send() -> ‸(Int, String) { (1, \"\") }", "unsendable-result",
            "'send' cannot be an action: its result is a tuple"),
        action(
            "func send() -> ‸Int.Type { Int.self }", "unsendable-result",
            "'send' cannot be an action: its result is a metatype"),
        Misuse(
            "@Controller struct Chat { #if DEBUG\nfunc ‸dump() {}\n#endif\n}", "conditional-member",
            "the action 'dump' cannot stand inside '#if', which '@Controller' does not evaluate", notAction,
            makePrivate),
        Misuse(
            "@Controller struct Chat { #if DEBUG\n#else\n#if A\nlet ‸rooms: Rooms\n#endif\n#endif\n}",
            "conditional-member",
            "the property 'rooms' cannot stand inside '#if', which '@Controller' does not evaluate"),
        Misuse(
            "@Controller struct Chat { #if DEBUG\n‸init() {}\n#endif\n}", "conditional-member",
            "an initializer cannot stand inside '#if', which '@Controller' does not evaluate"),
        Misuse(
            "@Controller struct Chat { func list(@Valid(.check(\"is odd\", ‸{ $0 > 1 })) n: Int) {} }",
            "closure-in-rule",
            "a closure cannot stand in '@Valid' of 'n': declare the rule with a name, and write the name here"),
        Misuse(
            "@Controller struct Chat { func send(@Body ‸@Query line: String) {} }", "two-sources",
            "parameter 'line' cannot come from both '@Body' and '@Query'", "remove '@Body'", "remove '@Query'"),
        Misuse(
            "@Controller struct Chat { func send(@MartletCore.Header(\"A\") ‸@Cookie line: String) {} }", "two-sources",
            "parameter 'line' cannot come from both '@Header' and '@Cookie'", "remove '@Header'", "remove '@Cookie'"),
    ]

    static let routes: [Misuse] = [
        Misuse(
            "@Controller(‸path) struct Chat { func index() {} }", "not-a-literal",
            "'@Controller' is read while compiling: it takes a string literal without interpolation"),
        Misuse(
            "@Controller(‸\"v\\(1)\") struct Chat { func index() {} }", "not-a-literal",
            "'@Controller' is read while compiling: it takes a string literal without interpolation"),
        Misuse(
            "@Controller struct Chat { @GET(‸\"a\" + \"b\") func send() {} }", "not-a-literal",
            "'@GET' is read while compiling: it takes a string literal without interpolation"),
        Misuse(
            "@Controller struct Chat { func send(@Header(‸name) agent: String) {} }", "not-a-literal",
            "'@Header' is read while compiling: it takes a string literal without interpolation"),
        Misuse(
            "@Controller(‸\"a//b\") struct Chat { func index() {} }", "malformed-path",
            "\"a//b\" is not a path template: a segment is empty (\"//\")", "write \"a/b\""),
        Misuse(
            "@Controller struct Chat { @POST(‸\"rooms/{room\") func send(room: Int) {} }", "malformed-path",
            "\"rooms/{room\" is not a path template: the braces in \"{room\" are unbalanced",
            "write \"rooms/{room}\""),
        Misuse(
            "@Controller struct Chat { @POST(‸\"/{{ room }}/\") func send(room: Int) {} }", "malformed-path",
            "\"/{{ room }}/\" is not a path template: the braces in \"{{ room }}\" are nested", "write \"/{room}\""),
        Misuse(
            "@Controller struct Chat { @POST(‸\"{a}{b}\") func send(a: Int, b: Int) {} }", "malformed-path",
            "\"{a}{b}\" is not a path template: text must stand between {a} and {b}, to tell them apart"),
        Misuse(
            "@Controller struct Chat { @POST(‸\"a?b=1\") func send() {} }", "malformed-path",
            "\"a?b=1\" is not a path template: \"?\" begins a query, which is no part of a path"),
        Misuse(
            "@Controller(\"rooms/{id}\") struct Chat { @GET(‸\"{id}\") func send(id: Int) {} }", "malformed-path",
            "\"/rooms/{id}/{id}\" is not a path template: the name \"id\" is used twice"),
        Misuse(
            "@Controller(\"rooms/{id}\") struct Chat { func ‸show(id: Int) {} }", "malformed-path",
            "\"/rooms/{id}/{id}\" is not a path template: the name \"id\" is used twice"),
        Misuse(
            "@Controller struct Chat { func ‸`say it`() {} }", "malformed-path",
            "\"say it\" is not a path template: it contains white space"),
        Misuse(
            "@Controller struct Chat { @GET(‸\"rooms/{room}\") func send() {} }", "place-without-parameter",
            "'{room}' in the path '/chat/rooms/{room}' needs a parameter named 'room'",
            "add a parameter 'room: String'"),
        Misuse(
            "@Controller(\"rooms/{room}\") struct Chat { func ‸send(_ ctx: Context) {} }", "place-without-parameter",
            "'{room}' in the path '/rooms/{room}/send' needs a parameter named 'room'",
            "add a parameter 'room: String'"),
        Misuse(
            "@Controller struct Chat { @GET(\"{id}\") func send(‸@Query id: Int) {} }", "place-taken-from-elsewhere",
            "'@Query' keeps '{id}' in the path '/chat/{id}' from being read", "remove '@Query'"),
        Misuse(
            "@Controller struct Chat { func index() {}\n@GET(‸\"\") func all() {} }", "route-collision",
            "'all' and 'index' are both routed at '/chat'", notes: ["'index' has the route first"], notAction,
            makePrivate),
        Misuse(
            "@Controller struct Chat { func send(a: Int) {}\nfunc ‸send(b: Int) {} }", "route-collision",
            "'send' and 'send' are both routed at '/chat/send'", notes: ["'send' has the route first"], notAction,
            makePrivate),
        Misuse(
            "@Controller struct Chat { @ANY(\"{a}/b\") func any(a: Int) {}\n@PUT(‸\"{c}/b\") func put(c: Int) {} }",
            "route-collision", "'put' and 'any' are both routed at '/chat/{c}/b'",
            notes: ["'any' has the route first"], notAction, makePrivate),
        Misuse(
            "@Controller struct Chat { @GET(\"{a?}\") func page(a: Int?) {}\n‸@GET func index() {} }",
            "route-collision", "'index' and 'page' are both routed at '/chat'", notes: ["'page' has the route first"],
            notAction, makePrivate),
        Misuse(
            "@Controller struct Chat { func show(id: Int) {}\n@GET(‸\"{name?}\") func page(name: String?) {} }",
            "route-collision", "'page' and 'show' are both routed at '/chat/{name?}'",
            notes: ["'show' has the route first"], notAction, makePrivate),
        Misuse(
            "@Controller struct Chat { @GET(\"a\", maxBodyBytes: 1) @GET(‸\"a\") func send() {} }", "route-collision",
            "'send' and 'send' are both routed at '/chat/a'", notes: ["'send' has the route first"], "remove '@GET'"),
    ]

    static let constructions: [Misuse] = [
        Misuse(
            "@Controller struct Chat { let then: ‸@Sendable () -> Void }", "uninjectable",
            "'then' cannot be injected: its type is a closure"),
        Misuse(
            "@Controller struct Chat { var pair: ‸(Rooms, Log) { didSet {} } }", "uninjectable",
            "'pair' cannot be injected: its type is a tuple"),
        Misuse(
            "@Controller struct Chat { let a, b: ‸Rooms.Type }", "uninjectable",
            "'b' cannot be injected: its type is a metatype"),
        Misuse(
            "@Controller struct Chat { init(then: ‸@escaping () -> Void) {} }", "uninjectable",
            "'then' cannot be injected: its type is a closure"),
        Misuse(
            "@Controller struct Chat { init(rooms: ‸Rooms...) {} }", "uninjectable",
            "'rooms' cannot be injected: its type is variadic"),
        Misuse(
            "@Controller struct Chat { let ‸(a, b): (Rooms, Log) }", "uninjectable-pattern",
            "properties in a pattern cannot be injected; declare each on its own"),
        Misuse(
            "@Controller struct Chat { init() ‸async {} }", "unusable-initializer",
            "a controller cannot be made by an initializer that is async"),
        Misuse(
            "@Controller struct Chat { init‸?() {} }", "unusable-initializer",
            "a controller cannot be made by an initializer that is failable"),
        Misuse(
            "@Controller struct Chat { init‸<R: Rooms>(rooms: R) {} }", "unusable-initializer",
            "a controller cannot be made by an initializer that is generic"),
        Misuse(
            "@Controller struct Chat { init(‸rooms: some Rooms) {} }", "unusable-initializer",
            "a controller cannot be made by an initializer that is generic"),
        Misuse(
            "@MainActor @Controller struct Chat { public ‸init() {} }", "unusable-initializer",
            "a controller cannot be made by an initializer that is isolated to an actor", "make it nonisolated"),
        Misuse(
            "@Controller struct Chat { @DatabaseActor ‸init() {} }", "unusable-initializer",
            "a controller cannot be made by an initializer that is isolated to an actor", "make it nonisolated"),
        Misuse(
            "@MainActor @Controller struct Chat { @DatabaseActor public ‸init() {} }", "unusable-initializer",
            "a controller cannot be made by an initializer that is isolated to an actor", "make it nonisolated"),
        Misuse(
            "@Controller struct Chat { init(a: A) {}\n‸init(b: B) {} }", "several-initializers",
            "'Chat' has several initializers; keep one, or make the others private"),
    ]

    static let attributes: [Misuse] = [
        Misuse(
            "@Controller struct Chat { ‸@GET var count: Int { 1 } }", "attribute-needs-method",
            "'@GET' is for the methods of a controller", "remove '@GET'"),
        Misuse(
            "‸@NotAction struct Chat {}", "attribute-needs-method",
            "'@NotAction' is for the methods of a controller", "remove '@NotAction'"),
        Misuse(
            "‸@Blocking init() {}", "attribute-needs-method", "'@Blocking' is for the methods of a controller",
            "remove '@Blocking'"),
        Misuse(
            "‸@POST func send() {}", "attribute-outside-controller",
            "'@POST' has no effect outside a type marked '@Controller'", "remove '@POST'"),
        Misuse(
            "struct Chat { ‸@NotAction\nfunc send() {} }", "attribute-outside-controller",
            "'@NotAction' has no effect outside a type marked '@Controller'", "remove '@NotAction'"),
        Misuse(
            "@Controller struct Chat { struct Inner { ‸@Blocking func send() {} } }", "attribute-outside-controller",
            "'@Blocking' has no effect outside a type marked '@Controller'", "remove '@Blocking'"),
        Misuse(
            "extension Chat { ‸@GET(\"a\") func send() {} }", "attribute-in-extension",
            "'@GET' has no effect here: '@Controller' does not see extensions; mark this one '@Actions'",
            "remove '@GET'"),
        Misuse(
            "‸@Actions struct Chat {}", "actions-need-extension",
            "'@Actions' is for an extension of a controller, not for a struct", "remove '@Actions'"),
        Misuse(
            "@Actions extension Chat { func ‸deleteAll() {} }", "verb-needed", Self.verbNeeded("deleteAll"),
            "mark it with '@DELETE'", "mark it with '@POST'", "mark it with '@GET'"),
        Misuse(
            "@Controller struct Chat { func ‸delete(userId: Int) {} }", "verb-needed", Self.verbNeeded("delete"),
            "mark it with '@DELETE'", "mark it with '@POST'", "mark it with '@GET'"),
        Misuse(
            "@Controller struct Chat { func ‸update(text: String) {} }", "verb-needed", Self.verbNeeded("update"),
            "mark it with '@POST'", "mark it with '@PUT'", "mark it with '@PATCH'", "mark it with '@GET'"),
        Misuse(
            "@Controller struct Chat { func ‸createUser() {} }", "verb-needed", Self.verbNeeded("createUser"),
            "mark it with '@POST'", "mark it with '@PUT'", "mark it with '@PATCH'", "mark it with '@GET'"),
        Misuse(
            "@Controller struct Chat { func ‸remove_all() {} }", "verb-needed", Self.verbNeeded("remove_all"),
            "mark it with '@DELETE'", "mark it with '@POST'", "mark it with '@GET'"),
        Misuse(
            "@Controller struct Chat { ‸@GET static func send() {} }", "attribute-on-excluded-method",
            "'@GET' has no effect: a static method is never an action", "remove 'static'", "remove '@GET'"),
        Misuse(
            "@Controller final class Chat { /// Says.\n‸@POST\nclass func send() {} }", "attribute-on-excluded-method",
            "'@POST' has no effect: a class method is never an action", "remove 'class'", "remove '@POST'"),
        Misuse(
            "@Controller struct Chat { ‸@Blocking private func send() {} }", "attribute-on-excluded-method",
            "'@Blocking' has no effect: a private method is never an action", "remove 'private'",
            "remove '@Blocking'"),
        Misuse(
            "@Controller struct Chat { ‸@NotAction fileprivate func send() {} }", "attribute-on-excluded-method",
            "'@NotAction' has no effect: a fileprivate method is never an action", "remove 'fileprivate'",
            "remove '@NotAction'"),
        Misuse(
            "@Controller struct Chat { @POST ‸@NotAction func send() {} }", "contradiction",
            "'@NotAction' contradicts '@POST'", "remove '@NotAction'", "remove '@POST'"),
        Misuse(
            "@Controller struct Chat { ‸@NotAction @Blocking func send() {} }", "contradiction",
            "'@NotAction' contradicts '@Blocking'", "remove '@NotAction'", "remove '@Blocking'"),
        Misuse(
            "@Controller struct Chat { @ANY(\"a\") ‸@PUT(\"a\") func send() {} }", "any-with-another-verb",
            "'@ANY' includes '@PUT' already", "remove '@PUT'"),
        Misuse(
            "@Controller struct Chat { ‸@Blocking func send() async {} }", "blocking-on-asynchronous",
            "'@Blocking' is for synchronous methods, and 'send' is async", "remove '@Blocking'"),
        Misuse(
            "@Controller actor Chat { ‸@Blocking func send() {} }", "blocking-on-isolated",
            "'@Blocking' cannot move 'send' to another thread: an actor isolates it", "remove '@Blocking'"),
        Misuse(
            "@Controller struct Chat { ‸@Blocking @MainActor func send() {} }", "blocking-on-isolated",
            "'@Blocking' cannot move 'send' to another thread: an actor isolates it", "remove '@Blocking'"),
        Misuse(
            "‸@Use(Timing()) struct Chat {}", "attribute-outside-controller",
            "'@Use' has no effect outside a type marked '@Controller'", "remove '@Use'"),
        Misuse(
            "@Controller struct Chat { ‸@Mark(1) private func send() {} }", "attribute-on-excluded-method",
            "'@Mark' has no effect: a private method is never an action", "remove 'private'", "remove '@Mark'"),
        Misuse(
            "@Controller struct Chat { ‸@Use(Timing()) let name = \"\" }", "attribute-needs-method",
            "'@Use' is for the methods of a controller", "remove '@Use'"),
        Misuse(
            "@Controller struct Chat { ‸@NotAction @Mark(1) func send() {} }", "contradiction",
            "'@NotAction' contradicts '@Mark'", "remove '@NotAction'", "remove '@Mark'"),
        Misuse(
            "@Controller struct Chat { ‸@AllowAnonymous @Authorize func show() {} }", "contradiction",
            "'@AllowAnonymous' contradicts '@Authorize'", "remove '@AllowAnonymous'"),
        Misuse(
            "‸@Authorize struct Chat {}", "attribute-outside-controller",
            "'@Authorize' has no effect outside a type marked '@Controller'", "remove '@Authorize'"),
        Misuse(
            "@Controller(isDiscovered: ‸Build.isDiscovered) struct Chat { func index() {} }", "not-a-boolean-literal",
            "'@Controller' is read while compiling: it takes 'true' or 'false'"),
        Misuse(
            "‸@Injectable enum Auth {}", "not-injectable",
            "'@Injectable' is for a struct, a final class or an actor, and this is declared with 'enum'",
            "remove '@Injectable'"),
    ]

    static let all = types + actions + routes + constructions + attributes
}
