import Foundation
import Martlet
import Testing

@testable import MartletTesting

@Suite struct SnapshotTests {
    @Test func `the routes are a table to compare`() throws {
        let host = try TestHost(controllers: PaceController.self, SnapshotController.self)
        try Snapshot.expect(
            host.routeTable,
            """
            GET         /pace              Pace@index
            POST        /snapshot/add-one  Snapshot@addOne
            GET         /snapshot/tell     Snapshot@tell
            PUT, PATCH  /snapshot/{id}     Snapshot@update
            """)
    }

    @Test func `what differs is shown line by line`() async {
        let old = (1...9).map { "line \($0)" }.joined(separator: "\n")
        let text = await errorText {
            try Snapshot.expect(old.replacing("line 5", with: "line five") + "\nline 10", old)
        }
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines[0].hasSuffix(": The text has changed:"))
        #expect(
            lines.dropFirst() == [
                "  …", "  line 3", "  line 4", "- line 5", "+ line five", "  line 6", "  line 7", "  line 8",
                "  line 9",
                "+ line 10",
            ])
    }

    @Test func `a snapshot in a file is recorded once, then compared`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "snapshots-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = folder.appending(path: "Tests.swift").path
        func expect(_ text: String, recording: Bool = false) throws {
            try Snapshot.expect(
                text, inFile: "routes.txt", filePath: source, isRecording: recording, fileID: "A/Tests.swift", line: 1)
        }
        let missing = await errorText { try expect("one\ntwo") }
        #expect(missing.hasPrefix("A/Tests.swift:1: There is no \(folder.path)/Snapshots/routes.txt."))
        try expect("one\ntwo  \n", recording: true)
        try expect("one\ntwo")
        let changed = await errorText { try expect("one\nthree") }
        #expect(changed == "A/Tests.swift:1: The text has changed:\n  one\n- two\n+ three")
        let file = folder.appending(path: "Snapshots/routes.txt")
        #expect(try String(contentsOf: file, encoding: .utf8) == "one\ntwo\n")
    }

    @Test(arguments: Transport.allCases)
    func `a transcript is the same in every run`(_ transport: Transport) async throws {
        let host = try TestHost(controllers: SnapshotController.self, over: transport)
        let stream = try await host.stream("/snapshot/tell")
        try await stream.expect("hello")
        let sse = host.application.sse
        for text in ["one", "two\nlines"] { try await sse.publish(event: "said", data: text, to: .everyone) }
        try await sse.publish(event: "at", data: ["time": Date()], to: .everyone)
        let again = try await stream.reconnect()
        try Snapshot.expect(
            await stream.transcript,
            """
            event: hello
            id: 7
            data: {"at":"<time>"}

            event: said
            id: <id 1>
            data: one

            event: said
            id: <id 2>
            data: two
            data: lines

            event: at
            id: <id 3>
            data: {"time":"<time>"}
            """)
        try Snapshot.expect(
            await again.transcript,
            """
            event: martlet.resume
            id: <id 1>
            data: {"verdict":"resumed"}

            event: hello
            id: 7
            data: {"at":"<time>"}
            """)
    }
}

@Controller
struct SnapshotController {
    @POST func addOne() {}
    func update(id: Int) {}
    func tell(_ ctx: Context) -> EventStream {
        ctx.sse.open { client in try client.send(event: "hello", data: ["at": Date()], id: "7") }
    }
}
