import MartletEventStream

/// Events as a text that is the same in every run.
enum StreamTranscript {
    static func text(of events: [EventStreamParser.Event], epoch: String) -> String {
        var ids: [String: Int] = [:]
        func stable(_ text: String) -> String {
            var text = text
            for id in text.ranges(ofIDsIn: epoch).map({ String(text[$0]) }) where ids[id] == nil {
                ids[id] = ids.count + 1
            }
            for range in text.ranges(ofIDsIn: epoch).reversed() {
                text.replaceSubrange(range, with: "<id \(ids[String(text[range])] ?? 0)>")
            }
            return text.replacingTimes
        }
        return events.map { event in
            var lines = ["event: \(event.event)"]
            if !event.lastEventID.isEmpty { lines.append("id: \(stable(event.lastEventID))") }
            lines += stable(event.data).split(separator: "\n", omittingEmptySubsequences: false).map { "data: \($0)" }
            return lines.joined(separator: "\n")
        }.joined(separator: "\n\n")
    }
}

extension String {
    /// Where the server's own ids stand: `epoch-17`.
    fileprivate func ranges(ofIDsIn epoch: String) -> [Range<String.Index>] {
        ranges(of: "\(epoch)-").compactMap { range in
            let end = self[range.upperBound...].firstIndex { !$0.isASCII || !$0.isNumber } ?? endIndex
            return end > range.upperBound ? range.lowerBound..<end : nil
        }
    }

    /// With `<time>` for every date and time in ISO 8601.
    fileprivate var replacingTimes: String {
        replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?/, with: "<time>")
    }
}
