/// What one proxy says of the request as it came to it: an element of `Forwarded` (RFC 7239, section 4).
struct ForwardedElement: Equatable {
    var node: ForwardedNode?
    var proto: String?
    var host: String?

    /// nil for what is malformed: a parameter that is there twice, or what the grammar does not have.
    init?(_ text: Substring) {
        var names: Set<String> = []
        var rest = text.utf8[...]
        while true {
            rest = rest.drop(while: \.isBlank)
            if let first = rest.first, first != UInt8(ascii: ";") {
                guard let (name, value) = Self.pair(&rest), names.insert(name).inserted else { return nil }
                switch name {
                case "for":
                    guard let node = ForwardedNode(value) else { return nil }
                    self.node = node
                case "proto": proto = value
                case "host": host = value
                default: break
                }
            }
            rest = rest.drop(while: \.isBlank)
            guard let separator = rest.popFirst() else { break }
            guard separator == UInt8(ascii: ";") else { return nil }
        }
        // An empty element is none (RFC 9110, section 5.6.1).
        if names.isEmpty { return nil }
    }

    /// A name in lower case and a value without its quotes.
    private static func pair(_ rest: inout Substring.UTF8View) -> (String, String)? {
        let name = rest.prefix(while: \.isTokenByte)
        rest = rest[name.endIndex...]
        guard !name.isEmpty, rest.popFirst() == UInt8(ascii: "=") else { return nil }
        guard rest.first == UInt8(ascii: "\"") else {
            let value = rest.prefix(while: \.isTokenByte)
            rest = rest[value.endIndex...]
            return value.isEmpty ? nil : (String(Substring(name)).lowercased(), String(Substring(value)))
        }
        rest.removeFirst()
        var value: [UInt8] = []
        while var byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") {
                return (String(Substring(name)).lowercased(), String(decoding: value, as: UTF8.self))
            }
            if byte == UInt8(ascii: "\\") {
                guard let escaped = rest.popFirst() else { return nil }
                byte = escaped
            }
            value.append(byte)
        }
        return nil
    }
}

/// Who sent a request to a proxy (RFC 7239, section 6), or what `X-Forwarded-For` has in its place.
struct ForwardedNode: Equatable {
    enum Name: Equatable {
        case address(IPAddress)
        /// `unknown`, or an identifier that begins with an underscore and means something to the proxy alone.
        case hidden(String)
    }
    let name: Name
    /// 0 where it is not said, or hidden.
    let port: Int

    /// - Parameter text: an address of IPv6 in brackets, unless it has no port and comes from `X-Forwarded-For`.
    init?(_ text: some StringProtocol, allowsBareV6: Bool = false) {
        if allowsBareV6, let address = IPAddress(text) {
            name = .address(address)
            port = 0
            return
        }
        let host: Substring
        let rest: Substring
        let text = Substring(text)
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard host.utf8.contains(UInt8(ascii: ":")), let address = IPAddress(host) else { return nil }
            name = .address(address)
        } else {
            host = text.prefix { $0 != ":" }
            rest = text[host.endIndex...]
            if host.lowercased() == "unknown" || Self.isObfuscated(host) {
                name = .hidden(String(host))
            } else if let address = IPAddress(host) {
                name = .address(address)
            } else {
                return nil
            }
        }
        guard !rest.isEmpty else {
            port = 0
            return
        }
        let digits = rest.dropFirst()
        if rest.hasPrefix(":"), (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let number = UInt16(digits)
        {
            port = Int(number)
        } else if rest.hasPrefix(":"), Self.isObfuscated(digits) {
            port = 0
        } else {
            return nil
        }
    }

    /// RFC 7239, section 6.3.
    private static func isObfuscated(_ text: Substring) -> Bool {
        text.hasPrefix("_") && text.utf8.count > 1 && text.utf8.count <= 64
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

/// The elements of a list field from the last to the first, each looked at when it is asked for: what a client put before
/// that of a proxy, quotes that it never closes among it, does not change what the proxy has said.
struct ElementsFromRight: Sequence, IteratorProtocol {
    private var lines: [String]
    private var line: Substring.UTF8View?

    init(_ lines: [String]) { self.lines = lines }

    /// The next element without blanks around it; empty ones are left out.
    mutating func next() -> Substring? {
        while true {
            guard let line = line ?? lines.popLast().map({ $0[...].utf8 }) else { return nil }
            let start = Self.startOfLast(line)
            self.line = start == line.startIndex ? nil : line[..<line.index(before: start)]
            var element = line[start...].drop(while: \.isBlank)
            while element.last?.isBlank == true { element.removeLast() }
            if !element.isEmpty { return Substring(element) }
        }
    }

    private static func startOfLast(_ line: Substring.UTF8View) -> String.Index {
        var index = line.endIndex
        var isQuoted = false
        while index > line.startIndex {
            let before = line.index(before: index)
            switch line[before] {
            case UInt8(ascii: "\"") where !isQuoted || !isEscaped(line, before): isQuoted.toggle()
            case UInt8(ascii: ",") where !isQuoted: return index
            default: break
            }
            index = before
        }
        return index
    }

    /// True behind an odd number of backslashes.
    private static func isEscaped(_ line: Substring.UTF8View, _ index: String.Index) -> Bool {
        var count = 0
        for byte in line[..<index].reversed() {
            guard byte == UInt8(ascii: "\\") else { break }
            count += 1
        }
        return count % 2 == 1
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }

    /// RFC 9110, section 5.6.2.
    fileprivate var isTokenByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(self)
        }
    }
}
