import SwiftDiagnostics
import Testing

@Suite struct MisuseTests {
    @Test("A wrong use is one error, at the place and with the remedies of the table", arguments: Misuse.all)
    func error(_ misuse: Misuse) throws {
        let findings = Expansion(misuse.source).findings
        try #require(findings.count == 1, "\(findings)")
        let finding = findings[0]
        #expect(finding.id == MessageID(domain: "Martlet", id: misuse.id))
        #expect(finding.message == misuse.message)
        #expect((finding.line, finding.column) == misuse.place)
        #expect(finding.notes == misuse.notes)
        #expect(finding.remedies.map(\.message) == misuse.remedies)
    }

    @Test("Every remedy leaves a source that the macros accept", arguments: Misuse.all)
    func remedies(_ misuse: Misuse) {
        for remedy in Expansion(misuse.source).findings.flatMap(\.remedies) {
            let cured = Expansion(remedy.fixed)
            #expect(cured.findings.isEmpty, "\(remedy.message): \(remedy.fixed)")
            #expect(!cured.file.hasError, "\(remedy.message): \(remedy.fixed)")
        }
    }

    @Test("All that is wrong with a controller is said at once, and its other actions are routed still")
    func everythingAtOnce() {
        let expansion = Expansion(
            """
            @Controller struct ChatController {
                @GET("{room}") func room(then: () -> Void, lines: String...) -> (Int, Int) { (1, 1) }
                func send<Line>(line: Line) {}
                func index() {}
            }
            """)
        #expect(
            expansion.findings.map(\.message) == [
                "'room' cannot be an action: its result is a tuple",
                "parameter 'then' cannot be read from a request: it is a closure",
                "parameter 'lines' cannot be read from a request: it is variadic",
                "'send' cannot be an action: it is generic, and a request names no type",
            ])
        #expect(expansion.routes == ["GET /chat"])
    }

    @Test("A type that cannot be a controller gets no member and no conformance")
    func nothingGenerated() {
        for misuse in Misuse.types + Misuse.constructions {
            #expect(!Expansion(misuse.source).text.contains("MartletCore.Controller"), "\(misuse.source)")
        }
    }
}
