import MartletCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Compares a text with what it was when somebody last looked at it.
///
///     try Snapshot.expect(host.routeTable, inFile: "routes.txt")
public enum Snapshot {
    /// The text must be this, less spaces and line ends around it.
    ///
    /// - Throws: `SnapshotMismatch` with the lines that differ.
    public static func expect(
        _ text: String, _ expected: String, fileID: String = #fileID, line: Int = #line
    ) throws {
        guard trimmed(text) != trimmed(expected) else { return }
        let location = CodeLocation(fileID: fileID, line: line)
        throw SnapshotMismatch(
            "\(location): The text has changed:\n\(LineDifference(from: trimmed(expected), to: trimmed(text)))")
    }

    /// The text must be what the file has.
    ///
    /// With `MARTLET_RECORD=1` in the environment the file is written instead, and nothing is compared.
    ///
    /// - Parameter name: relative to `Snapshots`, a folder beside the test's source.
    /// - Throws: `SnapshotMismatch` with the lines that differ, or where there is no file yet.
    public static func expect(
        _ text: String, inFile name: String, filePath: String = #filePath, fileID: String = #fileID, line: Int = #line
    ) throws {
        let environment = ProcessInfo.processInfo.environment
        try expect(
            text, inFile: name, filePath: filePath, isRecording: environment["MARTLET_RECORD"] == "1", fileID: fileID,
            line: line)
    }

    static func expect(
        _ text: String, inFile name: String, filePath: String, isRecording: Bool, fileID: String, line: Int
    ) throws {
        let folder = URL(filePath: filePath).deletingLastPathComponent().appending(path: "Snapshots")
        let file = folder.appending(path: name)
        if isRecording {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            return try Data((trimmed(text) + "\n").utf8).write(to: file)
        }
        guard let data = try? Data(contentsOf: file) else {
            let location = CodeLocation(fileID: fileID, line: line)
            throw SnapshotMismatch(
                "\(location): There is no \(file.path). Run the test once with MARTLET_RECORD=1 to write it.")
        }
        try expect(text, String(decoding: data, as: UTF8.self), fileID: fileID, line: line)
    }

    /// Without the space at the ends of lines, and around the whole, that editors change.
    private static func trimmed(_ text: String) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            var line = line
            while line.last?.isWhitespace == true { line.removeLast() }
            return String(line)
        }
        while lines.last == "" { lines.removeLast() }
        while lines.first == "" { lines.removeFirst() }
        return lines.joined(separator: "\n")
    }
}

/// A text is not what it was.
public struct SnapshotMismatch: Error, CustomStringConvertible {
    /// Where the test stands, and the lines that differ, or why there is nothing to compare with.
    public let description: String
    init(_ description: String) { self.description = description }
}
