import Foundation
import MartletClient

/// Writes to standard output, in colour or plain.
struct Screen: Sendable {
    enum Tone: Sendable { case note, error }

    let inColour: Bool

    static var isTerminal: Bool {
        isatty(FileHandle.standardOutput.fileDescriptor) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    }

    func show(_ event: EventSource.Event) {
        let id = event.lastEventID.isEmpty ? "" : painted(" #\(event.lastEventID)", "2")
        write("\(painted(event.event, Self.colour(of: event.event)))\(id) \(Self.legible(event.data))")
    }

    func show(_ tone: Tone, _ text: String) {
        write(painted("* \(Self.legible(text))", tone == .error ? "31" : "2"))
    }

    private func write(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

    private func painted(_ text: String, _ code: String) -> String {
        inColour ? "\u{1B}[\(code)m\(Self.legible(text))\u{1B}[0m" : Self.legible(text)
    }

    /// The same colour for the same type, whatever it is called.
    private static func colour(of event: String) -> String {
        switch event {
        case "message": "1;36"
        case "system": "1;33"
        case "private": "1;35"
        case ResumeVerdict.eventType: "1;34"
        case EventGap.eventType: "1;31"
        default: "1;3\(2 + event.utf8.reduce(0) { ($0 + Int($1)) % 5 })"
        }
    }

    /// A terminal obeys control characters, and these come from somebody else.
    private static func legible(_ text: String) -> String {
        var legible = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A: legible += "\n  "
            case 0x00...0x1F: legible.unicodeScalars.append(Unicode.Scalar(0x2400 + scalar.value) ?? scalar)
            case 0x7F...0x9F: legible += "\u{FFFD}"
            default: legible.unicodeScalars.append(scalar)
            }
        }
        return legible
    }
}
