import CRegistry
import Foundation
import Martlet
import MartletTesting
import Testing

/// The actions of extensions, and records of other images.
@Suite struct ActionsTests {
    @Test(arguments: [("/extended", "type"), ("/extended/more", "more of 7"), ("/elsewhere", "absolute")])
    func `an extension's actions are the controller's`(path: String, text: String) async throws {
        let host = try TestHost(controllers: ExtendedController.self, services: 7)
        #expect(try await host.client().get(path).text == text)
        #expect(try await host.client().post("/extended/add", form: ["text": "x"]).text == "added x")
    }

    @Test func `two actions on one route end the start-up wherever they stand`() throws {
        let error = #expect(throws: StartupError.self) { try TestHost(controllers: DoubledController.self) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("GET /doubled/twice has two actions"))
    }

    @Test func `an init that throws ends the start-up with a sentence`() throws {
        let error = #expect(throws: StartupError.self) { try TestHost(controllers: BrokenController.self) }
        let text = "\(error.map { "\($0)" } ?? "")"
        #expect(text.contains("The controller BrokenController (FrameworkTests/ActionsTests.swift:"), "\(text)")
        #expect(text.hasSuffix("could not be made: the disk is gone."), "\(text)")
    }

    #if os(Linux)
    /// A library that is loaded while the process runs has its records found.
    @Test func `the records of a library are found`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (source, library) = (folder.appending(path: "r.c"), folder.appending(path: "librecords.so"))
        try #"""
        struct record { unsigned long version; void (*load)(void *); };
        static void load(void *out) { (void)out; }
        __attribute__((used, section("martlet_test"))) static const struct record records[2] = {{41, load}, {42, load}};
        """#.write(to: source, atomically: true, encoding: .utf8)
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/env")
        compiler.arguments = ["clang", "-shared", "-fPIC", source.path, "-o", library.path]
        try compiler.run()
        compiler.waitUntilExit()
        #expect(compiler.terminationStatus == 0)
        #expect(Self.versions().isEmpty)
        let handle = try #require(dlopen(library.path, RTLD_NOW))
        defer { dlclose(handle) }
        #expect(Self.versions() == [41, 42])
    }

    private static func versions() -> [UInt64] {
        final class Found { var versions: [UInt64] = [] }
        let found = Found()
        martlet_each_record(
            "martlet_test",
            { record, context in
                guard let record, let context else { return }
                Unmanaged<Found>.fromOpaque(context).takeUnretainedValue().versions.append(record.pointee.version)
            }, Unmanaged.passUnretained(found).toOpaque())
        return withExtendedLifetime(found) { found.versions }
    }
    #endif
}

@Controller
struct ExtendedController {
    let number: Int

    func index() -> String { "type" }
}

@Actions extension ExtendedController {
    func more() -> String { "more of \(number)" }
    @POST func add(text: String) -> String { "added \(text)" }
    @GET("/elsewhere") func elsewhere() -> String { "absolute" }
    private func hidden() -> String { "" }
}

@Controller
struct DoubledController {
    func twice() -> String { "" }
}

@Actions extension DoubledController {
    @GET("twice") func again() -> String { "" }
}

@Controller
struct BrokenController {
    struct Gone: Error, CustomStringConvertible { let description = "the disk is gone" }
    init() throws { throw Gone() }
    func index() -> String { "" }
}
