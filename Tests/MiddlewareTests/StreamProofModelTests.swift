import Testing

@testable import MartletCore

/// What is known of proofs and their streams, against lists that forget nothing.
@Suite struct StreamProofModelTests {
    private struct Model {
        var streams: [(id: EventClient.ID, proof: StreamProof)] = []
        /// The last end of each, and how many there were.
        var ends: [ProofHandle: UInt64] = [:]
        var number: UInt64 = 0

        func isOver(_ proof: StreamProof) -> Bool {
            proof.handles.contains { ends[$0, default: 0] > proof.number }
        }

        mutating func end(_ handle: ProofHandle) -> Set<EventClient.ID> {
            number += 1
            ends[handle] = number
            return Set(streams.filter { $0.proof.handles.contains(handle) }.map(\.id))
        }
    }

    private static func handles(_ random: inout SeededGenerator, of count: Int) -> [ProofHandle] {
        let number = "\(Int.random(in: 0..<count, using: &random))"
        return switch Int.random(in: 0..<4, using: &random) {
        case 0: [.user(number)]
        case 1: [.user(number), .session("\(Int.random(in: 0..<count, using: &random))")]
        case 2: [.user(number), .token(number)]
        // Of another kind by the same name, and once more.
        default: [.user(number), .key(number), .user(number)]
        }
    }

    private static func proof(_ handles: [ProofHandle], _ number: UInt64) -> StreamProof {
        StreamProof(handles: handles, deadline: nil, number: number)
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>) func `the streams of a proof end with it, and no others`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(state: seed)
        var (proofs, model) = (StreamProofs(), Model())
        for step in 0..<3000 {
            let handles = Self.handles(&random, of: 6)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                let (id, proof) = (EventClient.ID(rawValue: UInt64(step)), Self.proof(handles, proofs.number))
                proofs.add(proof, id)
                model.streams.append((id, proof))
            case 4..<6:
                guard let index = model.streams.indices.randomElement(using: &random) else { continue }
                let (id, proof) = model.streams.remove(at: index)
                proofs.remove(proof, id)
                // Twice is once.
                if step % 5 == 0 { proofs.remove(proof, id) }
            case 6 where Int.random(in: 0..<100, using: &random) == 0:
                proofs.removeAll()
                model.streams = []
            default:
                let ended = proofs.end(handles[0])
                try #require(ended == model.end(handles[0]), "step \(step)")
                // As the hub does.
                for (id, proof) in model.streams where ended.contains(id) { proofs.remove(proof, id) }
                model.streams.removeAll { ended.contains($0.id) }
            }
            #expect(proofs.number == model.number)
            let number = UInt64.random(in: 0...proofs.number, using: &random)
            let asked = Self.proof(Self.handles(&random, of: 6), number)
            let (isOver, expected) = (proofs.isOver(asked), model.isOver(asked))
            try #require(isOver == expected, "step \(step)")
        }
    }

    /// More than are remembered: who began before is not let in, whoever it is, and nobody who was ended is.
    @Test(arguments: [3, 5000, 1_000_000]) func `a proof that is older than what is known is over`(users: Int) throws {
        var random = SeededGenerator(state: UInt64(users))
        var (proofs, model) = (StreamProofs(), Model())
        let (first, untouched) = (Self.proof([.session("first")], 0), [ProofHandle.session("nobody's")])
        let isOverAtFirst = proofs.isOver(first)
        #expect(!isOverAtFirst)
        for step in 0..<45_000 {
            let handles = Self.handles(&random, of: users)
            _ = proofs.end(handles[0])
            _ = model.end(handles[0])
            let age = UInt64.random(in: 0...30_000, using: &random)
            let asked = Self.proof(handles, proofs.number - min(age, proofs.number))
            let isOver = proofs.isOver(asked)
            if model.isOver(asked) {
                try #require(isOver, "step \(step), age \(age)")
            } else if age <= 10_000 {
                try #require(!isOver, "step \(step), age \(age)")
            }
            guard step % 100 == 0 else { continue }
            // A failure would tell all that is known.
            let number = proofs.number
            let ages: [UInt64] = [0, min(number, 10_000), min(number, 20_001), number]
            let areOver = ages.map { proofs.isOver(Self.proof(untouched, number - $0)) }
            try #require(!areOver[0] && !areOver[1], "step \(step)")
            if number > 20_000 { try #require(areOver[2], "step \(step)") }
            let isFirstOver = proofs.isOver(first)
            try #require(isFirstOver == areOver[3], "step \(step)")
        }
        let isOverAtLast = proofs.isOver(first)
        #expect(isOverAtLast)
    }
}
