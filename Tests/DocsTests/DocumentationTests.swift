import Foundation
import Testing

/// What the documents show must be what compiles: each ```swift block stands in one of this target's files, line for line.
/// Indentation does not count, nor a leading `@main `, which a test target cannot have.
@Suite struct DocumentationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    private struct Sample {
        let document: String
        let line: Int
        let text: String
    }

    @Test func theDocumentsShowSamples() throws {
        let documents = Set(try Self.samples().map(\.document))
        #expect(documents.isSuperset(of: ["README.md", "Docs/sse.md", "Docs/zh-CN/README.md", "Docs/zh-CN/sse.md"]))
    }

    @Test func everySampleIsCompiledHere() throws {
        let sources = try Self.files(in: "Tests/DocsTests", ending: "swift").map { Self.normalized($0.text) }
        for sample in try Self.samples() {
            let text = Self.normalized(sample.text)
            #expect(sources.contains { $0.contains(text) }, "\(sample.document):\(sample.line) shows other code")
        }
    }

    @Test func everyLinkLeadsToAFile() throws {
        for document in try Self.documents() {
            let folder = Self.root.appending(path: document.path).deletingLastPathComponent()
            for match in document.text.matches(of: /\]\(([^)#:\s]+)(?:#[^)]*)?\)/) {
                let target = folder.appending(path: String(match.1)).standardized.path
                #expect(FileManager.default.fileExists(atPath: target), "\(document.path) links to \(match.1)")
            }
        }
    }

    /// A line end at both sides, so that no line is found as a part of another.
    private static func normalized(_ code: String) -> String {
        let lines = code.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let line = line.trimmingCharacters(in: .whitespaces)
            return line.hasPrefix("@main ") ? String(line.dropFirst("@main ".count)) : line
        }
        return "\n" + lines.joined(separator: "\n") + "\n"
    }

    private static func samples() throws -> [Sample] {
        try documents().flatMap { document in
            var samples: [Sample] = []
            var open: (line: Int, lines: [Substring])?
            for (number, line) in document.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                if let block = open {
                    if line.hasPrefix("```") {
                        let text = block.lines.joined(separator: "\n")
                        samples.append(Sample(document: document.path, line: block.line, text: text))
                        open = nil
                    } else {
                        open?.lines.append(line)
                    }
                } else if line == "```swift" {
                    open = (number + 1, [])
                }
            }
            return samples
        }
    }

    private static func documents() throws -> [(path: String, text: String)] {
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        return [("README.md", readme)] + (try files(in: "Docs", ending: "md"))
    }

    private static func files(in folder: String, ending: String) throws -> [(path: String, text: String)] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)
        return try paths.filter { $0.hasSuffix(".\(ending)") }.sorted().map { path in
            let path = "\(folder)/\(path)"
            return (path, try String(contentsOf: root.appending(path: path), encoding: .utf8))
        }
    }
}
