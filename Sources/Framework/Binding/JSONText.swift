import NIOCore

/// A JSON text from a peer, checked against every production of RFC 8259 before anything is made of it.
///
/// Foundation's parser takes trailing commas, other encodings than UTF-8 and members that stand twice, and refuses numbers
/// like `0e1`. Two readers of one text must not see two things in it.
struct JSONText {
    /// The text, in a form that Foundation's parser takes.
    let buffer: ByteBuffer

    /// How deep arrays and objects may stand in each other.
    static let maximumDepth = 512

    /// - Throws: `HTTPError` 400 that says what is wrong, and at which byte.
    init(_ buffer: ByteBuffer) throws(HTTPError) {
        var scanner = JSONScanner()
        let problem = scanner.scan(buffer.readableBytesUInt8Span)
        if let problem { throw .badRequest(problem.sentence) }
        guard !scanner.zeroExponents.isEmpty else {
            self.buffer = buffer
            return
        }
        // Zero is zero with any exponent.
        var plain = buffer
        for exponent in scanner.zeroExponents {
            plain.setRepeatingByte(
                UInt8(ascii: " "), count: exponent.count, at: plain.readerIndex + exponent.lowerBound)
        }
        self.buffer = plain
    }
}

/// What is wrong with a JSON text.
struct JSONProblem: Equatable {
    enum Reason: Equatable {
        case syntax, notUTF8, halfSurrogate, tooDeep, repeatedMember
    }
    let reason: Reason
    /// The first byte that cannot be there, from 0.
    let offset: Int

    var sentence: String {
        switch reason {
        case .syntax: "The body is not valid JSON: it goes wrong at byte \(offset)."
        case .notUTF8: "The body is not valid JSON: it is not UTF-8 at byte \(offset)."
        case .halfSurrogate: "The body is not valid JSON: the escape at byte \(offset) is half of a surrogate pair."
        case .tooDeep: "The body is nested deeper than \(JSONText.maximumDepth) levels, at byte \(offset)."
        case .repeatedMember: "The body has an object with the same member twice, at byte \(offset)."
        }
    }
}

/// Walks over a JSON text once, without recursion.
struct JSONScanner {
    private enum Container { case array, object }
    private enum Expectation {
        case value
        /// Behind `[`: a value, or the end.
        case firstElement
        /// Behind `{`: a member, or the end.
        case firstMember
        case member
        case commaOrEnd
    }

    private var index = 0
    private var open: [Container] = []
    private var members: [MemberNames] = []
    /// The exponents of numbers that are zero without them.
    private(set) var zeroExponents: [Range<Int>] = []
    private var problem: JSONProblem?

    /// - Returns: what is wrong, nil for nothing.
    mutating func scan(_ bytes: Span<UInt8>) -> JSONProblem? {
        // RFC 8259 section 8.1: a byte order mark may be ignored.
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { index = 3 }
        var expectation = Expectation.value
        while problem == nil {
            passBlanks(bytes)
            guard index < bytes.count else {
                if !open.isEmpty || expectation != .commaOrEnd { fail(.syntax) }
                break
            }
            if open.isEmpty, expectation == .commaOrEnd {
                fail(bytes[index] < 0x80 ? .syntax : .notUTF8)
                break
            }
            step(bytes, &expectation)
        }
        return problem
    }

    private mutating func step(_ bytes: Span<UInt8>, _ expectation: inout Expectation) {
        let byte = bytes[index]
        switch (expectation, byte) {
        case (.firstElement, UInt8(ascii: "]")), (.firstMember, UInt8(ascii: "}")):
            close()
            expectation = .commaOrEnd
        case (.value, _), (.firstElement, _):
            expectation = value(bytes)
        case (.firstMember, UInt8(ascii: "\"")), (.member, UInt8(ascii: "\"")):
            member(bytes)
            expectation = .value
        case (.commaOrEnd, UInt8(ascii: ",")):
            index += 1
            expectation = open.last == .object ? .member : .value
        case (.commaOrEnd, UInt8(ascii: "]")) where open.last == .array:
            close()
        case (.commaOrEnd, UInt8(ascii: "}")) where open.last == .object:
            close()
        default:
            fail(byte < 0x80 ? .syntax : .notUTF8)
        }
    }

    private mutating func fail(_ reason: JSONProblem.Reason, at offset: Int? = nil) {
        if problem == nil { problem = JSONProblem(reason: reason, offset: offset ?? index) }
    }

    private mutating func passBlanks(_ bytes: Span<UInt8>) {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    private mutating func close() {
        if open.removeLast() == .object { members.removeLast() }
        index += 1
    }

    /// - Returns: what comes behind it, or inside it.
    private mutating func value(_ bytes: Span<UInt8>) -> Expectation {
        switch bytes[index] {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard open.count < JSONText.maximumDepth else {
                fail(.tooDeep)
                return .value
            }
            let isObject = bytes[index] == UInt8(ascii: "{")
            open.append(isObject ? .object : .array)
            if isObject { members.append(MemberNames()) }
            index += 1
            return isObject ? .firstMember : .firstElement
        case UInt8(ascii: "\""): _ = string(bytes)
        case UInt8(ascii: "t"): literal("true", bytes)
        case UInt8(ascii: "f"): literal("false", bytes)
        case UInt8(ascii: "n"): literal("null", bytes)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): number(bytes)
        case 0x80...: fail(.notUTF8)
        default: fail(.syntax)
        }
        return .commaOrEnd
    }

    private mutating func literal(_ text: StaticString, _ bytes: Span<UInt8>) {
        for offset in 0..<text.utf8CodeUnitCount {
            guard index < bytes.count, bytes[index] == text.utf8Start[offset] else { return fail(.syntax) }
            index += 1
        }
    }

    private mutating func member(_ bytes: Span<UInt8>) {
        let start = index
        let name = string(bytes)
        guard problem == nil else { return }
        if !members[members.count - 1].insert(name) { return fail(.repeatedMember, at: start) }
        passBlanks(bytes)
        guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { return fail(.syntax) }
        index += 1
    }

    private mutating func digits(_ bytes: Span<UInt8>) -> Bool {
        let start = index
        while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) { index += 1 }
        return index > start
    }

    private mutating func number(_ bytes: Span<UInt8>) {
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        let start = index
        guard digits(bytes) else { return fail(.syntax) }
        let hasZero = bytes[start] == UInt8(ascii: "0")
        // Section 6: no zero in front.
        guard !hasZero || index == start + 1 else { return fail(.syntax, at: start + 1) }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            guard digits(bytes) else { return fail(.syntax) }
        }
        guard index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") else { return }
        let exponent = index
        index += 1
        if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") { index += 1 }
        guard digits(bytes) else { return fail(.syntax) }
        if hasZero, exponent == start + 1 { zeroExponents.append(exponent..<index) }
    }

    // MARK: - Strings

    /// - Returns: a hash of what the string says, however it is escaped.
    private mutating func string(_ bytes: Span<UInt8>) -> UInt64 {
        var hash = StringHash()
        index += 1
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return hash.value
            case UInt8(ascii: "\\"):
                escape(bytes, &hash)
                if problem != nil { return 0 }
            case ..<0x20:
                fail(.syntax)
                return 0
            case 0x80...:
                let length = Self.scalarLength(bytes, index)
                guard length > 0 else {
                    fail(.notUTF8)
                    return 0
                }
                for _ in 0..<length {
                    hash.add(bytes[index])
                    index += 1
                }
            default:
                hash.add(byte)
                index += 1
            }
        }
        fail(.syntax)
        return 0
    }

    private mutating func escape(_ bytes: Span<UInt8>, _ hash: inout StringHash) {
        let start = index
        guard index + 1 < bytes.count else {
            index = bytes.count
            return fail(.syntax)
        }
        index += 2
        switch bytes[start + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): hash.add(bytes[start + 1])
        case UInt8(ascii: "b"): hash.add(0x08)
        case UInt8(ascii: "f"): hash.add(0x0C)
        case UInt8(ascii: "n"): hash.add(0x0A)
        case UInt8(ascii: "r"): hash.add(0x0D)
        case UInt8(ascii: "t"): hash.add(0x09)
        case UInt8(ascii: "u"):
            guard let unit = codeUnit(bytes) else { return fail(.syntax) }
            guard (0xD800..<0xE000).contains(unit) else { return hash.add(Unicode.Scalar(unit)) }
            // Section 8.2: a half alone says nothing.
            guard unit < 0xDC00, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
                bytes[index + 1] == UInt8(ascii: "u")
            else { return fail(.halfSurrogate, at: start) }
            index += 2
            guard let low = codeUnit(bytes) else { return fail(.syntax) }
            guard (0xDC00..<0xE000).contains(low) else { return fail(.halfSurrogate, at: start) }
            hash.add(Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)))
        default:
            index = start + 1
            fail(.syntax)
        }
    }

    /// Four hexadecimal digits.
    private mutating func codeUnit(_ bytes: Span<UInt8>) -> UInt32? {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard index < bytes.count, let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue else {
                return nil
            }
            unit = unit << 4 | UInt32(digit)
            index += 1
        }
        return unit
    }

    /// The length of the well-formed sequence at that place (Unicode, table 3-7); 0 where there is none.
    private static func scalarLength(_ bytes: Span<UInt8>, _ index: Int) -> Int {
        func continues(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
            index + offset < bytes.count && range.contains(bytes[index + offset])
        }
        switch bytes[index] {
        case 0xC2...0xDF: return continues(1) ? 2 : 0
        case 0xE0: return continues(1, 0xA0...0xBF) && continues(2) ? 3 : 0
        case 0xED: return continues(1, 0x80...0x9F) && continues(2) ? 3 : 0
        case 0xE1...0xEF: return continues(1) && continues(2) ? 3 : 0
        case 0xF0: return continues(1, 0x90...0xBF) && continues(2) && continues(3) ? 4 : 0
        case 0xF1...0xF3: return continues(1) && continues(2) && continues(3) ? 4 : 0
        case 0xF4: return continues(1, 0x80...0x8F) && continues(2) && continues(3) ? 4 : 0
        default: return 0
        }
    }
}

/// FNV-1a over the bytes of a string in UTF-8.
private struct StringHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }

    mutating func add(_ scalar: Unicode.Scalar?) {
        guard let scalar else { return }
        for byte in UTF8.encode(scalar).map(Array.init) ?? [] { add(byte) }
    }
}

/// The members of an object that have come, by the hashes of their names. Who makes two names of one hash has one of them
/// refused, and hurts nobody else.
private struct MemberNames {
    private var few: [UInt64] = []
    private var many: Set<UInt64> = []

    /// - Returns: false for a name that was there before.
    mutating func insert(_ name: UInt64) -> Bool {
        guard many.isEmpty else { return many.insert(name).inserted }
        guard !few.contains(name) else { return false }
        few.append(name)
        if few.count == 16 { many = Set(few) }
        return true
    }
}
