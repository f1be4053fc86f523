import HTTPTypes

/// An item of an `Accept` field or its kin, with its weight (RFC 9110 section 12.4.2).
package struct AcceptItem {
    /// In lower case, without parameters: `text/html`, `gzip`, `*`.
    package let value: Substring
    /// In thousandths, from 0, not acceptable, to 1000. What is written as a weight and is none counts as 0.
    package let weight: Int

    /// The items of all lines of a field, in order.
    package static func items(of field: HTTPField.Name, in headers: HTTPFields) -> [AcceptItem] {
        headers[values: field].flatMap { line in
            line.lowercased().split(separator: ",").compactMap { AcceptItem($0) }
        }
    }

    private init?(_ item: Substring) {
        let parts = item.split(separator: ";", omittingEmptySubsequences: false).map(\.trimmed)
        guard let value = parts.first, !value.isEmpty else { return nil }
        self.value = value
        let weight = parts.dropFirst().first { $0.hasPrefix("q=") || $0 == "q" }
        self.weight = weight.map { Self.weight($0.dropFirst(2)) ?? 0 } ?? 1000
    }

    /// `0` or `1`, and up to three digits behind a point, for `1` zeros alone; nil for anything else.
    static func weight(_ text: Substring) -> Int? {
        let bytes = Array(text.utf8)
        guard (1...5).contains(bytes.count), bytes[0] == UInt8(ascii: "0") || bytes[0] == UInt8(ascii: "1") else {
            return nil
        }
        guard bytes.count == 1 || bytes[1] == UInt8(ascii: ".") else { return nil }
        var weight = bytes[0] == UInt8(ascii: "1") ? 1000 : 0
        var place = 100
        for byte in bytes.dropFirst(2) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            weight += Int(byte - UInt8(ascii: "0")) * place
            place /= 10
        }
        return weight <= 1000 ? weight : nil
    }
}

extension Substring {
    /// Without the blanks around it.
    fileprivate var trimmed: Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
