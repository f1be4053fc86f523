import MartletCore
import MartletEventStream

/// What was published, and what each client is owed of it: plain arrays, and no idea of how the hub does it.
struct DeliveryModel {
    struct Published {
        let sequence: UInt64
        /// In `audiences`.
        let audience: Int
        let isForeign: Bool
        /// Which of the successive hubs published it.
        let run: Int
        let isKept: Bool
        let isCompressible: Bool
    }
    /// By their data.
    var published: [String: Published] = [:]
    /// Their publishers were cancelled while they waited: they may have been handed to the store by then.
    var uncertain: Set<String> = []
    /// What the store refused: nobody may get it.
    var refused: Set<UInt64> = []
    /// Of the successive hubs.
    private var runs: [(epoch: String, firstSequence: UInt64)] = []
    var streams: [Stream] = []

    /// One stream of a client, from its join to its end.
    struct Stream {
        let sink: FakeSink
        let presence: PresenceLog
        let topics: [TopicPattern]
        let user: String?
        let takesBroadcasts: Bool
        let run: Int
        let resume: String?
        let replay: Replay
        let joinedAt: UInt64
        /// What was sent to it alone, in order.
        var sends: [String] = []
        /// Everything up to that place in the order, and so many sends, must have come: it reads on, or was ended
        /// gracefully.
        var owed: (through: UInt64, sends: Int)?
        /// It was there when the server began to end.
        var sawShutdown = false
    }

    mutating func began(_ hub: EventHub) { runs.append((hub.epoch, hub.firstSequence)) }

    /// - Returns: what is wrong with what any stream got; nil for nothing.
    func fault() throws -> String? {
        let inOrder = published.values.sorted { $0.sequence < $1.sequence }
        for stream in streams {
            let fault =
                try fault(of: stream, inOrder) ?? framingFault(of: stream) ?? stream.presence.fault(of: stream.sink)
            guard let fault else { continue }
            let events = stream.sink.events.map { "\($0.event) \($0.data) id \($0.lastEventID)" }
            let order = inOrder.map { "\($0.sequence) \(Self.recipients[$0.audience])" }
            return """
                \(fault)
                topics \(stream.topics) user \(stream.user ?? "-") resume \(stream.resume ?? "-") replay \(stream.replay) \
                joined at \(stream.joinedAt)
                \(events.joined(separator: "\n"))
                published: \(order.joined(separator: ", "))
                """
        }
        return nil
    }

    /// Found once for each audience: there are few.
    private func audiences(of stream: Stream) -> [Bool] {
        Self.recipients.map { isFor($0, stream) }
    }

    static let recipients: [EventAudience.Recipients] =
        [.everyone, .user("x"), .user("y")] + ["a", "b/1", "b/2", "c", "u/1", "v", "w", "s", "z"].map { .topic($0) }
    static let audiences: [EventAudience] = recipients.map { recipients in
        switch recipients {
        case .everyone: .everyone
        case .user(let user): .user(user)
        case .topic(let topic): .topic(Topic(topic))
        }
    }
    /// Those whose slow readers hold publishers up.
    static let suspending = audiences.count - 2..<audiences.count

    private func isFor(_ audience: EventAudience.Recipients, _ stream: Stream) -> Bool {
        switch audience {
        case .everyone: stream.takesBroadcasts
        case .user(let user): user == stream.user
        case .topic(let topic): stream.topics.contains { $0.matches(topic) }
        }
    }

    private func fault(of stream: Stream, _ published: [Published]) throws -> String? {
        let (epoch, firstSequence) = runs[stream.run]
        let wanted = audiences(of: stream)
        var start = stream.joinedAt
        if case .after(let id)? = stream.resume.flatMap({ EventID($0) }).map(ResumePoint.after),
            id.epoch == epoch, id.sequence <= stream.joinedAt
        {
            start = id.sequence
        }
        if stream.resume != nil, verdict(of: stream) == nil, stream.sink.names.contains("message") {
            return "no martlet.resume before the first event"
        }
        if start < stream.joinedAt, verdict(of: stream) == "reset" { return "reset for a known id" }
        // Owed in order; an app's own id takes no part in resume.
        let owed = published.filter { event in
            event.sequence > start && !refused.contains(event.sequence) && wanted[event.audience]
                && (event.run == stream.run ? !event.isForeign || event.sequence > stream.joinedAt : !event.isForeign)
        }
        var received: Set<UInt64> = []
        var last: UInt64 = 0
        var gaps: [(range: ClosedRange<UInt64>, count: Int?)] = []
        var next = 0
        var sends = 0
        var claimed: UInt64 = 0
        func isAccounted(_ sequence: UInt64) -> Bool {
            received.contains(sequence) || gaps.contains { $0.range.contains(sequence) }
        }
        for event in stream.sink.events {
            switch event.event {
            case "martlet.gap":
                let gap = try event.json(Gap.self)
                guard let first = EventID(gap.first), let end = EventID(gap.last), first.sequence <= end.sequence else {
                    return "malformed gap \(event.data)"
                }
                gaps.append((first.sequence...end.sequence, gap.count))
            case "martlet.resume":
                let news = try event.json(Verdict.self)
                if news.verdict == "partial" {
                    guard let after = news.after.flatMap({ EventID($0) }),
                        let through = news.through.flatMap({ EventID($0) }), after.sequence < through.sequence
                    else { return "malformed partial \(event.data)" }
                    gaps.append((after.sequence + 1...through.sequence, nil))
                }
            case "direct":
                guard sends < stream.sends.count, stream.sends[sends] == event.data else {
                    return "direct send out of order: \(event.data) at \(sends) of \(stream.sends)"
                }
                sends += 1
            case "message":
                guard let origin = self.published[event.data] else {
                    if uncertain.contains(event.data) { break }
                    return "\(event.data) was not published"
                }
                let sequence = origin.sequence
                guard !refused.contains(sequence) else { return "phantom \(sequence)" }
                guard wanted[origin.audience] else { return "\(sequence) is not for this client" }
                guard sequence > last else { return "\(sequence) after \(last)" }
                guard sequence > start || stream.replay != .none else { return "\(sequence) again after \(start)" }
                last = sequence
                received.insert(sequence)
            default:
                break
            }
            guard let id = EventID(event.lastEventID), id.epoch == epoch else { continue }
            if id.sequence < claimed { return "the id went back from \(claimed) to \(id.sequence)" }
            claimed = id.sequence
            while next < owed.count, owed[next].sequence <= claimed {
                guard isAccounted(owed[next].sequence) else {
                    return "\(event.event) claims \(claimed), but \(owed[next].sequence) has not come"
                }
                next += 1
            }
        }
        // A hole that is announced is one, also in what a new client gets of the past.
        let isNew = start == stream.joinedAt && stream.replay != .none
        let possible = published.filter { event in
            event.sequence > (isNew ? 0 : start) && !refused.contains(event.sequence) && wanted[event.audience]
                && !received.contains(event.sequence)
        }
        for gap in gaps {
            let missing = possible.filter { gap.range.contains($0.sequence) }
            if missing.isEmpty, uncertain.isEmpty, start >= firstSequence {
                return "gap \(gap.range), but nothing is missing"
            }
            if let count = gap.count, count > missing.count + uncertain.count {
                return "gap of \(count), but \(missing.count) are missing"
            }
        }
        if let (end, owedSends) = stream.owed {
            for event in owed where event.sequence <= end && !isAccounted(event.sequence) {
                return "\(event.sequence) (\(Self.recipients[event.audience])) has not come, and no gap says so"
            }
            if sends < owedSends { return "\(sends) of \(owedSends) direct sends came" }
        }
        return nil
    }

    /// A frame is compressed if all that it brings may be.
    private func framingFault(of stream: Stream) -> String? {
        var isFree: [Int: Bool] = [:]
        for (event, framing) in zip(stream.sink.events, stream.sink.framing) {
            let mayBe = published[event.data].map { event.event != "message" || $0.isCompressible } ?? true
            isFree[framing.frame, default: true] = isFree[framing.frame, default: true] && mayBe
        }
        // Of the uncertain it is not known.
        let uncertain = zip(stream.sink.events, stream.sink.framing).filter { event, _ in
            event.event == "message" && self.uncertain.contains(event.data)
        }
        let unknown = Set(uncertain.map(\.1.frame))
        for (event, framing) in zip(stream.sink.events, stream.sink.framing)
        where isFree[framing.frame] != framing.isCompressible && !unknown.contains(framing.frame) {
            return "\(event.data) is in a frame that is \(framing.isCompressible ? "" : "not ")compressed"
        }
        return nil
    }

    private func verdict(of stream: Stream) -> String? {
        guard let first = stream.sink.events.first, first.event == "martlet.resume" else { return nil }
        return (try? first.json(Verdict.self))?.verdict
    }
}
