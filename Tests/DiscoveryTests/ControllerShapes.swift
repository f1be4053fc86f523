import Martlet

/// The shapes that a controller can have, for the compiler to accept what the macro makes of them.

/// A service.
struct Greeting: Sendable {
    let text = "hello"
}

@Controller("shapes/struct")
struct StructController {
    let greeting: Greeting
    func index() -> String { greeting.text }
}

@Controller("shapes/class")
final class ClassController {
    private let greeting: Greeting
    func index() -> String { greeting.text }
}

@Controller("shapes/actor")
actor ActorController {
    private let greeting: Greeting
    private var count = 0

    func index() -> String {
        count += 1
        return "\(greeting.text) \(count)"
    }
    nonisolated func outside() -> String { "outside" }
}

@MainActor
@Controller("shapes/main-actor")
final class MainActorController {
    private let greeting: Greeting
    private var count = 0

    func index() throws -> String {
        count += 1
        return "\(greeting.text) \(count)"
    }
}

/// The first line.
///
/// The last line.
@Controller("shapes/public")
public struct PublicController {
    /// Says.
    public func index() -> String { "public" }
}

@Controller("shapes/package")
package struct PackageController {
    package func index() -> String { "package" }
}

@Controller("shapes/private")
private struct PrivateController {
    private let text = "private"
    func index() -> String { text }
}

enum Shapes {
    @Controller("shapes/nested")
    struct NestedController {
        func index() -> String { "nested" }
    }
}

extension Shapes {
    @Controller("shapes/extended")
    struct ExtendedController {
        func index() -> String { "extended" }
    }
}

@Controller("shapes/initializer")
struct InitializerController {
    private let text: String

    init(_ greeting: Greeting, times: Int = 2) throws {
        text = Array(repeating: greeting.text, count: times).joined(separator: " ")
    }
    func index() -> String { text }
}

@Controller("shapes/effects")
struct EffectsController {
    func plain() -> String { "plain" }
    func throwing() throws -> String { "throwing" }
    func typed() throws(HTTPError) -> String { "typed" }
    func never() throws(Never) -> String { "never" }
    func waiting() async -> String { "waiting" }
    func both() async throws -> String { "both" }
    nonisolated(nonsending) func staying() async -> String { "staying" }
    @MainActor func main() -> String { "main" }
    @Blocking func blocking() throws -> String { "blocking" }
    func opaque() -> some Encodable { ["opaque"] }
    func `repeat`() -> String { "repeat" }
}

@Controller("shapes/parameters")
struct ParametersController {
    private static let standard = 3

    @GET("labels/{in}/{room}")
    func labels(in hall: String, _ room: Int, `inout`: String, `class` kind: String = "\"a\"") -> String {
        "\(hall) \(room) \(`inout`) \(kind)"
    }

    func defaults(page: Int = Self.standard, size: Int? = nil, tags: [String] = ["x", "y"], all: Bool?) -> String {
        "\(page) \(size ?? 0) \(tags) \(all ?? false)"
    }

    @POST func sources(
        @Query("p") page: Int = 1, @Header userAgent: String, @Header("X-Tag") tag: String?,
        @Cookie theme: String = "dark", @Body("text") _ line: String, _ ctx: Context
    ) -> String { "\(page) \(userAgent) \(tag ?? "-") \(theme) \(line) \(ctx.request.method)" }
}
