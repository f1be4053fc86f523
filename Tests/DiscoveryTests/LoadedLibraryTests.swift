import CRegistry
import Foundation
import Testing

@testable import MartletCore

/// A section of an image that was loaded when the process ran, as that of a controller in a library is.
@Suite struct LoadedLibraryTests {
    /// Two records, in a section that nothing else uses.
    private static let source = """
        #include <stdint.h>
        #include <stdlib.h>
        typedef struct { uint64_t version; void (*load)(void *); } record;
        static void load(void *out) { *(int *)out = 42; }
        __attribute__((section(SECTION), used)) static record first = {7, load};
        __attribute__((section(SECTION), used)) static record second = {8, load};
        static void fail(void *out) { abort(); }
        __attribute__((section(CONTROLLERS), used)) static record later = {1000, fail};
        """

    private static func records(in section: String) -> [(version: UInt64, value: Int32)] {
        final class Found { var records: [(version: UInt64, value: Int32)] = [] }
        let found = Found()
        martlet_each_record(
            section,
            { record, context in
                guard let record, let context else { return }
                var value: Int32 = 0
                record.pointee.load(&value)
                Unmanaged<Found>.fromOpaque(context).takeUnretainedValue().records.append(
                    (record.pointee.version, value))
            }, Unmanaged.passUnretained(found).toOpaque())
        return withExtendedLifetime(found) { found.records }
    }

    @Test("The records of a library are found once it is loaded, each once")
    func loaded() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "library.c")
        let library = folder.appending(path: "library.so")
        try Self.source.write(to: file, atomically: true, encoding: .utf8)
        #if canImport(Darwin)
        let segment = "__DATA,"
        #else
        let segment = ""
        #endif
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/env")
        compiler.arguments = [
            "clang", "-shared", "-fPIC", "-DSECTION=\"\(segment)martlet_tst\"",
            "-DCONTROLLERS=\"\(segment)martlet_ctl\"", "-o", library.path, file.path,
        ]
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0)

        #expect(Self.records(in: "martlet_tst").isEmpty)
        let handle = try #require(dlopen(library.path, RTLD_NOW))
        defer { dlclose(handle) }
        #expect(Self.records(in: "martlet_tst").map(\.version).sorted() == [7, 8])
        #expect(Self.records(in: "martlet_tst").map(\.value) == [42, 42])
        // A record of a layout that is not known is left alone.
        #expect(Discovery.allControllers().contains { $0 == OwnController.self })
        // A name is the whole name.
        #expect(Self.records(in: "martlet_ts").isEmpty)
        #expect(Self.records(in: "artlet_tst").isEmpty)
        #expect(Self.records(in: "").isEmpty)
    }
}
